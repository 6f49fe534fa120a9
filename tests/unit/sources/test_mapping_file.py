"""Reading a mapping file: every mistake has its place, and secrets have no place in it."""

import re
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.errors import SourceInvalid
from gateway.sources.mapping import Form, SourceKind, SourceMap, ValueKind
from gateway.sources.mapping_file import load_mapping, read_mapping
from tests.builders import ROOT

GOOD = """\
deadline_ms: 800
sources:
  zorg:
    kind: postgresql
    address: postgresql://lezer@zorg.example/zorg
    password_file: geheim
    deadline_ms: 300
  brp:
    kind: brp
    address: https://brp.example/api
    certificate: gateway.pem
    key: gateway.key
    oauth: {token_url: 'https://brp.example/token', client_id: doelpoort, secret_file: brp}
tables:
  traject:
    source: zorg
    at: zorg.trajecten
    subject: bsn
    columns:
      lopend: {sql: einde IS NULL, type: boolean}
      maanden: {at: duur, type: integer}
      soort: {at: srt, type: text, words: {A: licht, B: zwaar}}
  brp:
    source: brp
    at: personen
    subject: burgerservicenummer
    columns:
      geboortedatum: {at: geboorte.datum, type: date, form: brp_date}
      geheim: {at: geheimhoudingPersoonsgegevens, type: boolean, absent: false}
"""


def read(text: str) -> SourceMap:
    """Read a mapping in a folder."""
    return read_mapping(text.encode(), "sources.yaml", Path("/map"))


def test_a_mapping_says_where_everything_lives() -> None:
    """Each word of the file has its place in the value."""
    mapping = read(GOOD)

    table = mapping.tables["traject"]
    assert (mapping.deadline_s, mapping.sources["zorg"].deadline_s) == (0.8, 0.3)
    assert mapping.sources["zorg"].password_file == Path("/map/geheim")
    assert mapping.sources["brp"].kind is SourceKind.BRP
    assert (table.columns["lopend"].sql, table.columns["lopend"].as_is) == ("einde IS NULL", True)
    assert table.columns["soort"].words == {"A": "licht", "B": "zwaar"}
    assert mapping.tables["brp"].columns["geboortedatum"].form is Form.BRP_DATE
    assert mapping.tables["brp"].columns["geheim"].kind is ValueKind.BOOLEAN
    assert [each.name for each in mapping.tables_of("brp")] == ["brp"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("kind: brp", "kind: soap", "9:11: error: VALUE_WRONG"),
        ("https://brp.example/api", "http://brp.example/api", "10:14: error: VALUE_WRONG"),
        ("https://brp.example/api", "https://a:b@brp.example", "10:14: error: VALUE_WRONG"),
        ("https://brp.example/api", "https://brp.example/?a=b", "10:14: error: VALUE_WRONG"),
        ("https://brp.example/api", "https://brp.example:x", "10:14: error: VALUE_WRONG"),
        ("lezer@zorg", "lezer:geheim@zorg", "5:14: error: VALUE_WRONG"),
        ("https://brp.example/token", "http://brp.example/token", "13:24: error: VALUE_WRONG"),
        ("    key: gateway.key\n", "", "11:18: error: VALUE_WRONG"),
        ("deadline_ms: 300", "deadline_ms: 0", "7:18: error: VALUE_WRONG"),
        ("deadline_ms: 300", "deadline_ms: 60000", "7:18: error: VALUE_WRONG"),
        ("    password_file: geheim", "    password: geheim", "KEY_UNKNOWN"),
        ("source: zorg", "source: elders", "16:5: error: SOURCE_UNKNOWN"),
        ("{at: duur, type", "{type", "error: VALUE_WRONG"),
        ("{at: duur, type", "{at: duur, sql: duur, type", "error: VALUE_WRONG"),
        ("at: geboorte.datum", "sql: geboorte", "SQL_ELSEWHERE"),
        ("type: date, form", "type: text, form", "error: VALUE_WRONG"),
        ("words: {A: licht", "words: {A: true", "error: VALUE_WRONG"),
        ("words: {A", "form: digits, words: {A", "error: VALUE_WRONG"),
        ("absent: false", "absent: nee", "error: VALUE_WRONG"),
        ("type: integer", "type: getal", "error: VALUE_WRONG"),
        ("    subject: bsn", "    subject: bsn\n    subject: x", "KEY_TWICE"),
        ("    subject: burgerservicenummer\n", "", "error: SUBJECT_MISSING"),
        ("sources:\n", "bronnen:\n", "KEY_MISSING"),
    ],
)
def test_every_mistake_has_its_place(old: str, new: str, place: str) -> None:
    """What is wrong is told with line and column."""
    assert GOOD.count(old) >= 1

    with pytest.raises(CatalogueInvalid, match=re.escape(place)):
        read(GOOD.replace(old, new, 1))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A mistyped path is an error with the name alone."""
    with pytest.raises(SourceInvalid, match=r"weg\.yaml"):
        load_mapping(tmp_path / "weg.yaml")


def test_the_example_can_be_read() -> None:
    """The mapping of the demo is one."""
    mapping = load_mapping(ROOT / "deploy" / "demo" / "sources.yaml")

    assert mapping.sources["register"].kind is SourceKind.SQLITE
    assert mapping.tables["aggregaat"].subject is None
