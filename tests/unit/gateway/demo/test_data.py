"""The demo set on any day: the story holds because everybody stays as old as they were."""

import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalogue.values.days import age_on
from gateway.demo.data import load_clients, tables_of
from gateway.errors import DemoInvalid
from tests.builders import REFERENCE, ROOT, YUSUF

CLIENTS = ROOT / "deploy" / "demo" / "clients.json"
PEOPLE = [p["brp"] for p in json.loads(CLIENTS.read_text("utf-8"))["clienten"].values()]
AGES = {p["bsn"]: age_on(dt.date.fromisoformat(p["geboortedatum"]), REFERENCE) for p in PEOPLE}
EIGHTEEN_TODAY = "999912410"


def ages_on(today: dt.date) -> dict[str, int]:
    """Return how old everybody is today in the set that is loaded today."""
    rows = tables_of(CLIENTS, today)["brp"]
    return {r["bsn"]: age_on(dt.date.fromisoformat(r["geboortedatum"]), today) for r in rows}


@settings(deadline=None, max_examples=60)
@given(today=st.dates(dt.date(2024, 1, 1), dt.date(2040, 12, 31)))
def test_everybody_is_as_old_as_on_the_reference_date(today: dt.date) -> None:
    """Whatever the day, the ages are those of the story."""
    assert ages_on(today) == AGES


@pytest.mark.parametrize(
    "today", ["2024-02-28", "2024-02-29", "2024-03-01", "2028-02-29", "2025-02-28", "2032-12-31"]
)
def test_leap_days_make_nobody_older(today: str) -> None:
    """Around 29 February nobody gains or loses a year."""
    assert ages_on(dt.date.fromisoformat(today)) == AGES


@settings(deadline=None, max_examples=60)
@given(today=st.dates(dt.date(2024, 1, 1), dt.date(2040, 12, 31)))
def test_who_turns_eighteen_turns_eighteen_today(today: dt.date) -> None:
    """Sanne is eighteen today, and was seventeen yesterday."""
    (row,) = (r for r in tables_of(CLIENTS, today)["brp"] if r["bsn"] == EIGHTEEN_TODAY)
    born = dt.date.fromisoformat(row["geboortedatum"])

    assert age_on(born, today) == 18
    assert age_on(born, today - dt.timedelta(days=1)) in {17, 18}


def test_on_the_reference_date_nothing_is_moved() -> None:
    """The set as it was written is the set of its own day."""
    rows = tables_of(CLIENTS, REFERENCE)["brp"]

    assert {r["bsn"]: r["geboortedatum"] for r in rows} == {
        p["bsn"]: p["geboortedatum"] for p in PEOPLE
    }


def test_other_days_move_with_today() -> None:
    """A case that began 147 days before the story began 147 days before today."""
    later = tables_of(CLIENTS, REFERENCE + dt.timedelta(days=1000))["casus"]
    now = tables_of(CLIENTS, REFERENCE)["casus"]

    moved = {
        dt.date.fromisoformat(b["datum_start"]) - dt.date.fromisoformat(a["datum_start"])
        for a, b in zip(now, later, strict=True)
    }
    assert moved == {dt.timedelta(days=1000)}


def test_the_register_holds_what_the_story_needs(tmp_path: Path) -> None:
    """The loaded file has typed columns, joined givers and an index on the person."""
    load_clients(CLIENTS, tmp_path / "bron.db", REFERENCE)

    with closing(sqlite3.connect(tmp_path / "bron.db")) as connection:
        flag = connection.execute(
            "SELECT specialisatie_ingezet FROM jeugdhulp_traject WHERE bsn = ?", (YUSUF,)
        ).fetchone()
        givers = connection.execute(
            "SELECT gegeven_door FROM toestemming WHERE bsn = ?", (YUSUF,)
        ).fetchone()
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM jeugdhulp_traject WHERE bsn = '1'"
        ).fetchone()

    assert (flag, givers) == ((1,), ("jeugdige+ouder",))
    assert "jeugdhulp_traject_by_person" in str(plan)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"peildatum": "2026-03-02"}',
        '{"peildatum": "ooit", "clienten": {}}',
        '{"peildatum": "2026-03-02", "clienten": {"K": {"brp": {}}}}',
        '{"peildatum": "2026-03-02", "clienten": {"K": {"brp": {"bsn": "1", "a b": 2}}}}',
    ],
)
def test_a_set_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """A demo set that cannot be read says so."""
    (tmp_path / "clients.json").write_text(text)

    with pytest.raises(DemoInvalid):
        load_clients(tmp_path / "clients.json", tmp_path / "bron.db", REFERENCE)


def test_a_set_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """So does one that is missing."""
    with pytest.raises(DemoInvalid):
        load_clients(tmp_path / "weg.json", tmp_path / "bron.db", REFERENCE)
