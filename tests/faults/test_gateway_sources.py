"""A register or case store that is gone, locked, slow or full of nonsense: a recorded refusal."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cases.finder import FactFinder
from gateway.cases.opening import open_cases
from gateway.sources.sql import SqlSource
from tests.builders import SCHOOL, WMO, House, feedback, flag, open_house, scooter
from tests.fakes import MemoryCases

pytestmark = pytest.mark.anyio


def change(database: Path, *statements: str) -> None:
    """Change a database behind the gateway's back."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def remove(database: Path) -> None:
    """Take the file away; whoever has it open still holds it."""
    database.unlink()


def deliver(fresh: Path, database: Path) -> None:
    """Put a new file in the place of the old, as a nightly delivery does."""
    fresh.replace(database)


def spoil(database: Path) -> None:
    """Put something else into the file."""
    database.write_bytes(b"geen database" * 1_000)


async def assert_technical(house: House, body: dict[str, object], code: str) -> None:
    """Check that the answer is a recorded refusal of step 0, and that nothing left."""
    before = house.size

    response = await house.ask(body)

    answer = response.json()
    (leaf,) = house.leaves(before)
    assert response.status_code == 403
    assert (answer["step"], [reason["code"] for reason in answer["reasons"]]) == (0, [code])
    assert answer["receipt"]["index"] == before
    assert (leaf["type"], leaf["refused"]) == ("refusal", [{"code": code, "step": 0}])
    assert "data" not in answer


async def test_a_table_that_is_gone_refuses(house: House, register: Path) -> None:
    """When the table behind a permitted field is gone, the request is refused and recorded."""
    change(register, "DROP TABLE jeugdhulp_traject")

    await assert_technical(house, flag(), "SOURCE_FAILED")


async def test_a_column_that_is_gone_refuses(house: House, register: Path) -> None:
    """When the column behind a permitted field is gone, the request is refused and recorded."""
    change(register, "ALTER TABLE jeugdhulp_traject RENAME specialisatie_ingezet TO anders")

    await assert_technical(house, flag(), "SOURCE_FAILED")


async def test_a_table_that_comes_back_is_read_again(house: House, register: Path) -> None:
    """After a failure the next request tries again, on a new connection."""
    change(register, "ALTER TABLE jeugdhulp_traject RENAME TO weg")
    await assert_technical(house, flag(), "SOURCE_FAILED")
    change(register, "ALTER TABLE weg RENAME TO jeugdhulp_traject")

    response = await house.ask(flag())

    assert response.status_code == 200


async def test_a_register_that_is_gone_refuses(house: House, register: Path) -> None:
    """When the file of the register is gone, the first request after that is refused."""
    released = await house.ask(flag())
    remove(register)

    assert released.status_code == 200
    await assert_technical(house, flag(), "FACT_MISSING")


async def test_a_register_that_is_replaced_is_read_anew(house: House, register: Path) -> None:
    """When a nightly delivery replaces the file, the next answer holds the new value."""
    first = (await house.ask(flag())).json()
    fresh = register.with_name("nieuw.db")
    shutil.copy(register, fresh)
    change(fresh, "UPDATE jeugdhulp_traject SET specialisatie_ingezet = 0")
    deliver(fresh, register)

    second = (await house.ask(flag())).json()

    assert first["data"]["specialisatie_ingezet"]["value"] is True
    assert second["data"]["specialisatie_ingezet"]["value"] is False


async def test_a_locked_register_refuses_at_once(
    register: Path, cases_file: Path, tmp_path: Path
) -> None:
    """A writer that holds the register makes nobody wait: the request is refused and recorded."""
    with closing(sqlite3.connect(register, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE").fetchall()
        async with open_house(tmp_path / "home", source=register, cases=cases_file) as house:
            other.execute("BEGIN EXCLUSIVE")
            await assert_technical(house, flag(), "FACT_MISSING")
            other.execute("ROLLBACK")

            response = await house.ask(flag())

    assert response.status_code == 200


async def test_a_register_that_is_no_database_refuses(house: House, register: Path) -> None:
    """When the file holds something else, the request is refused and recorded."""
    await house.ask(flag())
    spoil(register)

    await assert_technical(house, flag(), "FACT_MISSING")


class Ticking:
    """A clock that moves on by a second at every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time, a second later than the last time."""
        self.now_s += 1
        return self.now_s


async def test_a_slow_register_is_cut_off(house: House, register: Path) -> None:
    """A read that passes its deadline is stopped; the request is refused and recorded."""
    change(
        register,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO jeugdhulp_traject (bsn, status) SELECT 'x' || i, 'lopend' FROM n",
        "DROP INDEX jeugdhulp_traject_by_person",
    )
    slow = SqlSource(f"sqlite:///{register}", monotonic_s=Ticking())
    house.rewire(replace(house.services, gate=replace(house.services.gate, source=slow)))

    await assert_technical(house, flag(), "SOURCE_FAILED")
    slow.close()


async def test_a_register_in_time_is_not_cut_off(house: House, register: Path) -> None:
    """The same deadline lets a short read through."""
    quick = SqlSource(f"sqlite:///{register}", monotonic_s=Ticking())
    house.rewire(replace(house.services, gate=replace(house.services.gate, source=quick)))

    response = await house.ask(flag())

    assert response.status_code == 200
    quick.close()


@pytest.mark.parametrize(
    "garbage",
    ["'ja'", "'xkcdgeheim'", "2", "x'786b6364'", "1.5", "NULL", "-1"],
)
async def test_garbage_where_a_flag_should_be_is_unknown(
    house: House, register: Path, garbage: str
) -> None:
    """A flag is yes, no or unknown; whatever else the source holds never leaves."""
    change(register, f"UPDATE jeugdhulp_traject SET specialisatie_ingezet = {garbage}")  # noqa: S608

    response = await house.ask(flag())

    assert response.status_code == 200
    assert response.json()["data"]["specialisatie_ingezet"]["value"] is None
    assert "xkcd" not in response.text


async def test_text_that_is_no_unicode_refuses(house: House, register: Path) -> None:
    """A text that cannot be read is a failure of the source, and stands nowhere."""
    change(register, "UPDATE jeugd_toegang SET contactpersoon = CAST(x'786b6364ff' AS TEXT)")
    before = house.size

    response = await house.ask(feedback(), SCHOOL)

    assert response.status_code == 403
    assert response.json()["reasons"][0]["code"] == "SOURCE_FAILED"
    assert "xkcd" not in response.text + str(house.leaves(before))


@pytest.mark.parametrize(
    "birth_date",
    ["NULL", "''", "'gisteren'", "'2011-02-30'", "7", "x'00'", "'2031-05-14'"],
    ids=["none", "empty", "a word", "no such day", "a number", "bytes", "in the future"],
)
async def test_a_birth_date_that_is_none_refuses(
    house: House, register: Path, birth_date: str
) -> None:
    """Without a credible birth date the age is unknown, and unknown refuses."""
    change(register, f"UPDATE brp SET geboortedatum = {birth_date}")  # noqa: S608

    await assert_technical(house, flag(), "FACT_MISSING")


async def test_two_people_under_one_number_refuse(house: House, register: Path) -> None:
    """When the register contradicts itself about a person, the age is unknown."""
    change(register, "INSERT INTO brp SELECT * FROM brp")

    await assert_technical(house, flag(), "FACT_MISSING")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE case_record",
        "DROP TABLE case_party",
        "UPDATE case_record SET phase = 'anders'",
        "UPDATE case_record SET kind = ''",
        "UPDATE case_party SET since = 'ooit'",
        "UPDATE case_party SET organisation = x'00'",
        "DROP TABLE confirmation",
        "UPDATE confirmation SET confirmed_on = ''",
    ],
)
async def test_a_broken_case_store_refuses(house: House, cases_file: Path, statement: str) -> None:
    """When the case store cannot tell, the fact is missing: refused and recorded."""
    change(cases_file, statement)

    await assert_technical(house, flag(), "FACT_MISSING")


@pytest.mark.parametrize(
    "statement", ["DROP TABLE consent", "UPDATE consent SET given_on = 'onlangs'"]
)
async def test_consents_that_cannot_be_read_refuse(
    house: House, cases_file: Path, statement: str
) -> None:
    """Unknown consent is no consent."""
    change(cases_file, statement)
    before = house.size

    response = await house.ask(feedback(), SCHOOL)

    assert response.status_code == 403
    assert response.json()["reasons"][0]["code"] == "FACT_MISSING"
    assert house.size == before + 1


async def test_a_case_store_that_is_down_refuses(house: House) -> None:
    """When the case store does not answer at all, every request is refused and recorded."""
    source = house.services.gate.source
    gate = replace(house.services.gate, facts=FactFinder(MemoryCases(broken=True), source))
    house.rewire(replace(house.services, gate=gate))

    await assert_technical(house, flag(), "FACT_MISSING")


async def test_a_case_store_elsewhere_can_go_away(house: House, cases_file: Path) -> None:
    """A file that is gone before its first read refuses what needs it."""
    fallen = open_cases(f"sqlite:///{cases_file}")
    remove(cases_file)
    finder = FactFinder(fallen, house.services.gate.source)
    house.rewire(replace(house.services, gate=replace(house.services.gate, facts=finder)))

    await assert_technical(house, flag(), "FACT_MISSING")
    fallen.close()


async def test_a_failing_source_leaves_others_alone(house: House, register: Path) -> None:
    """A request about another table is answered as ever."""
    change(register, "DROP TABLE jeugdhulp_traject")

    response = await house.ask(scooter(), WMO)

    assert response.status_code == 200
