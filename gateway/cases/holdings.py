"""What the case store holds about one person, counted: it stays when the person is erased.

Why it stays: a case, its consents and the appointments in it are what decisions rest on and are
accounted for by, and each has a retention period of its own in the law of its task.
"""

from dataclasses import dataclass

from gateway.cases.records import SqlCases
from gateway.cases.rows import key_of, readable
from gateway.cases.tables import Statements
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much of each kind there is about one person.

    Units:   unrecorded: entries of steps that took effect and do not stand in the ledger yet.
    """

    open_cases: int
    closed_cases: int
    consents: int
    confirmations: int
    representations: int
    unrecorded: int


async def count_holdings(book: SqlCases, subject: Subject) -> Holdings:
    """Return how much there is about this person.

    Raises: SourceFailed.
    """
    cases = await book.cases(subject)
    statement = Statements.written_for(book.kind).held
    found = await book.fetch(statement, {"subject": key_of(subject)})
    with readable():
        consents, confirmations, representations = (int(str(each)) for each in found[0])
    still_open = sum(case.is_open for case in cases)
    return Holdings(
        open_cases=still_open,
        closed_cases=len(cases) - still_open,
        consents=consents,
        confirmations=confirmations,
        representations=representations,
        unrecorded=sum(draft.subject == subject.as_bytes() for draft in await book.unrecorded()),
    )
