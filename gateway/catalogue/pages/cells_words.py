"""What the rules for groups say, in a sentence for who reads the policy."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gateway.catalogue.cells import Cells, Groups, Noise, Tell, Unit

Said = tuple[str, str]
"""A sentence, Dutch first with English beside it."""

_TOLD: Mapping[Tell, Said] = MappingProxyType(
    {
        Tell.PERSONS: ("hoeveel mensen", "how many people"),
        Tell.MEAN: ("het gemiddelde", "the mean"),
        Tell.MEDIAN: ("de middelste waarde", "the median"),
    }
)
_UNITS: Mapping[Unit, Said] = MappingProxyType(
    {Unit.DAYS: (", in dagen", ", in days"), Unit.MONTHS: (", in maanden", ", in months")}
)


def groups_sentences(groups: Groups) -> Iterator[Said]:
    """Give what keeps persons out of sight in every table of a purpose."""
    law = "" if groups.law is None else f" ({groups.law})"
    few = groups.smallest
    yield (
        f"Een groep van minder dan {few} mensen wordt niet verteld{law}.",
        f"A group of fewer than {few} people is not told{law}.",
    )
    yield (
        "Ook wat nodig is om een kleine groep uit te rekenen, wordt niet verteld.",
        "What is needed to work out a small group is not told either.",
    )
    yield (
        f"Alleen jaren die voorbij zijn: de laatste {groups.years}.",
        f"Only years that are over: the last {groups.years}.",
    )
    for column, labels in groups.labels:
        name, told = column.replace("_", " "), ", ".join(labels)
        yield (
            f"Bij {name} alleen: {told}. Wat de bron anders noemt, wordt niet verteld.",
            f"Of {name} only: {told}. What the source calls otherwise is not told.",
        )
    if groups.largest_share is not None:
        share = groups.largest_share
        yield (
            f"Een groep waarin een persoon meer dan {share}% bepaalt, wordt niet verteld.",
            f"A group of which one person makes up more than {share}% is not told.",
        )
    if groups.noise is not None:
        yield _noise_sentence(groups.noise)


def _noise_sentence(noise: Noise) -> Said:
    most, epsilon = noise.most_cells, noise.epsilon
    nl = f"In de cijfers zit met opzet toeval (epsilon {epsilon}). "
    en = f"Chance is mixed into the figures on purpose (epsilon {epsilon}). "
    return (
        f"{nl}Een persoon telt in hoogstens {most} groepen.",
        f"{en}A person counts in {most} groups at most.",
    )


def cells_words(cells: Cells) -> Said:
    """Return what is told of which groups."""
    unit = ("", "") if cells.unit is None else _UNITS[cells.unit]
    nl, en = _TOLD[cells.tell]
    ends = list(_ends(cells))
    return (
        f"{nl} per {' en '.join(cells.per)}{unit[0]}" + "".join(f"; {each[0]}" for each in ends),
        f"{en} per {' and '.join(cells.per)}{unit[1]}" + "".join(f"; {each[1]}" for each in ends),
    )


def _ends(cells: Cells) -> Iterator[Said]:
    """Give how what lies far away is counted, so that one person cannot move a figure far."""
    low, high = cells.low, cells.high
    if low is not None:
        yield f"minder dan {low} telt als {low}", f"less than {low} counts as {low}"
    if high is not None:
        yield f"meer dan {high} telt als {high}", f"more than {high} counts as {high}"
