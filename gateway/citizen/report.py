"""Who asked what about me: the way of one report.

  1. the role of the caller may give reports                       (`give_report`)
  2. that somebody looks is in the ledger before anything is read  (`_record_look`)
  3. the entries about this person, the newest first               (audit.personal)
  4. none that the person must not hear of yet                     (embargo)
  5. each in plain words, with what proves it                      (story, `_proof_of`)

Whoever was never asked about and whoever was erased get the same answer: no lines. What is under
embargo leaves no trace in an answer: no gap, no count, no other page.
"""

import datetime as dt
from base64 import b64encode
from collections.abc import Callable, Iterator
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
from gateway.citizen.story import TOLD, Line, tell
from gateway.errors import RoleNotMandated
from gateway.identity.tokens import VerifiedCaller
from gateway.subject import Subject

MAY_REPORT: Final = "inwonersoverzicht_geven"
"""The mandate of who may ask on behalf of the person; the policy says which role has it."""

_GROUND: Final = "own_request"
_SUBJECT: Final = "subject"


@dataclass(frozen=True, slots=True)
class Desk:
    """What reports are made with, under one revision of the policy."""

    catalogue: Catalogue
    ledger: Appender
    log: LedgerReader
    personal: PersonalLog
    now: Callable[[], dt.datetime]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """Where to go on, and how much at most.

    Units:   below: entries with a smaller index.
    """

    below: int
    most: int


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What shows offline that a line is an entry of the log, and about this person.

    Shapes:  receipt: a tlog-proof; opening: in base64 what opens the commitment to the subject, for
             an entry about one person; person: the proof for one of several persons.
    """

    receipt: str
    opening: str | None
    person: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Proven:
    """A line and its proof."""

    index: int
    line: Line
    proof: Proof


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """A page of a report, where the next one begins, and the entry of the look itself."""

    lines: tuple[Proven, ...]
    next_below: int | None
    receipt: Receipt


async def give_report(desk: Desk, caller: VerifiedCaller, subject: Subject, page: Page) -> Report:
    """Return what was asked about this person, once it is recorded that somebody looks.

    Raises: RoleNotMandated, SealInvalid, StorageBroken, an AuditError when it is not recorded.
    """
    if MAY_REPORT not in desk.catalogue.mandates_of(caller.organisation, caller.role):
        raise RoleNotMandated("this role gives no reports to persons")
    receipt = await _record_look(desk, caller, subject.as_bytes())
    found = list(islice(_lines(desk, subject.as_bytes(), page.below), page.most + 1))
    shown = found[: page.most]
    return Report(tuple(shown), shown[-1].index if len(found) > len(shown) else None, receipt)


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
            new_request_id(int(desk.now().timestamp() * 1000), desk.random),
            members,
            {"professional": caller.professional.encode()},
            subject if desk.personal.knows(subject) else None,
        )
    )


def _lines(desk: Desk, subject: bytes, below: int) -> Iterator[Proven]:
    now = desk.now()
    for about in desk.personal.about(subject, below):
        leaf = parse_leaf(about.entry.leaf or b"")
        if leaf["type"] in TOLD and may_hear(leaf, desk.catalogue, now):
            proof = _proof_of(desk, about)
            if proof is not None:
                yield Proven(about.entry.index, tell(leaf, desk.catalogue), proof)


def _proof_of(desk: Desk, about: About) -> Proof | None:
    """Return what proves a line; None if its retention period ended just now."""
    try:
        receipt = desk.log.receipt(about.entry.request_id)
    except EntryPruned:
        return None
    if receipt is None:
        return None
    text, particulars = receipt.proof.decode(), about.particulars
    if particulars.part is not None:
        return Proof(text, None, prove_person(particulars, about.position).decode())
    return Proof(text, b64encode(particulars.openings[_SUBJECT]).decode(), None)
