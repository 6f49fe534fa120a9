"""Who asked what about me: the way of one report.

  1. the role of the caller may give reports                       (`give_report`)
  2. that somebody looks is in the ledger before anything is read  (`_record_look`)
  3. the entries about this person in every log that is kept       (audit.personal)
  4. none that the person must not hear of yet                     (embargo)
  5. each in plain words, with what came of it and what proves it  (story, `_proof_of`)

Told are questions for data and looks at a case or a question; `SCOPE` says what is not.
Whoever was never asked about and whoever was erased get the same answer: no lines. What is under
embargo leaves no trace in an answer: no gap, no count, no other page. What corrects an entry stands
above it, maybe in the log of a later year, so a page reads from the newest entry down.
"""

import datetime as dt
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from audit.entry import Draft, EntryType, Json, Receipt, new_request_id, parse_leaf
from audit.errors import EntryPruned
from audit.personal import About, PersonalLog
from audit.reading import LedgerReader
from audit.subjects import prove_person
from gateway.cases.desk import Appender
from gateway.catalogue.model import Catalogue
from gateway.citizen.embargo import may_hear
from gateway.citizen.looks import is_look, tell_look
from gateway.citizen.policies import KeptCatalogues, Policies
from gateway.citizen.story import TOLD, Line, tell
from gateway.errors import ReportTooLarge, RoleNotMandated
from gateway.identity.tokens import VerifiedCaller
from gateway.moments import unix_ms
from gateway.subject import Subject

MAY_REPORT: Final = "inwonersoverzicht_geven"
"""The mandate of who may ask on behalf of the person; the policy says which role has it."""

MOST_READ: Final = 10_000
"""So many entries about one person a report reads, in all years: a second of one core at most."""

_GROUND: Final = "own_request"
_SUBJECT: Final = "subject"


@dataclass(frozen=True, slots=True)
class KeptLog:
    """The log of one year, what opens it, and the policy revisions that are kept beside it."""

    log: LedgerReader
    personal: PersonalLog
    kept: KeptCatalogues

    @property
    def year(self) -> int:
        """The year of the log, in which its name ends."""
        return year_of(self.log)


@dataclass(frozen=True, slots=True)
class Desk:
    """What reports are made with, under one revision of the policy; entries have their own.

    Shapes:  logs: the newest first; it is the one that `ledger` appends to.
    """

    catalogue: Catalogue
    ledger: Appender
    logs: Sequence[KeptLog]
    now: Callable[[], dt.datetime]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """Where to go on, and how much at most.

    Units:   below: entries with a smaller index, in the log of this year; and those of earlier
             years. Without a year, of the newest log.
    """

    below: int
    most: int
    year: int | None = None

    def takes(self, newest: int, year: int, index: int) -> bool:
        """Tell whether an entry is on this page or a later one; `newest` is the newest year."""
        return (year, index) < (self.year or newest, self.below)


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What shows offline that a line is an entry of the log, and about this person.

    Shapes:  receipt: a tlog-proof; opening: in base64 what opens the commitment to the subject, for
             an entry about one person; person: the proof for one of several persons; corrections:
             a tlog-proof of each entry that says what came of this one. Each names its own log.
    """

    receipt: str
    opening: str | None
    person: str | None
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Proven:
    """A line and its proof.

    Shapes:  log: the name of the log that both are verified in.
    """

    log: str
    year: int
    index: int
    line: Line
    proof: Proof


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """A page of a report, where the next one begins, and the entry of the look itself."""

    lines: tuple[Proven, ...]
    next_below: int | None
    next_year: int | None
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Correction:
    reason: str
    receipt: str


def year_of(log: LedgerReader) -> int:
    """Return the year of a log, in which its name ends."""
    return int(log.origin.rpartition("/")[2])


async def give_report(desk: Desk, caller: VerifiedCaller, subject: Subject, page: Page) -> Report:
    """Return what was asked about this person, once it is recorded that somebody looks.

    Raises: RoleNotMandated, SealInvalid, StorageBroken, an AuditError when it is not recorded;
            ReportTooLarge when there is more about this person than one report may read.
    """
    if MAY_REPORT not in desk.catalogue.mandates_of(caller.organisation, caller.role):
        raise RoleNotMandated("this role gives no reports to persons")
    receipt = await _record_look(desk, caller, subject.as_bytes())
    found = list(islice(_lines(desk, subject.as_bytes(), page), page.most + 1))
    shown = tuple(found[: page.most])
    if len(found) == len(shown):
        return Report(shown, None, None, receipt)
    return Report(shown, shown[-1].index, shown[-1].year, receipt)


async def _record_look(desk: Desk, caller: VerifiedCaller, subject: bytes) -> Receipt:
    """Record who looks; about whom is sealed with the rest about that person, if there is any.

    A key for somebody who has none would make a person known that nobody knew, or who was erased.
    """
    members: dict[str, Json] = {
        "ground": _GROUND,
        "organisation": desk.catalogue.organisations[caller.organisation].oin,
        "role": caller.role,
    }
    return await desk.ledger.append(
        Draft(
            EntryType.ACCESS,
            new_request_id(unix_ms(desk.now()), desk.random),
            members,
            {"professional": caller.professional.encode()},
            subject if desk.logs[0].personal.knows(subject) else None,
        )
    )


def _lines(desk: Desk, subject: bytes, page: Page) -> Iterator[Proven]:
    now, corrected = desk.now(), dict[str, list[_Correction]]()
    for log, about in _read(desk.logs, subject):
        policies, leaf = Policies(desk.catalogue, log.kept), parse_leaf(about.entry.leaf or b"")
        if leaf["type"] == EntryType.CORRECTION:
            _note(corrected, log, about, leaf)
        elif (
            page.takes(desk.logs[0].year, log.year, about.entry.index)
            and (leaf["type"] in TOLD or is_look(leaf))
            and may_hear(leaf, policies, now)
        ):
            corrections = corrected.get(about.entry.request_id, [])
            proof = _proof_of(log, about, corrections)
            if proof is not None:
                policy = policies.find(leaf) or desk.catalogue
                line = _told(leaf, policy, corrections)
                yield Proven(log.log.origin, log.year, about.entry.index, line, proof)


def _told(
    leaf: Mapping[str, Json], catalogue: Catalogue, corrections: Sequence[_Correction]
) -> Line:
    if is_look(leaf):
        return tell_look(leaf, catalogue)
    return tell(leaf, catalogue, [each.reason for each in corrections])


def _read(logs: Sequence[KeptLog], subject: bytes) -> Iterator[tuple[KeptLog, About]]:
    """Give every entry about this person, the newest first.

    Raises: ReportTooLarge; a report that leaves out the rest would tell less than there is.
    """
    every = ((log, about) for log in logs for about in log.personal.about(subject))
    for count, found in enumerate(every):
        if count >= MOST_READ:
            raise ReportTooLarge("more is kept about this person than one report reads")
        yield found


def _note(
    corrected: dict[str, list[_Correction]],
    log: KeptLog,
    about: About,
    leaf: Mapping[str, Json],
) -> None:
    receipt = _receipt_of(log, about)
    if receipt is not None:
        correction = _Correction(str(leaf["reason"]), receipt)
        corrected.setdefault(str(leaf["entry"]), []).append(correction)


def _proof_of(log: KeptLog, about: About, corrections: Sequence[_Correction]) -> Proof | None:
    """Return what proves a line; None if its retention period ended just now."""
    receipt, particulars = _receipt_of(log, about), about.particulars
    if receipt is None:
        return None
    more = tuple(each.receipt for each in corrections)
    if particulars.part is not None:
        return Proof(receipt, None, prove_person(particulars, about.position).decode(), more)
    opening = b64encode(particulars.openings[_SUBJECT]).decode()
    return Proof(receipt, opening, None, more)


def _receipt_of(log: KeptLog, about: About) -> str | None:
    try:
        receipt = log.log.receipt(about.entry.request_id)
    except EntryPruned:
        return None
    return None if receipt is None else receipt.proof.decode()
