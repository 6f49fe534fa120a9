"""The SQL adapter, by the statements that reach the database."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.catalogue.model import Catalogue
from gateway.errors import SourceFailed, SourceInvalid
from gateway.identity.clients import Hat
from gateway.sources.source import Query, Row, plan
from gateway.sources.sql import SqlSource
from gateway.subject import Subject, parse_bsn
from tests.builders import (
    CONSULTANT,
    HENK,
    MOTIVATION,
    SCHOOL,
    WMO,
    YUSUF,
    House,
    feedback,
    flag,
    scooter,
)
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

WHO = parse_bsn(YUSUF)


@pytest.fixture
def source(register: Path) -> Iterator[SqlSource]:
    """Give the register of the demo set."""
    opened = SqlSource(f"sqlite:///{register}")
    yield opened
    opened.close()


class Traced:
    """A driver's connection that remembers each statement and the values bound to it."""

    def __init__(self, inner: sqlite3.Connection) -> None:
        self._inner = inner
        self.seen: list[tuple[str, tuple[object, ...]]] = []

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Remember and pass on."""
        self.seen.append((statement, tuple(values)))
        return self._inner.execute(statement, values)


def statements_of(source: SqlSource) -> list[str]:
    """Return the list into which SQLite itself writes every statement, values filled in."""
    seen: list[str] = []
    source._driver().set_trace_callback(seen.append)
    return seen


@pytest.mark.parametrize(
    ("body", "hat", "expected"),
    [
        (
            flag(),
            CONSULTANT,
            ["SELECT specialisatie_ingezet FROM jeugdhulp_traject WHERE {YUSUF} AND {RUNNING}"],
        ),
        (flag(fields=["behandelplan_tekst"]), CONSULTANT, []),
        (
            feedback(),
            SCHOOL,
            ["SELECT contactpersoon, status_aanmelding FROM jeugd_toegang WHERE {YUSUF}"],
        ),
        (
            scooter(fields=["lopende_wmo_voorziening"]),
            WMO,
            ["SELECT 1 FROM wmo_voorziening WHERE {HENK} AND {RUNNING}"],
        ),
        (
            scooter(
                fields=["relevante_leefgebieden", "hulpvraag_categorie"],
                justifications={"relevante_leefgebieden": MOTIVATION},
            ),
            WMO,
            [
                "SELECT naam FROM zrm_leefgebied WHERE {HENK} AND relevant_voor_hulpvraag = 1",
                "SELECT hulpvraag_categorie FROM wmo_melding WHERE {HENK}",
            ],
        ),
    ],
)
async def test_only_the_columns_behind_the_permitted_fields_are_read(
    house: House, body: dict[str, object], hat: Hat, expected: list[str]
) -> None:
    """Beside the birth date of a condition, the database sees just these statements."""
    source = house.services.gate.source
    assert isinstance(source, SqlSource)
    seen = statements_of(source)

    await house.ask(body, hat)

    about_age = "SELECT geboortedatum FROM brp WHERE {YUSUF}"
    plain = [plainly(statement) for statement in seen]
    assert [each for each in plain if each != about_age] == expected
    assert plain.count(about_age) <= 1


def plainly(statement: str) -> str:
    """Return a statement without the names of tables before columns, and with short conditions."""
    words = re.sub(r"\w+\.(\w+)", r"\1", " ".join(statement.split()))
    words = words.replace("status = 'lopend'", "{RUNNING}").removesuffix(" LIMIT 1000")
    words = words.removesuffix(" LIMIT 1")
    for name, bsn in (("YUSUF", YUSUF), ("HENK", HENK)):
        words = words.replace(f"bsn = '{bsn}'", f"{{{name}}}")
    return words


async def test_the_number_is_a_bound_parameter(source: SqlSource) -> None:
    """The statement itself never holds the number; it is bound, as are the conditions."""
    traced = Traced(source._driver())
    source._driver = lambda: traced  # type: ignore[method-assign,assignment,return-value]

    await source.rows(WHO, [Query("jeugdhulp_traject", ("aanbieder",), (("status", "lopend"),))])

    ((statement, values),) = traced.seen
    assert YUSUF not in statement
    assert "lopend" not in statement
    assert values == (YUSUF, "lopend")


async def test_a_number_that_is_sql_is_a_number(source: SqlSource) -> None:
    """Whatever stands in the place of the number is compared, never run."""
    trick = Subject("bsn", "x' OR '1'='1")

    (rows,) = await source.rows(trick, [Query("brp", ("voornamen",), ())])

    assert rows == []


async def test_the_register_cannot_be_written(source: SqlSource) -> None:
    """The file is opened read-only."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        source._driver().execute("DELETE FROM brp")


async def test_yes_and_no_come_as_such(source: SqlSource) -> None:
    """A column that the register declares as yes or no holds these, not 1 and 0."""
    query = Query("jeugdhulp_traject", ("specialisatie_ingezet", "volume_eenheden"), ())

    (rows,) = await source.rows(WHO, [query])

    assert rows == [{"specialisatie_ingezet": True, "volume_eenheden": 36}]


async def test_a_table_that_the_source_does_not_have_fails(source: SqlSource) -> None:
    """An unknown table or column is a failure, told without its values."""
    with pytest.raises(SourceFailed) as caught:
        await source.rows(WHO, [Query("bestaat_niet", ("naam",), ())])

    assert YUSUF not in repr(caught.value.__cause__)


async def test_the_text_of_the_driver_is_not_passed_on(source: SqlSource, register: Path) -> None:
    """What the driver says may hold a row, so only its kind is kept."""
    with closing(sqlite3.connect(register)) as other, other:
        other.execute("UPDATE brp SET voornamen = CAST(x'67656865696dff' AS TEXT)")

    with pytest.raises(SourceFailed) as caught:
        await source.rows(WHO, [Query("brp", ("voornamen",), ())])

    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"
    assert str(caught.value.__cause__) == "OperationalError"


def test_a_catalogue_that_fits_passes(source: SqlSource) -> None:
    """The demo register has everything that the policy names."""
    source.check(catalogue())


def renamed(**changes: object) -> Catalogue:
    """Return the catalogue with the flag read from somewhere else."""
    policy = catalogue()
    purpose = policy.purposes["lichte-of-zware-hulp"]
    name = "specialisatie_ingezet"
    grant = replace(purpose.fields[name], **changes)  # type: ignore[arg-type]
    changed = replace(purpose, fields={**purpose.fields, name: grant})
    return replace(policy, purposes={**policy.purposes, purpose.id: changed})


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"table": "elders"}, "elders"),
        ({"column": "elders"}, "elders"),
        ({"where": (("elders", "x"),)}, "elders"),
    ],
)
def test_a_catalogue_that_does_not_fit_is_told(
    source: SqlSource, changes: dict[str, object], missing: str
) -> None:
    """A table or column that the register lacks is named."""
    with pytest.raises(SourceInvalid, match=missing):
        source.check(renamed(**changes))


@pytest.mark.parametrize("url", ["", "bron.db", "sqlite://", "sqlite:///", "postgresql:///bron"])
def test_an_address_of_another_form_is_refused(url: str) -> None:
    """An SQL source is written in one way."""
    with pytest.raises(SourceInvalid):
        SqlSource(url)


def test_a_register_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A mistyped path is an error; no empty register appears."""
    with pytest.raises(SourceInvalid):
        SqlSource(f"sqlite:///{tmp_path / 'weg.db'}")

    assert list(tmp_path.iterdir()) == []


def renamed_to(register: Path, name: str) -> Path:
    """Give the register another name."""
    return register.rename(register.with_name(name))


@pytest.mark.parametrize("name", ["met spatie.db", "50%.db", "vraag?.db", "hekje#.db", "é.db"])
async def test_any_file_name_works(register: Path, name: str) -> None:
    """A name may hold what has a meaning in addresses."""
    path = renamed_to(register, name)
    source = SqlSource(f"sqlite:///{path}")

    (rows,) = await source.rows(WHO, [Query("brp", ("voornamen",), ())])

    source.close()
    assert rows == [{"voornamen": "Yusuf"}]


def test_a_plan_asks_for_each_table_once() -> None:
    """Fields of the same rows share a query; a field that only asks whether brings no column."""
    grants = list(catalogue().purposes["lichte-of-zware-hulp"].fields.values())
    grants += [catalogue().purposes["hulpvraag-afbakenen"].fields["lopende_wmo_voorziening"]]

    queries = plan(grants)

    assert queries == (
        Query(
            "jeugdhulp_traject",
            ("specialisatie_ingezet", "verwachte_duur_maanden"),
            (("status", "lopend"),),
        ),
        Query("wmo_voorziening", (), (("status", "lopend"),)),
    )


async def test_whether_there_is_a_row_brings_nothing_of_it(source: SqlSource) -> None:
    """The question whether there is any row brings no column along."""
    (rows,) = await source.rows(WHO, [Query("jeugdhulp_traject", (), (("status", "lopend"),))])

    found: Sequence[Row] = rows
    assert found == [{}]
