"""Limits on asking again: from YAML tables to `Repeat` and `Mosaic`, with their checks."""

from collections.abc import Iterable

from gateway.catalogue.files.hints import meant
from gateway.catalogue.files.members import Table
from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.model import Catalogue, Purpose

MOSAIC = "purposes/mosaic.yaml"

_MOST_ANSWERS = 1_000
# Every answer is remembered for this long; longer would be a register of its own.
_MOST_DAYS = 366
_HOURS = 24
_TWO = 2


def read_repeat(table: Table) -> Repeat:
    """Return the limit in this table; what is wrong with it goes to its findings."""
    repeat = Repeat(
        answers=_number(table, "answers", _MOST_ANSWERS),
        days=_number(table, "days", _MOST_DAYS),
        because=table.text("because"),
        cool_down_hours=table.integer("cool_down_hours") or 0,
    )
    if not 0 <= repeat.cool_down_hours <= repeat.days * _HOURS:
        nl = "De pauze tussen twee antwoorden is 0 uur of meer, en niet langer dan de periode."
        en = "The pause between two answers is 0 hours or more, and no longer than the period."
        table.error("REPEAT", nl, en, table.place_of("cool_down_hours"))
    return repeat


def read_mosaic(table: Table | None, catalogue: Catalogue) -> Mosaic:
    """Return what the file says over this catalogue; a file that is not there says nothing."""
    if table is None:
        return Mosaic()
    default = table.optional_table("default", read_repeat)
    reader = _Reader(catalogue, default)
    together = table.tables("never_together", reader.read) if table.has("never_together") else ()
    table.close()
    return Mosaic(default, together)


class _Reader:
    """Reads combinations, and holds each against the purposes that it touches."""

    def __init__(self, catalogue: Catalogue, default: Repeat | None) -> None:
        self._catalogue = catalogue
        self._default = default

    def read(self, table: Table) -> Combination:
        combination = Combination(
            purposes=self._names(table, "purposes", self._catalogue.purposes, ("doel", "purpose")),
            fields=self._names(table, "fields", self._catalogue.fields, ("gegeven", "field")),
            days=_number(table, "days", _MOST_DAYS),
            because=table.text("because"),
        )
        sizes = sorted((len(combination.purposes), len(combination.fields)))
        if sizes[0] > 0 or sizes[1] < _TWO:
            nl = "Noem twee of meer doelen, of twee of meer gegevens, en niet allebei."
            en = "Name two purposes or more, or two fields or more, and not both."
            table.error("TOGETHER", nl, en)
        for purpose in self._touched(combination):
            self._check(combination, purpose, table)
        return combination

    def _names(
        self, table: Table, key: str, known: Iterable[str], words: tuple[str, str]
    ) -> frozenset[str]:
        names = table.optional_texts(key)
        for name in sorted(set(names) - set(known)):
            nl, en = meant(name, known)
            table.error(
                "UNKNOWN_REFERENCE",
                f"'{name}' is geen bekend {words[0]}.{nl}",
                f"'{name}' is no known {words[1]}.{en}",
                table.place_of(key),
            )
        return frozenset(names)

    def _touched(self, combination: Combination) -> list[Purpose]:
        """Return the purposes named, or those about a person that give one of the fields."""
        return [
            purpose
            for purpose in self._catalogue.purposes.values()
            if purpose.id in combination.purposes
            or (not purpose.aggregated and combination.fields & purpose.fields.keys())
        ]

    def _check(self, combination: Combination, purpose: Purpose, table: Table) -> None:
        if purpose.aggregated:
            nl = f"'{purpose.id}' gaat over een groep; een combinatie gaat over één inwoner."
            en = f"'{purpose.id}' is about a group; a combination is about one person."
            table.error("TOGETHER", nl, en, table.place_of("purposes"))
        elif combination.fields and combination.fields <= purpose.fields.keys():
            nl = f"Het doel '{purpose.id}' geeft deze gegevens al in één antwoord."
            en = f"The purpose '{purpose.id}' gives these fields in one answer already."
            table.error("TOGETHER", nl, en, table.place_of("fields"))
        elif not self._hides(combination, purpose):
            # A refusal says that it was asked too often. Where that could not be the reason, or
            # not for that long, it would tell that something else was asked about the person.
            nl = (
                f"Geef het doel '{purpose.id}' een 'repeat' van ten minste {combination.days} "
                "dagen. Anders verraadt de weigering dat er iets anders is gevraagd."
            )
            en = (
                f"Give the purpose '{purpose.id}' a 'repeat' of at least {combination.days} days. "
                "Else the refusal tells that something else was asked."
            )
            table.error("TOGETHER_TELLS", nl, en, table.place_of("days"))

    def _hides(self, combination: Combination, purpose: Purpose) -> bool:
        repeat = self._default if purpose.repeat is None else purpose.repeat
        return repeat is not None and combination.days <= repeat.days


def _number(table: Table, key: str, most: int) -> int:
    """Return a number that must be there, from one up; else one, after a finding."""
    number = table.integer(key)
    if number is not None and 1 <= number <= most:
        return number
    if number is not None or not table.has(key):
        nl, en = f"'{key}' is een getal van 1 tot {most}.", f"'{key}' is a number from 1 to {most}."
        table.error("REPEAT", nl, en, table.place_of(key))
    return 1
