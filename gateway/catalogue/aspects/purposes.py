"""How each part of a grant compares with its older self: which way is wider, and when that is open.

Every judgement has its mirror image: what is wider one way is narrower the other way. A restriction
that was added is never wider.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias

from gateway.catalogue.model import (
    Band,
    Catalogue,
    Condition,
    Derive,
    FieldGrant,
    Need,
    Precision,
    Purpose,
    Veil,
)


class Direction(StrEnum):
    """Which way something changed; a note changes nothing about what may leave."""

    NEW = "new"
    WIDER = "wider"
    DIFFERENT = "different"
    NARROWER = "narrower"
    GONE = "gone"
    NOTE = "note"

    @property
    def widens(self) -> bool:
        """Whether more may leave, or nobody has shown that it does not."""
        return self in {Direction.NEW, Direction.WIDER, Direction.DIFFERENT}


@dataclass(frozen=True, slots=True)
class Judged:
    """One aspect that changed, which way, and from what to what in the words of the files."""

    direction: Direction
    aspect: str
    old: str
    new: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """One field as somebody gets it: the grant, with the purpose and the catalogue around it."""

    catalogue: Catalogue
    purpose: Purpose
    grant: FieldGrant


_Window: TypeAlias = tuple[dt.date, dt.date]

# What a grant says for people only: another word for the same thing releases nothing.
_WORDING = frozenset({"name", "because", "special"})
_ORDERED = frozenset({"precision", "need", "consent", "where", "band", "labels", "kind"})
# Each tells something of its own: who gets the one does not know the other.
_OWN_KIND = frozenset({Precision.POSTCODE4, Precision.PSEUDONYM})
_SETTLED = frozenset({Precision.ABSENT, Precision.EXISTS, Precision.EXACT})
_ORDERLY = ("minimum", "maximum", "form", "one_of", "note")


def access_aspects(old: Access, new: Access) -> Iterable[Judged]:
    """Give every aspect in which the access to one field changed."""
    yield from _of_grant(old.grant, new.grant)
    yield from _of_conditions(old.purpose.conditions, new.purpose.conditions)
    for member in ("case_kinds", "phases"):
        kinds = (set(getattr(each.purpose, member)) for each in (old, new))
        yield from _of_cases(member, *kinds)
    urgent = (old.purpose.emergency, new.purpose.emergency)
    if urgent[0] != urgent[1]:
        way = Direction.WIDER if urgent[1] else Direction.NARROWER
        yield Judged(way, "emergency", *map(plain, urgent))
    yield from _ranked("aggregated", *(_personal(each.purpose.aggregated) for each in (old, new)))
    for member in ("representation", "answer", "silence_is_unknown"):
        voices = [getattr(each.purpose, member) for each in (old, new)]
        if voices[0] != voices[1]:
            yield Judged(Direction.DIFFERENT, member, plain(voices[0]), plain(voices[1]))
    step = [f"{each.purpose.task} / {each.purpose.activity}" for each in (old, new)]
    if step[0] != step[1]:
        yield Judged(Direction.DIFFERENT, "step", *step)
    yield from _of_window(_window(old), _window(new))


def purpose_aspects(old: Purpose, new: Purpose) -> Iterable[Judged]:
    """Give what changed in a purpose for every requester: promises and duties, and mere words."""
    before, after = set(old.never), set(new.never)
    for name in sorted(before - after):
        yield Judged(Direction.WIDER, "never", name, "", name)
    for name in sorted(after - before):
        yield Judged(Direction.NARROWER, "never", "", name, name)
    yield from _of_informing(old, new)
    yield from _of_veil(old.veil, new.veil)
    for name in sorted(old.instead.keys() | new.instead.keys()):
        offers = (old.instead.get(name, ()), new.instead.get(name, ()))
        if offers[0] != offers[1]:
            yield Judged(Direction.NOTE, "instead", plain(offers[0]), plain(offers[1]), name)
    for member in ("title", "question", "legal_basis", "secrecy", "retention", "review_by"):
        texts = [plain(getattr(each, member)) for each in (old, new)]
        if texts[0] != texts[1]:
            yield Judged(Direction.NOTE, member, *texts)


def _of_informing(old: Purpose, new: Purpose) -> Iterable[Judged]:
    """Give whether the person hears of it less, or later, than before."""
    duties = (old.inform_subject.required, new.inform_subject.required)
    if duties[0] != duties[1]:
        way = Direction.NARROWER if duties[1] else Direction.WIDER
        yield Judged(way, "inform_subject", *map(plain, duties))
    embargoes = (old.inform_subject.embargo_days, new.inform_subject.embargo_days)
    if embargoes[0] != embargoes[1]:
        way = Direction.WIDER if embargoes[1] > embargoes[0] else Direction.NARROWER
        yield Judged(way, "embargo_days", *map(plain, embargoes))


def _of_veil(old: Veil | None, new: Veil | None) -> Iterable[Judged]:
    """Give whether an answer tells more of who is known: without a veil, or in less time."""
    times = [0 if each is None else each.answer_after_ms for each in (old, new)]
    if times[0] != times[1]:
        way = Direction.NARROWER if times[1] > times[0] else Direction.WIDER
        yield Judged(way, "indistinguishable", plain(old), plain(new))
    elif plain(old) != plain(new):
        yield Judged(Direction.NOTE, "indistinguishable", plain(old), plain(new))


def _of_grant(old: FieldGrant, new: FieldGrant) -> Iterable[Judged]:
    yield from _of_precision(old.precision, new.precision)
    yield from _ranked("need", _needed(old.need), _needed(new.need))
    yield from _ranked("consent", _free(old.consent), _free(new.consent))
    yield from _of_where(dict(old.where), dict(new.where))
    yield from _of_band(old.band, new.band)
    yield from _of_labels(old, new)
    yield from _of_kind(old, new)
    for member in dataclasses.fields(FieldGrant):
        if member.name not in _WORDING | _ORDERED:
            before, after = getattr(old, member.name), getattr(new, member.name)
            if before != after:
                yield Judged(Direction.DIFFERENT, member.name, plain(before), plain(after))


def _of_precision(old: Precision, new: Precision) -> Iterable[Judged]:
    """Judge levels in their order, where the one that is higher tells all that the other tells."""
    levels = {old, new}
    if len(levels) > 1 and levels & _OWN_KIND and not levels & _SETTLED:
        yield Judged(Direction.DIFFERENT, "precision", old.label, new.label)
    else:
        yield from _ranked("precision", _leveled(old), _leveled(new))


def _leveled(precision: Precision) -> tuple[int, str]:
    return int(precision), precision.label


def _needed(need: Need) -> tuple[int, str]:
    return int(need is Need.ALWAYS), need.value


def _free(consent: bool) -> tuple[int, str]:  # noqa: FBT001 - it is the value that is compared
    return int(not consent), plain(consent)


def _personal(aggregated: bool) -> tuple[int, str]:  # noqa: FBT001 - it is the value compared
    return int(not aggregated), plain(aggregated)


def _ranked(aspect: str, old: tuple[int, str], new: tuple[int, str]) -> Iterable[Judged]:
    """Judge two values with a rank: the higher one lets more through."""
    if old[0] != new[0]:
        way = Direction.WIDER if new[0] > old[0] else Direction.NARROWER
        yield Judged(way, aspect, old[1], new[1])


def _of_where(old: Mapping[str, object], new: Mapping[str, object]) -> Iterable[Judged]:
    """Judge the filter on the rows: fewer demands let more rows through."""
    for name in sorted(old.keys() | new.keys()):
        before = f"{name}: {plain(old[name])}" if name in old else ""
        after = f"{name}: {plain(new[name])}" if name in new else ""
        if before and after and old[name] != new[name]:
            yield Judged(Direction.DIFFERENT, "where", before, after)
        elif not before or not after:
            way = Direction.WIDER if before else Direction.NARROWER
            yield Judged(way, "where", before, after)


def _of_band(old: Band | None, new: Band | None) -> Iterable[Judged]:
    """Judge ranges: more limits tell more, and other limits tell something else."""
    if old == new:
        return
    before, after = plain(old), plain(new)
    limits = (set(old.limits if old else ()), set(new.limits if new else ()))
    if old is None or new is None or limits[0] == limits[1]:
        yield Judged(Direction.DIFFERENT, "band", before, after)
    elif limits[0] < limits[1]:
        yield Judged(Direction.WIDER, "band", before, after)
    elif limits[1] < limits[0]:
        yield Judged(Direction.NARROWER, "band", before, after)
    else:
        yield Judged(Direction.DIFFERENT, "band", before, after)


def _of_labels(old: FieldGrant, new: FieldGrant) -> Iterable[Judged]:
    """Judge the closed list of texts: more of them let more through, and no list lets all.

    A figure is told by theme with a list, and as one number without.
    """
    way = _step(_within(new.labels, old.labels), _within(old.labels, new.labels))
    if new.derive is Derive.FIGURE and bool(old.labels) is not bool(new.labels):
        way = Direction.DIFFERENT
    if way is not Direction.NOTE:
        yield Judged(way, "labels", plain(old.labels), plain(new.labels))


def _of_kind(old: FieldGrant, new: FieldGrant) -> Iterable[Judged]:
    """Judge what kind of value a field holds, where the value itself leaves."""
    if Precision.EXACT in {old.precision, new.precision} and old.kind is not new.kind:
        yield Judged(Direction.DIFFERENT, "kind", plain(old.kind), plain(new.kind))


def _of_conditions(old: tuple[Condition, ...], new: tuple[Condition, ...]) -> Iterable[Judged]:
    before, after = ({each.name: each for each in side} for side in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Judged(Direction.WIDER, "condition", plain(before[name]), "")
        elif name not in before:
            yield Judged(Direction.NARROWER, "condition", "", plain(after[name]))
        elif before[name] != after[name]:
            way = _tightened(before[name], after[name])
            yield Judged(way, "condition", plain(before[name]), plain(after[name]))


def _tightened(old: Condition, new: Condition) -> Direction:
    """Judge two conditions of one name: limits, a form and a choice have an order, no more has."""
    same = dataclasses.replace(old, **{name: getattr(new, name) for name in _ORDERLY})
    if same != new:
        return Direction.DIFFERENT
    steps = [
        _step(_range(old)[0] <= _range(new)[0], _range(new)[0] <= _range(old)[0]),
        _step(_range(new)[1] <= _range(old)[1], _range(old)[1] <= _range(new)[1]),
        _step(old.form in {None, new.form}, new.form in {None, old.form}),
        _step(_within(new.one_of, old.one_of), _within(old.one_of, new.one_of)),
    ]
    taken = set(steps) - {Direction.NOTE}
    return taken.pop() if len(taken) == 1 else Direction.DIFFERENT if taken else Direction.NOTE


def _within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Tell whether a choice leaves no more than another one; no choice at all leaves everything."""
    return not outer or (bool(inner) and set(inner) <= set(outer))


def _step(no_wider: bool, no_narrower: bool) -> Direction:  # noqa: FBT001 - two proofs
    if no_wider and no_narrower:
        return Direction.NOTE
    if no_wider:
        return Direction.NARROWER
    return Direction.WIDER if no_narrower else Direction.DIFFERENT


def _range(condition: Condition) -> tuple[float, float]:
    low = float("-inf") if condition.minimum is None else condition.minimum
    high = float("inf") if condition.maximum is None else condition.maximum
    return low, high


def _of_cases(member: str, old: set[str], new: set[str]) -> Iterable[Judged]:
    """Judge kinds or phases of a case: none named demands none, and every one more lets more in."""
    if old == new:
        return
    before, after = plain(tuple(sorted(old))), plain(tuple(sorted(new)))
    if not new or (old and old < new):
        yield Judged(Direction.WIDER, member, before, after)
    elif not old or new < old:
        yield Judged(Direction.NARROWER, member, before, after)
    else:
        yield Judged(Direction.DIFFERENT, member, before, after)


def _window(access: Access) -> _Window:
    """Return the days on which both the purpose and the law of its task hold."""
    task = access.catalogue.tasks[access.purpose.task]
    ends = [end for end in (access.purpose.valid_until, task.valid_until) if end is not None]
    start = max(access.purpose.valid_from, task.valid_from)
    return start, min(ends, default=dt.date.max)


def _of_window(old: _Window, new: _Window) -> Iterable[Judged]:
    for aspect, earlier, later in (
        ("valid_from", new[0] < old[0], new[0] > old[0]),
        ("valid_until", new[1] > old[1], new[1] < old[1]),
    ):
        if earlier or later:
            side = 0 if aspect == "valid_from" else 1
            way = Direction.WIDER if earlier else Direction.NARROWER
            yield Judged(way, aspect, plain(old[side]), plain(new[side]))


def plain(value: object) -> str:
    """Return a value of the model as text for a reader, without the names of our types."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case tuple():
            return ", ".join(map(plain, value))
        case _ if dataclasses.is_dataclass(value):
            members = (getattr(value, member.name) for member in dataclasses.fields(value))
            return " ".join(text for text in map(plain, members) if text)
        case _:
            return "" if value is None or value == dt.date.max else str(value)
