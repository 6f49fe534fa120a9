"""What counting demands of a mapping: found before anybody asks for a figure."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.catalogue.errors import Severity
from gateway.sources.demand import findings_of
from gateway.sources.mapping_file import read_mapping
from tests.fakes_decision import catalogue

NAME = "duur-en-maatwerk-per-trede"
SQLITE = "kind: sqlite, address: bron.db"
POSTGRESQL = "kind: postgresql, address: 'postgresql://lezer@127.0.0.1/zorg'"
FILES = "kind: files, address: ."
BRP = "kind: brp, address: 'https://brp.example'"
FHIR = "kind: fhir, address: 'https://fhir.example'"
MAPPING = """
sources:
  bron: {{{source}}}
tables:
  participatieladder:
    source: bron
    at: ladder
    subject: bsn
    columns:
      begindatum: {{at: begindatum, type: date}}
      einddatum: {{at: einddatum, type: date{einddatum}}}
      jaar: {{at: jaar, type: integer{jaar}}}
      trede: {{at: trede, type: integer{trede}}}
  doorbraak:
    source: bron
    at: doorbraak
    subject: bsn
    columns:
      jaar: {{at: jaar, type: integer}}
      thema: {{at: thema, type: text}}
"""
PLAIN = {"einddatum": "", "jaar": "", "trede": ""}


def found(
    source: str, columns: Mapping[str, str], severity: Severity = Severity.ERROR
) -> set[tuple[str, int]]:
    """Return what is wrong with a mapping for the one purpose that counts, each with its line."""
    text = MAPPING.format(source=source, **{**PLAIN, **columns})
    mapping = read_mapping(text.encode(), "sources.yaml", Path())
    policy = replace(catalogue(), purposes={NAME: catalogue().purposes[NAME]})
    findings = findings_of(mapping, policy)
    return {(each.code, each.line) for each in findings if each.severity is severity}


@pytest.mark.parametrize("source", [SQLITE, POSTGRESQL])
@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"einddatum": ", form: yyyymmdd"}, 11),
        ({"jaar": ", form: digits"}, 12),
        ({"trede": ", words: {een: 1}"}, 13),
        ({"trede": ", absent: 0"}, 13),
    ],
)
def test_a_database_counts_over_what_it_holds(
    source: str, columns: dict[str, str], line: int
) -> None:
    """What the gateway must translate first is an error at the line of the column."""
    assert found(source, columns) == {("COUNTED_TRANSLATED", line)}


@pytest.mark.parametrize("source", [SQLITE, POSTGRESQL, FILES])
def test_a_plain_column_is_counted_anywhere(source: str) -> None:
    """The twin: nothing is wrong where nothing is translated."""
    assert found(source, {}) == set()


def test_of_a_file_the_gateway_counts_what_it_translates() -> None:
    """A file is read row by row anyway."""
    assert found(FILES, {"jaar": ", form: digits", "trede": ", words: {een: 1}"}) == set()


@pytest.mark.parametrize("source", [BRP, FHIR])
def test_a_service_about_single_persons_is_no_place_to_count(source: str) -> None:
    """Both tables are named, at their own lines; the gateway starts all the same."""
    assert found(source, {}) == set()
    assert found(source, {}, Severity.WARNING) == {("COUNTS_NOT", 6), ("COUNTS_NOT", 15)}
