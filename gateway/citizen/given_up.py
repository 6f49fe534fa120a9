"""Messages that did not arrive and were given up: which there are, and putting them back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.cases.rows import readable
from gateway.cases.store import CaseBook
from gateway.citizen.store import State, instant_of, text_of
from gateway.citizen.tables import Statements

MOST: Final = 1_000
"""How many are looked at together; whoever puts them back finds the next ones."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that waits for a person, without what it says or to whom."""

    id: str
    kind: str
    last_tried_at: dt.datetime
    attempts: int


async def given_up(book: CaseBook) -> Sequence[GivenUp]:
    """Return the messages that were given up, the oldest first.

    Raises: SourceFailed.
    """
    named = {"state": State.DEAD.value, "most": MOST, "start": 0}
    rows = await book.fetch(Statements.written_for(book.kind).given_up, named)
    with readable():
        return [
            GivenUp(str(of), str(kind), instant_of(at), int(str(attempts)))
            for of, kind, at, attempts in rows
        ]


async def put_back(book: CaseBook, identity: str, now: dt.datetime) -> bool:
    """Let a message that was given up be tried from now on as if it were new; False if none is.

    Raises: CasesUnavailable.
    """
    named = {
        "of": identity,
        "dead": State.DEAD.value,
        "state": State.WAITING.value,
        "due_at": text_of(now),
        "attempts": 0,
    }
    async with book.writing() as pen:
        return bool(await pen.run(Statements.written_for(book.kind).again, named))
