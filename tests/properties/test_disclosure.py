"""Over many requests, good and bad: the least leaves, each decision stands once, nothing leaks."""

import asyncio
import logging
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from gateway.catalogue.model import Precision
from gateway.identity.clients import Hat
from gateway.mosaic.store import FreeGuard
from tests.builders import (
    BRAM,
    CARE_WORKER,
    CONSULTANT,
    HENK,
    LISA,
    MOTIVATION,
    NOBODY,
    OTHER_SCHOOL,
    SANNE,
    SCHOOL,
    WMO,
    YUSUF,
    Body,
    House,
    feedback,
    flag,
    open_house,
    scooter,
)
from tests.fakes_decision import catalogue

CANARY = "kanarie"
HATS = (CONSULTANT, CARE_WORKER, SCHOOL, OTHER_SCHOOL, WMO)
PEOPLE = (YUSUF, SANNE, HENK, LISA, BRAM, NOBODY, "999911234", "", "Yusuf Demir")
# What a decision needs stays; everything else that the register says becomes a canary.
KEPT = {"bsn", "status", "geboortedatum", "casus_id", "soort", "doel", "verwerking"}
KEPT |= {"organisatie", "van", "tot", "gegeven_door", "gegeven_op", "ingetrokken_op"}
KEPT |= {"geldig_tot", "bevestigd_op", "relevant_voor_hulpvraag"}
EXACT = {
    grant.column
    for purpose in catalogue().purposes.values()
    for grant in purpose.fields.values()
    if grant.precision is Precision.EXACT
}


class Cage:
    """A gateway over a register of canaries, with its own loop."""

    def __init__(
        self,
        house: House,
        register: Path,
        canaries: frozenset[str],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.house = house
        self.register = register
        self.canaries = canaries
        self.loop = loop
        self.numbers = count()

    def ask(self, body: object, hat: Hat, **headers: str) -> httpx.Response:
        """Ask and wait for the answer."""
        return self.loop.run_until_complete(self.house.ask(body, hat, **headers))

    def rename(self, before: str, after: str) -> None:
        """Take a table away, or give it back."""
        with closing(sqlite3.connect(self.register)) as connection, connection:
            connection.execute(f"ALTER TABLE {before} RENAME TO {after}")


def plant(register: Path) -> frozenset[str]:
    """Turn every text and number of the register into a canary of its own; return them all."""
    planted: set[str] = set()
    with closing(sqlite3.connect(register)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if column in KEPT or kind == "BOOLEAN":
                    continue
                rows = connection.execute(f"SELECT rowid FROM {table}").fetchall()  # noqa: S608
                for (row,) in rows:
                    canary = _canary(len(planted), kind)
                    planted.add(str(canary))
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608
                        (canary, row),
                    )
    return frozenset(planted)


def _canary(number: int, kind: str) -> str | int | float:
    if kind == "INTEGER":
        return 70_000_000 + number
    return 80_000_000.5 + number if kind == "REAL" else f"{CANARY}{number:05}"


@pytest.fixture(scope="module")
def cage(register_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    """Give a gateway over canaries, for the whole module."""
    folder = tmp_path_factory.mktemp("cage")
    register = Path(shutil.copy(register_template, folder / "bron.db"))
    canaries = plant(register)
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    cases = Path(shutil.copy(register_template, folder / "zaken.db"))
    opened = open_house(folder / "home", source=register, cases=cases)
    house = loop.run_until_complete(stack.enter_async_context(opened))
    # The same is asked thousands of times, and every permit is to be looked at.
    gate = replace(house.services.gate, guard=FreeGuard())
    house.rewire(replace(house.services, gate=gate))
    yield Cage(house, register, canaries, loop)
    loop.run_until_complete(stack.aclose())
    loop.close()


FIELDS = st.sampled_from(
    [
        *{name for purpose in catalogue().purposes.values() for name in purpose.fields},
        *catalogue().fields,
        "aantal_huisdieren",
    ]
)
NAMES = st.one_of(st.just(""), st.sampled_from(list(catalogue().tasks)), st.text(max_size=20))


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    """Draw a request that is in order in most of its members."""
    make, own = draw(st.sampled_from([(flag, YUSUF), (feedback, YUSUF), (scooter, HENK)]))
    changes: Body = {"subject": {"type": "bsn", "value": own}}
    if draw(st.integers(0, 3)) == 0:
        changes["subject"]["value"] = draw(st.sampled_from(PEOPLE))
    if draw(st.booleans()):
        changes["fields"] = draw(st.lists(FIELDS, max_size=6))
        if draw(st.booleans()):
            changes["justifications"] = dict.fromkeys(changes["fields"], MOTIVATION)
    if draw(st.booleans()):
        changes["over_asking"] = draw(st.sampled_from(["refuse", "withhold", "alles"]))
    if draw(st.integers(0, 5)) == 0:
        member = draw(st.sampled_from(["task", "activity", "purpose", "case", "fields"]))
        changes[member] = draw(st.one_of(NAMES, st.lists(NAMES, max_size=3), st.none()))
    drawn: Body = make(**changes)
    return drawn


@st.composite
def hatted(draw: st.DrawFn) -> tuple[Body, Hat]:
    """Draw a request with the hat that fits it, or now and then another."""
    body = draw(bodies())
    fitting = {"jeugd-toeleiding": CONSULTANT, "onderwijs-zorgplicht": SCHOOL, "wmo-onderzoek": WMO}
    other = draw(st.integers(0, 5)) == 0
    task = body.get("task")
    own = fitting.get(task, CONSULTANT) if isinstance(task, str) else CONSULTANT
    return body, draw(st.sampled_from(HATS)) if other else own


def granted(answer: Body, body: Body) -> bool:
    """Tell whether what left is within what the purpose grants, and no finer."""
    declared = body["purpose"]
    purpose = catalogue().purposes[declared if isinstance(declared, str) else declared[0]]
    asked = set(body["fields"]) if body.get("fields") is not None else set(purpose.minimal)
    return set(answer["data"]) <= asked & (purpose.fields.keys() - set(purpose.never)) and all(
        Precision[value["precision"].upper()] <= purpose.fields[name].precision
        for name, value in answer["data"].items()
    )


def leaks(text: str, canaries: frozenset[str]) -> set[str]:
    """Return the canaries, and numbers of persons, in a text."""
    words = set(re.findall(rf"{CANARY}\d{{5}}|[78]\d{{7}}(?:\.5)?", text))
    return (words & canaries) | {bsn for bsn in PEOPLE if bsn.isdigit() and bsn in text}


COMMON = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@COMMON
@given(request=hatted())
def test_what_leaves_is_what_the_purpose_grants(cage: Cage, request: tuple[Body, Hat]) -> None:
    """Released fields are asked and granted, at no finer precision; the entry says the same."""
    body, hat = request
    before = cage.house.size

    response = cage.ask(body, hat)

    answer = response.json()
    leaves = cage.house.leaves(before)
    released = [leaf.get("released", []) for leaf in leaves]
    assert response.status_code in {200, 400, 403}
    assert len(leaves) == (0 if response.status_code == 400 else 1)
    assert response.status_code != 200 or granted(answer, body)
    assert [{each["field"] for each in fields} for fields in released] == [
        set(answer.get("data", ())) for _ in leaves
    ]


@COMMON
@given(
    request=hatted(),
    gone=st.sampled_from([None, None, None, "brp", "jeugdhulp_traject", "jeugd_toegang"]),
    with_key=st.booleans(),
)
def test_no_canary_leaves(
    cage: Cage,
    request: tuple[Body, Hat],
    gone: str | None,
    with_key: bool,  # noqa: FBT001
) -> None:
    """No value of the register leaves but a granted one: not in errors, log records or entries."""
    body, hat = request
    headers = {"idempotency_key": f"sleutel-{next(cage.numbers)}"} if with_key else {}
    records = Records()
    before = cage.house.size
    if gone:
        cage.rename(gone, "weg")
    try:
        with records.listening():
            response = cage.ask(body, hat, **headers)
    finally:
        if gone:
            cage.rename("weg", gone)

    answer = response.json()
    exact = {
        str(value["value"])
        for value in answer.get("data", {}).values()
        if value["precision"] == "exact"
    }
    entries = str(cage.house.leaves(before))
    assert leaks(response.text, cage.canaries) - set(re.findall(r"[a-z0-9.]+", str(exact))) == set()
    assert leaks(entries, cage.canaries) == set()
    assert leaks(records.text, cage.canaries) == set()
    assert len(cage.house.leaves(before)) == (0 if response.status_code == 400 else 1)


class Records(logging.Handler):
    """Every log record of every logger, as text, at the finest level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, its arguments and its traceback."""
        self.text += f"{record.getMessage()} {record.args!r} {record.exc_info!r}\n"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen on the root logger for the length of a with block."""
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.removeHandler(self)
            root.setLevel(level)


def test_the_canaries_are_really_there(cage: Cage) -> None:
    """A granted exact value is a canary, so the tests above look at a register full of them."""
    answer = cage.ask(feedback(), SCHOOL).json()

    assert answer["data"]["contactpersoon_toegang"]["value"] in cage.canaries
    assert len(cage.canaries) > 500
    assert "contactpersoon" in EXACT


def test_a_log_record_would_be_seen() -> None:
    """The listener hears what any logger says at the finest level."""
    records = Records()

    with records.listening():
        logging.getLogger("ergens").debug("%s vliegt", CANARY)

    assert CANARY in records.text
