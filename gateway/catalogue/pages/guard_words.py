"""The limits on asking again in plain sentences, for who writes the policy and who asks."""

from collections.abc import Iterator

from gateway.catalogue.guard import Combination, Repeat
from gateway.catalogue.model import Catalogue, Purpose

Sentence = tuple[str, str]
"""Dutch, and the same in English."""


def guard_sentences(catalogue: Catalogue, purpose: Purpose) -> tuple[Sentence, ...]:
    """Return how often this may be asked, and with what its answer does not go together."""
    return tuple(_sentences(catalogue, purpose))


def repeat_words(repeat: Repeat) -> str:
    """Return a limit in a few Dutch words, without its reason."""
    return _limit(repeat)[0]


def combination_words(combination: Combination) -> str:
    """Return what does not go together in a few Dutch words, without the reason."""
    names = sorted(combination.purposes or combination.fields)
    return f"{' + '.join(names)}: niet samen binnen {_count(combination.days, _DAYS)[0]}"


def _sentences(catalogue: Catalogue, purpose: Purpose) -> Iterator[Sentence]:
    repeat = catalogue.repeat_of(purpose)
    if repeat is not None:
        nl, en = _limit(repeat)
        about = ("", "") if purpose.aggregated else (" over één inwoner", " about one person")
        yield (
            f"Per organisatie{about[0]}: {nl}. {repeat.because}",
            f"Per organisation{about[1]}: {en}. In Dutch: {repeat.because}",
        )
    for each in catalogue.mosaic.never_together:
        others = each.purposes - {purpose.id}
        if purpose.id in each.purposes:
            titles = " + ".join(f"'{catalogue.purposes[name].label}'" for name in sorted(others))
            yield _together(each, titles)
        elif not purpose.aggregated and each.fields & purpose.fields.keys():
            names = (name.replace("_", " ") for name in sorted(each.fields))
            yield _together(each, " + ".join(names))


def _limit(repeat: Repeat) -> Sentence:
    answers, days = _count(repeat.answers, _ANSWERS), _count(repeat.days, _DAYS)
    nl = f"hoogstens {answers[0]} in {days[0]}"
    en = f"at most {answers[1]} in {days[1]}"
    if repeat.cool_down_hours:
        pause = _pause(repeat.cool_down_hours)
        nl, en = f"{nl}, met {pause[0]} ertussen", f"{en}, {pause[1]} apart"
    return nl, en


def _pause(hours: int) -> Sentence:
    """Say several whole days as days, anything else in hours."""
    days, rest = divmod(hours, _DAY)
    return _count(hours, _HOURS) if rest or days == 1 else _count(days, _DAYS)


def _together(combination: Combination, names: str) -> Sentence:
    days = _count(combination.days, _DAYS)
    what = ("Niet samen met", "Not together with")
    if combination.fields:
        what = ("Nooit samen naar één organisatie", "Never together to one organisation")
    return (
        f"{what[0]}: {names}, binnen {days[0]}. {combination.because}",
        f"{what[1]}: {names}, within {days[1]}. In Dutch: {combination.because}",
    )


_ANSWERS = (("antwoord", "antwoorden"), ("answer", "answers"))
_DAYS = (("dag", "dagen"), ("day", "days"))
_DAY = 24
_HOURS = (("uur", "uur"), ("hour", "hours"))


def _count(number: int, words: tuple[Sentence, Sentence]) -> Sentence:
    nl, en = (each[number != 1] for each in words)
    return f"{number} {nl}", f"{number} {en}"
