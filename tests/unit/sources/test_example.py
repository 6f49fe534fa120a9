"""The example mapping over the demo register, and what a purpose may say about silence."""

import asyncio
import logging
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Catalogue, FieldGrant, Precision
from gateway.catalogue.occasion import Occasion
from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.mapped import MappedSources
from gateway.sources.opening import open_sources
from gateway.sources.reading import read_fields
from gateway.sources.source import Query
from gateway.subject import parse_bsn
from tests.builders import REFERENCE, ROOT, YUSUF
from tests.fakes import MemorySource

pytestmark = pytest.mark.anyio

WHO = parse_bsn(YUSUF)
CATALOGUE = load_catalogue(ROOT / "purposes", ROOT / "policies")
EXAMPLE = (ROOT / "deploy" / "demo" / "sources.yaml").read_text("utf-8")


@pytest.fixture
def demo(register: Path, tmp_path: Path) -> MappedSources:
    """Give the example mapping over the register of the demo."""
    return demo_of(register, tmp_path, EXAMPLE)


def demo_of(register: Path, folder: Path, text: str) -> MappedSources:
    """Put a mapping beside the register, and open it."""
    assert register == folder / "bron.db"
    (folder / "sources.yaml").write_text(text, "utf-8")
    return open_sources(folder / "sources.yaml", monotonic_s=time.monotonic)


async def test_the_example_has_all_that_the_policy_names(demo: MappedSources) -> None:
    """The demo mapping fits the policy files and the demo register, and answers."""
    demo.check(CATALOGUE)

    query = Query("jeugdhulp_traject", ("specialisatie_ingezet",), (("status", "lopend"),))
    assert await demo.rows(WHO, [query]) == [[{"specialisatie_ingezet": True}]]
    demo.close()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("  brp:\n", "  brp2:\n", "TABLE_MISSING"),
        ("      geboortedatum: {", "      geboorte: {", "COLUMN_MISSING"),
        ("geboortedatum: {at: geboortedatum, type: date}",
         "geboortedatum: {at: geboortedatum, type: text}", "TYPE"),
        ("    at: brp\n    subject: bsn\n", "    at: brp\n", "PERSONS"),
        ("    at: aggregaat\n", "    at: aggregaat\n    subject: bsn\n", "PERSONS"),
        ("trede: {at: trede, type: integer}",
         "trede: {at: trede, type: integer, form: digits}", "COUNTED_TRANSLATED"),
    ],
)  # fmt: skip
def test_a_mapping_that_lacks_something_is_told(
    register: Path, tmp_path: Path, old: str, new: str, found: str
) -> None:
    """What the policy files demand and the mapping does not have stops the start."""
    assert old in EXAMPLE
    source = demo_of(register, tmp_path, EXAMPLE.replace(old, new, 1))

    with pytest.raises(CatalogueInvalid, match=f"sources.yaml:.*error: {found}"):
        source.check(CATALOGUE)


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("{at: geboortedatum, type: date}", "{at: elders, type: date}", "geboortedatum"),
        ("    at: brp\n", "    at: elders\n", "no table elders"),
    ],
)
def test_a_source_that_lacks_something_is_told(
    register: Path, tmp_path: Path, old: str, new: str, missing: str
) -> None:
    """A mapping to what the live source does not have stops the start."""
    source = demo_of(register, tmp_path, EXAMPLE.replace(old, new, 1))

    with pytest.raises(SourceInvalid, match=missing):
        source.check(CATALOGUE)


def test_a_source_that_is_silent_at_the_start_is_borne(
    demo: MappedSources, register: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be back when it is asked; until then requests that need it are refused."""
    shutil.move(register, register.with_name("weg.db"))
    caplog.set_level(logging.WARNING)

    demo.check(CATALOGUE)

    assert "source register does not answer now" in caplog.text


def test_a_derivation_may_be_computed_in_the_source(register: Path, tmp_path: Path) -> None:
    """An SQL expression takes the place of a column, and only its outcome leaves the source."""
    text = EXAMPLE.replace(
        "verwachte_duur_maanden: {at: verwachte_duur_maanden,",
        "verwachte_duur_maanden: {sql: verwachte_duur_maanden * 2,",
    )
    source = demo_of(register, tmp_path, text)
    query = Query("jeugdhulp_traject", ("verwachte_duur_maanden",), (("status", "lopend"),))

    source.check(CATALOGUE)
    (rows,) = asyncio.run(source.rows(WHO, [query]))

    source.close()
    assert rows == [{"verwachte_duur_maanden": 18}]


def grants(catalogue: Catalogue, precision: Precision) -> list[FieldGrant]:
    """Return grants of two tables, the second at this precision."""
    flag = catalogue.purposes["lichte-of-zware-hulp"].fields["specialisatie_ingezet"]
    other = replace(flag, name="ander", table="elders", where=(), precision=precision)
    return [flag, other]


ROWS = {"jeugdhulp_traject": [{"bsn": YUSUF, "status": "lopend", "specialisatie_ingezet": True}]}


async def test_where_silence_is_unknown_a_flag_is() -> None:
    """The source that answers does, and the flag of the other is unknown."""
    wanted = grants(CATALOGUE, Precision.FLAG)

    found = await read_fields(
        MemorySource(ROWS),
        WHO,
        wanted,
        Occasion(REFERENCE),
        silence_is_unknown=True,
    )

    assert found == {"specialisatie_ingezet": True, "ander": None}


@pytest.mark.parametrize(("precision", "borne"), [(Precision.EXACT, True), (Precision.FLAG, False)])
async def test_else_silence_refuses(precision: Precision, *, borne: bool) -> None:
    """What is no flag, and every purpose that does not say otherwise, is refused."""
    wanted = grants(CATALOGUE, precision)

    with pytest.raises(SourceFailed):
        await read_fields(
            MemorySource(ROWS),
            WHO,
            wanted,
            Occasion(REFERENCE),
            silence_is_unknown=borne,
        )


async def test_silence_on_all_sides_refuses() -> None:
    """Nothing but unknowns is no answer."""
    wanted = grants(CATALOGUE, Precision.FLAG)

    with pytest.raises(SourceFailed):
        await read_fields(
            MemorySource({}),
            WHO,
            wanted,
            Occasion(REFERENCE),
            silence_is_unknown=True,
        )
