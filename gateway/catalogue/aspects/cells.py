"""How the rules for groups compare with their older selves: a smaller smallest cell is wider."""

from collections.abc import Iterable, Iterator

from gateway.catalogue.aspects.purposes import Direction, Judged
from gateway.catalogue.cells import Groups

_NOTHING_HIDDEN = 101
"""More than any share in percent: no rule about the largest share."""


def groups_aspects(old: Groups | None, new: Groups | None) -> Iterable[Judged]:
    """Give what changed in the rules that keep persons out of sight."""
    if old is None or new is None:
        if old is not new:
            yield Judged(Direction.DIFFERENT, "groups", _size(old), _size(new))
        return
    yield from _ranked("smallest", -old.smallest, -new.smallest)
    yield from _ranked("years", old.years, new.years)
    yield from _ranked("largest_share", _share(old), _share(new))
    yield from _of_noise(old, new)
    yield from _of_labels(old, new)
    if old.period != new.period:
        yield Judged(Direction.DIFFERENT, "period", old.period, new.period)
    if old.law != new.law:
        yield Judged(Direction.NOTE, "law", old.law or "", new.law or "")


def _size(groups: Groups | None) -> str:
    return "" if groups is None else str(groups.smallest)


def _share(groups: Groups) -> int:
    return _NOTHING_HIDDEN if groups.largest_share is None else groups.largest_share


def _ranked(aspect: str, old: float, new: float) -> Iterator[Judged]:
    """Judge two numbers of which the larger one tells more."""
    if old != new:
        way = Direction.WIDER if new > old else Direction.NARROWER
        texts = ("" if n == _NOTHING_HIDDEN else f"{abs(n):g}" for n in (old, new))
        yield Judged(way, aspect, *texts)


def _of_noise(old: Groups, new: Groups) -> Iterator[Judged]:
    """Judge the chance that is mixed in: none tells most; less of a bound on a person tells less.

    A person who counts in more cells has more chance mixed in for it: which way that goes is open.
    """
    if (old.noise is None) != (new.noise is None):
        way = Direction.WIDER if new.noise is None else Direction.NARROWER
        texts = ("" if each.noise is None else each.noise.epsilon for each in (old, new))
        yield Judged(way, "noise", *texts)
    elif old.noise is not None and new.noise is not None:
        yield from _ranked("epsilon", float(old.noise.epsilon), float(new.noise.epsilon))
        cells = (str(old.noise.most_cells), str(new.noise.most_cells))
        if cells[0] != cells[1]:
            yield Judged(Direction.DIFFERENT, "most_cells", *cells)


def _of_labels(old: Groups, new: Groups) -> Iterator[Judged]:
    """Judge the closed lists of labels: more of them tell more."""
    before, after = dict(old.labels), dict(new.labels)
    for column in sorted(before.keys() | after.keys()):
        was, now = set(before.get(column, ())), set(after.get(column, ()))
        texts = (", ".join(before.get(column, ())), ", ".join(after.get(column, ())))
        if was < now:
            yield Judged(Direction.WIDER, "group_labels", *texts)
        elif now < was:
            yield Judged(Direction.NARROWER, "group_labels", *texts)
        elif was != now:
            yield Judged(Direction.DIFFERENT, "group_labels", *texts)
