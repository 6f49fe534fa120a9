"""The decisions that stand in a ledger, as far as its leaves tell: no person, no value, no text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from audit.entry import EntryType, Json, parse_leaf
from audit.verifier.file import LedgerFile
from gateway.decision.model import OverAsking, Standing
from gateway.decision.reasons import find_code

_RELEASED = frozenset({EntryType.DISCLOSURE.value, EntryType.BREAK_GLASS.value})
_DECIDED = _RELEASED | {EntryType.REFUSAL.value}
_OVER_ASKING = frozenset(OverAsking)
_STANDINGS = frozenset(Standing)


@dataclass(frozen=True, slots=True)
class RefusedPart:
    """One reason of a refusal; fields that the catalogue did not know have a count, no name."""

    code: str
    step: int
    field: str | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Asking:
    """How a request was put, as far as its fields and outcomes do not tell.

    Shapes:  justified: those of the asked fields that need a motivation and had one.
    """

    is_minimal: bool
    over_asking: OverAsking
    purposes: int
    standing: Standing
    justified: tuple[str, ...]
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One decided request.

    Shapes:  organisation: its OIN. released: field to precision. conditions: name to "met",
             "unknown", or the code of what failed. asking: None in entries from before it was
             recorded.
    Units:   time in milliseconds since 1970.
    """

    time: int
    organisation: str
    role: str
    task: str | None
    activity: str | None
    purpose: str | None
    policy: str
    outcome: str
    about_a_person: bool
    released: Mapping[str, str]
    refused: tuple[RefusedPart, ...]
    conditions: Mapping[str, str]
    asking: Asking | None = None

    @property
    def asked(self) -> frozenset[str]:
        """Every field that is known to have been asked."""
        named = (part.field for part in self.refused if part.field is not None)
        return frozenset((*self.released, *named))


def read_records(ledger: Path, since_ms: int) -> tuple[Record, ...]:
    """Return the decisions in this ledger file from a moment on.

    Effects: none on the file.
    Trust:   the file is read, not verified: check it first with the command that does.
    Raises:  LedgerUnreadable, LeafInvalid.
    """
    with LedgerFile.open(ledger) as file:
        leaves = (found.leaf for found in file.entries() if found.leaf is not None)
        return tuple(each for each in records_of(leaves) if each.time >= since_ms)


def records_of(leaves: Iterable[bytes]) -> Iterator[Record]:
    """Give the decisions among these leaves, in their order.

    Raises:  LeafInvalid.
    """
    for leaf in leaves:
        members = parse_leaf(leaf)
        if is_decision(members):
            yield record_of(members)


def is_decision(members: Mapping[str, Json]) -> bool:
    """Tell whether these are the members of a decided request."""
    return members.get("type") in _DECIDED


def is_release(members: Mapping[str, Json]) -> bool:
    """Tell whether these are the members of a request that was answered with data."""
    return members.get("type") in _RELEASED


def record_of(members: Mapping[str, Json]) -> Record:
    """Return the decision in the members of a leaf; what has another type counts as absent."""
    time = members.get("time")
    return Record(
        time=time if isinstance(time, int) else 0,
        organisation=_text(members, "organisation") or "",
        role=_text(members, "role") or "",
        task=_text(members, "task"),
        activity=_text(members, "activity"),
        purpose=_text(members, "purpose"),
        policy=_text(members, "policy") or "",
        outcome=_text(members, "outcome") or "",
        about_a_person=members.get("subjects") != 0,
        released=MappingProxyType(
            {
                _text(each, "field") or "": _text(each, "precision") or ""
                for each in _objects(members, "released")
            }
        ),
        refused=tuple(_refused(each) for each in _objects(members, "refused")),
        conditions=MappingProxyType(
            {
                _text(each, "name") or "": _code(each) or _text(each, "outcome") or ""
                for each in _objects(members, "conditions")
            }
        ),
        asking=_asking(members.get("asked")),
    )


def _asking(asked: Json | None) -> Asking | None:
    """Return how the request was put; an entry that tells half of it tells nothing."""
    match asked:
        case {
            "fields": "minimal" | "named" as fields,
            "over_asking": str(over_asking),
            "purposes": int(purposes),
            "standing": str(standing),
            **rest,
        } if over_asking in _OVER_ASKING and standing in _STANDINGS:
            return Asking(
                is_minimal=fields == "minimal",
                over_asking=OverAsking(over_asking),
                purposes=purposes,
                standing=Standing(standing),
                justified=_texts(rest.get("justified")),
                emergency=rest.get("emergency") is True,
            )
        case _:
            return None


def _refused(members: Mapping[str, Json]) -> RefusedPart:
    step, count = members.get("step"), members.get("count")
    return RefusedPart(
        _code(members) or "",
        step if isinstance(step, int) else 0,
        _text(members, "field"),
        count if isinstance(count, int) else 1,
    )


def _code(members: Mapping[str, Json]) -> str | None:
    """Return a log code for the outward code of a leaf; several that look alike count as one."""
    outward = _text(members, "code")
    return None if outward is None else (find_code(outward) or outward)


def _text(members: Mapping[str, Json], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else ()
    return tuple(each for each in items if isinstance(each, str))


def _objects(members: Mapping[str, Json], name: str) -> Iterator[Mapping[str, Json]]:
    value = members.get(name, ())
    if isinstance(value, list | tuple):
        yield from (each for each in value if isinstance(each, Mapping))
