"""Every recorded decision taken again, under the policy of its time.

The outcomes of the conditions are taken from the entry: that a fact was so is for the sources to
show. What follows from them - who may ask, which fields, how precisely, with which duties and on
which ground - is decided again by the same rules and held against the entry, member by member.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from audit.entry import EntryType, Json, parse_leaf
from audit.storage.contract import Entry
from gateway.answer import PENDING
from gateway.decision.decide import Decider
from gateway.decision.model import Code, Permit, Question, Refuse
from gateway.entries import Members, permit_members, refuse_members
from gateway.learning.again import FAILED, find_organisation, question_of
from gateway.learning.records import Record, is_decision, record_of
from gateway.moments import from_unix_ms
from gateway.replay.revisions import Revisions, Unavailable

MAX_DIFFERENCES: Final = 1_000
"""More are counted and not told: by then the question is no longer which entries."""

_DAY: Final = dt.timedelta(days=1)
# A decision is taken before its entry, so one of just before midnight may stand on the next day.
_LATE: Final = dt.timedelta(minutes=5)
_COMPARED: Final = (
    "type",
    "outcome",
    "released",
    "refused",
    "conditions",
    "obligations",
    "legal_basis",
)


class Undecided(StrEnum):
    """Why an entry could not be decided again."""

    PRUNED = "pruned"
    REVISION_MISSING = "revision_missing"
    FAILED_THEN = "failed_then"
    ORGANISATION_AMBIGUOUS = "organisation_ambiguous"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that says something else than its policy gives, in these members.

    Shapes:  recorded and again hold the members that differ: words of the catalogue only. `policy`
             stands alone where the kept policy is not the one that the entry names, `organisation`
             where that policy does not know who asked.
    """

    index: int
    request_id: str
    members: tuple[str, ...]
    recorded: Mapping[str, Json]
    again: Mapping[str, Json]


Verdict: TypeAlias = Difference | Undecided | None
"""What came of one entry: a difference, why it is not known, or nothing to report."""


@dataclass(slots=True)
class Report:
    """What came of all entries; other entries than decisions are not counted."""

    same: int = 0
    different: int = 0
    undecided: Counter[Undecided] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count what came of one entry."""
        match verdict:
            case None:
                self.same += 1
            case Undecided():
                self.undecided[verdict] += 1
            case Difference():
                self.different += 1
                if len(self.differences) < MAX_DIFFERENCES:
                    self.differences.append(verdict)
            case other:
                assert_never(other)


async def replay(
    entries: Iterable[Entry], revisions: Revisions, done: Callable[[], None]
) -> Report:
    """Decide every recorded request again; `done` is called after each entry.

    Trust:   the entries are taken as they stand: that nobody changed them is what `verify` shows.
    Raises:  LeafInvalid, StorageBroken.
    """
    report = Report()
    for entry in entries:
        if entry.leaf is None:
            report.add(Undecided.PRUNED)
        else:
            members = parse_leaf(entry.leaf)
            if is_decision(members):
                report.add(await _again(entry, members, revisions))
        done()
    return report


async def _again(entry: Entry, members: Mapping[str, Json], revisions: Revisions) -> Verdict:
    record = record_of(members)
    if _failed_then(members, record):
        return Undecided.FAILED_THEN
    if record.asking is None:
        return Undecided.NOT_RECORDED
    decider = revisions.find(record.policy)
    match decider:
        case Unavailable.MISSING:
            return Undecided.REVISION_MISSING
        case Unavailable.FORGED:
            return _differs(entry, "policy")
        case Decider():
            return await _compared(entry, members, record, decider)
        case other:
            assert_never(other)


async def _compared(
    entry: Entry, members: Mapping[str, Json], record: Record, decider: Decider
) -> Verdict:
    organisation = find_organisation(record, decider.catalogue)
    if organisation is None:
        known = {each.oin for each in decider.catalogue.organisations.values()}
        ambiguous = record.organisation in known
        return Undecided.ORGANISATION_AMBIGUOUS if ambiguous else _differs(entry, "organisation")
    question = question_of(record, decider.catalogue, organisation)
    recorded = _shown(members)
    again = await _decided(question, decider)
    if recorded != again and _is_late(record.time):
        before = dt.date.fromisoformat(question.date) - _DAY
        again = await _decided(replace(question, date=before.isoformat()), decider)
    differing = tuple(name for name in _COMPARED if recorded.get(name) != again.get(name))
    if not differing:
        return None
    return Difference(
        entry.index,
        entry.request_id,
        differing,
        {name: recorded[name] for name in differing if name in recorded},
        {name: again[name] for name in differing if name in again},
    )


def _failed_then(members: Mapping[str, Json], record: Record) -> bool:
    """Tell whether nothing was released for a reason that no rule gave."""
    refused = members.get("type") == EntryType.REFUSAL and not record.released
    return refused and any(part.code in FAILED for part in record.refused)


def _differs(entry: Entry, member: str) -> Difference:
    return Difference(entry.index, entry.request_id, (member,), {}, {})


async def _decided(question: Question, decider: Decider) -> Members:
    """Return what of this question stands in its entry."""
    decision = await decider.decide(question)
    match decision:
        case Permit():
            purpose = decider.catalogue.purposes[question.purposes[0]]
            kind = EntryType.BREAK_GLASS if question.emergency else EntryType.DISCLOSURE
            found = permit_members(decider.catalogue, decision, purpose)
        case Refuse():
            kind, found = EntryType.REFUSAL, refuse_members(decider.catalogue, decision)
        case other:
            assert_never(other)
    return _shown({**found, "type": kind.value})


def _shown(members: Mapping[str, Json]) -> Members:
    """Return what is compared; refused fields beyond those that an entry names are only counted."""
    shown = {name: members[name] for name in _COMPARED if name in members}
    if shown.get("outcome") == PENDING:
        shown["outcome"] = "refuse"  # Nothing was released; that somebody was asked is no decision.
    refused = shown.get("refused")
    if isinstance(refused, list):
        shown["refused"] = [each for each in refused if not _is_unnamed(each)]
    return shown


def _is_unnamed(refused: Json) -> bool:
    """Tell whether these are fields of the catalogue whose names the entry had no room for."""
    return (
        isinstance(refused, Mapping)
        and "count" in refused
        and refused["code"] != Code.FIELD_UNKNOWN
    )


def _is_late(time_ms: int) -> bool:
    at = from_unix_ms(time_ms)
    return at.hour == 0 and dt.timedelta(minutes=at.minute) < _LATE
