"""How the limits on asking again compare with their older selves: removing one is wider."""

from collections.abc import Iterable

from gateway.catalogue.aspects.purposes import Direction, Judged
from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.pages.guard_words import combination_words, repeat_words


def repeat_aspects(old: Repeat | None, new: Repeat | None) -> Iterable[Judged]:
    """Give what changed in how often something may be asked."""
    if old == new:
        return
    texts = ["" if each is None else repeat_words(each) for each in (old, new)]
    if old is None or new is None:
        way = Direction.WIDER if new is None else Direction.NARROWER
    else:
        way = _way(
            (new.answers, old.answers),
            (old.days, new.days),
            (old.cool_down_hours, new.cool_down_hours),
        )
        if way is Direction.NOTE:
            texts = [old.because, new.because]
    yield Judged(way, "repeat", *texts)


def together_aspects(old: Mosaic, new: Mosaic) -> Iterable[Judged]:
    """Give what changed in what never goes together."""
    before, after = _by_names(old), _by_names(new)
    for names in sorted(before.keys() | after.keys(), key=sorted):
        yield from _of_combination(before.get(names), after.get(names))


def _of_combination(old: Combination | None, new: Combination | None) -> Iterable[Judged]:
    if old == new:
        return
    texts = ["" if each is None else combination_words(each) for each in (old, new)]
    if old is None or new is None:
        way = Direction.WIDER if new is None else Direction.NARROWER
    else:
        way = _way((old.days, new.days))
        if way is Direction.NOTE:
            texts = [old.because, new.because]
    yield Judged(way, "never_together", *texts)


def _way(*pairs: tuple[int, int]) -> Direction:
    """Judge pairs of numbers: where the second is larger, it became narrower."""
    steps = {Direction.NARROWER if b > a else Direction.WIDER for a, b in pairs if a != b}
    if not steps:
        return Direction.NOTE
    return steps.pop() if len(steps) == 1 else Direction.DIFFERENT


def _by_names(mosaic: Mosaic) -> dict[frozenset[str], Combination]:
    return {
        frozenset(
            (*(f"purpose {name}" for name in each.purposes), *(f"field {n}" for n in each.fields))
        ): each
        for each in mosaic.never_together
    }
