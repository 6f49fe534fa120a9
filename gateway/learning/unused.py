"""What the policy grants and nobody needs, as proposals to narrow it.

A proposal is computed anew from the entries each time: it is there as long as it is true, and the
first request that needs what it would take away makes it disappear.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from gateway.catalogue.model import Catalogue, Purpose, Requester
from gateway.learning.records import Record


class Kind(StrEnum):
    """What was not needed."""

    PURPOSE_UNUSED = "purpose_unused"
    ROLE_UNUSED = "role_unused"
    FIELD_NEVER_ASKED = "field_never_asked"
    FIELD_ALWAYS_EMPTY = "field_always_empty"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One narrowing, with how often the purpose was asked for without needing it."""

    kind: Kind
    purpose: str
    field: str | None
    requester: Requester | None
    requests: int

    @property
    def nl(self) -> str:
        """The proposal as a Dutch sentence."""
        match self.kind:
            case Kind.PURPOSE_UNUSED:
                return f"Niemand vroeg iets voor '{self.purpose}'. Kan dit doel weg?"
            case Kind.ROLE_UNUSED:
                return f"{self._who} vroeg nooit iets voor '{self.purpose}'. Kan deze vrager weg?"
            case Kind.FIELD_NEVER_ASKED:
                return (
                    f"'{self.field}' is bij {self.requests} vragen voor '{self.purpose}' nooit "
                    "gevraagd. Kan dit gegeven weg?"
                )
            case Kind.FIELD_ALWAYS_EMPTY:
                return (
                    f"De bron wist '{self.field}' voor '{self.purpose}' nooit. Kan dit gegeven weg?"
                )
            case other:
                assert_never(other)

    @property
    def en(self) -> str:
        """The same sentence in English."""
        match self.kind:
            case Kind.PURPOSE_UNUSED:
                return f"Nobody asked anything for '{self.purpose}'. Can this purpose go?"
            case Kind.ROLE_UNUSED:
                return f"{self._who} never asked for '{self.purpose}'. Can this requester go?"
            case Kind.FIELD_NEVER_ASKED:
                return (
                    f"'{self.field}' was never asked in {self.requests} requests for "
                    f"'{self.purpose}'. Can this field go?"
                )
            case Kind.FIELD_ALWAYS_EMPTY:
                return f"The source never knew '{self.field}' for '{self.purpose}'. Can it go?"
            case other:
                assert_never(other)

    @property
    def _who(self) -> str:
        return "" if self.requester is None else str(self.requester.role)


def unused(
    records: Iterable[Record],
    catalogue: Catalogue,
    period: tuple[dt.date, dt.date],
    always_empty: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[Proposal, ...]:
    """Return every narrowing that the use of this period supports, in the order of the catalogue.

    `always_empty` names purpose and field of the sources that never knew anything (see `tally`).
    Units:   period: first and last day; a purpose that could not be used then is left alone.
    """
    requests: Counter[str] = Counter()
    asked: dict[str, set[str]] = defaultdict(set)
    askers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for record in records:
        if record.purpose is not None:
            requests[record.purpose] += 1
            asked[record.purpose] |= record.asked
            askers[record.purpose].add((record.organisation, record.role))
    proposals: list[Proposal] = []
    for purpose in catalogue.purposes.values():
        count = requests[purpose.id]
        if not _usable(purpose, catalogue, period):
            continue
        if not count:
            proposals.append(Proposal(Kind.PURPOSE_UNUSED, purpose.id, None, None, 0))
            continue
        proposals += _of_roles(purpose, catalogue, askers[purpose.id], count)
        proposals += _of_fields(purpose, asked[purpose.id], always_empty, count)
    return tuple(proposals)


def _usable(purpose: Purpose, catalogue: Catalogue, period: tuple[dt.date, dt.date]) -> bool:
    task = catalogue.tasks[purpose.task]
    ends = [end for end in (task.valid_until, purpose.valid_until) if end is not None]
    started = max(task.valid_from, purpose.valid_from) <= period[1]
    return started and min(ends, default=dt.date.max) >= period[0]


def _of_roles(
    purpose: Purpose, catalogue: Catalogue, askers: set[tuple[str, str]], count: int
) -> Iterator[Proposal]:
    for requester in purpose.requesters:
        oin = catalogue.organisations[requester.organisation].oin
        if (oin, requester.role) not in askers:
            yield Proposal(Kind.ROLE_UNUSED, purpose.id, None, requester, count)


def _of_fields(
    purpose: Purpose, asked: set[str], always_empty: frozenset[tuple[str, str]], count: int
) -> Iterator[Proposal]:
    for name in purpose.fields:
        if name not in asked:
            yield Proposal(Kind.FIELD_NEVER_ASKED, purpose.id, name, None, count)
        elif (purpose.id, name) in always_empty:
            yield Proposal(Kind.FIELD_ALWAYS_EMPTY, purpose.id, name, None, count)
