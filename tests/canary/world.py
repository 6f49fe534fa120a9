"""The demo register with a canary in every cell: whatever of it turns up somewhere can be named.

A text becomes a marker that nobody can guess, each item of a list one of its own, a number one of
twelve digits, a day one of a century in which nothing else happens. Yes and no have no room, and an
empty cell stays empty. A birth date keeps the age, and a number of a person is a canary already.
In a world that `flows` the columns by which purposes choose rows keep what they say, so that there
are permits; in the other one these are canaries too.
"""

import datetime as dt
import json
import re
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from tests.canary.policy import compared_columns

MARK = "CNRY"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PERSON = "bsn"
_BIRTH = "geboortedatum"
_FIRST_DAY, _DAYS = dt.date(2110, 1, 1), 5_000
# Figures about people who are no clients of the demo, and the tables of the gateway itself.
_OTHERS = frozenset({"participatieladder", "doorbraak", "aggregaat"})


@dataclass(frozen=True)
class Cell:
    """One value of the register: whose, in which table and column, and the whole row."""

    bsn: str
    table: str
    column: str
    row: Mapping[str, object]


@dataclass(frozen=True)
class World:
    """A register of canaries, where each of them sits, and every number of a person in it."""

    register: Path
    canaries: Mapping[str, Cell]
    bsns: frozenset[str]
    clients: tuple[str, ...]


@dataclass
class _Nest:
    """Gives canaries, each once."""

    random: Random
    today: dt.date
    given: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)

    def text(self) -> str:
        """Return a marker."""
        tail = "".join(self.random.choice(_LETTERS) for _ in range(10))
        return f"{MARK}-{len(self.given):04}-{tail}"

    def number(self) -> int:
        """Return twelve digits."""
        return self.random.randrange(10**11 + 1, 10**12 - 1)

    def day(self) -> str:
        """Return a day on which nothing else happens."""
        return self._fresh(_FIRST_DAY, _DAYS)

    def birth_date(self, born: str) -> str:
        """Return another day that makes somebody just as old today."""
        day = dt.date.fromisoformat(born)
        today = self.today
        age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
        last = today.replace(year=today.year - age, day=min(today.day, 28))
        return self._fresh(last - dt.timedelta(days=330), 300)

    def _fresh(self, first: dt.date, days: int) -> str:
        """Return one of so many days from the first, which was not given before."""
        free = [first + dt.timedelta(days=each) for each in range(days)]
        return self.random.choice([d for d in free if d.isoformat() not in self.given]).isoformat()


def plant(template: Path, target: Path, today: dt.date, *, flows: bool = True) -> World:
    """Copy a demo register to `target` with canaries in it; the same ones in every run."""
    shutil.copy(template, target)
    kept = compared_columns() if flows else frozenset()
    nest = _Nest(Random(f"canaries of {flows}"), today)  # noqa: S311 (the same in every run)
    with closing(sqlite3.connect(target)) as connection, connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in sorted(names):
            if _is_a_register(connection, table):
                _plant_table(connection, table, nest, kept)
        cells = {mark: _cell(connection, place) for mark, place in nest.given.items()}
        bsns = frozenset().union(*(_numbers(connection, name) for name in names))
        clients = tuple(sorted(_numbers(connection, "brp")))
    return World(target, cells, bsns, clients)


def _is_a_register(connection: sqlite3.Connection, table: str) -> bool:
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return _PERSON in columns and table not in _OTHERS and "id" not in columns


def _numbers(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    if _PERSON not in columns:
        return frozenset()
    found = connection.execute(f"SELECT DISTINCT {_PERSON} FROM {table}")  # noqa: S608
    return frozenset(str(bsn) for (bsn,) in found if re.fullmatch(r"\d{9}", str(bsn)))


def _plant_table(
    connection: sqlite3.Connection, table: str, nest: _Nest, kept: frozenset[tuple[str, str]]
) -> None:
    kinds = {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
    columns = [
        name
        for name, kind in kinds.items()
        if name != _PERSON and kind != "BOOLEAN" and (table, name) not in kept
    ]
    rows = connection.execute(
        f"SELECT rowid, {_PERSON}, {', '.join(columns) or 'NULL'} FROM {table}"  # noqa: S608
    ).fetchall()
    for number, bsn, *values in rows:
        for column, value in zip(columns, values, strict=False):
            place = (str(bsn), table, column, int(number))
            planted = _planted(nest, place, value)
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608
                (planted, number),
            )


def _planted(  # noqa: PLR0911 (one for each kind of value)
    nest: _Nest, place: tuple[str, str, str, int], value: object
) -> object:
    """Return a canary of the same kind, and remember where it sits."""
    match value:
        case str() if value.startswith("["):
            return json.dumps([_given(nest, place, nest.text()) for _ in json.loads(value)])
        case str() if _DAY.fullmatch(value) and place[2] == _BIRTH:
            return _given(nest, place, nest.birth_date(value))
        case str() if _DAY.fullmatch(value):
            return _given(nest, place, nest.day())
        case str():
            return _given(nest, place, nest.text())
        case int():
            return int(_given(nest, place, str(nest.number())))
        case float():
            return float(_given(nest, place, str(nest.number()))) + 0.5
        case _:
            return value


def _given(nest: _Nest, place: tuple[str, str, str, int], mark: str) -> str:
    assert mark not in nest.given
    nest.given[mark] = place
    return mark


def _cell(connection: sqlite3.Connection, place: tuple[str, str, str, int]) -> Cell:
    bsn, table, column, number = place
    cursor = connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (number,))  # noqa: S608
    names: Sequence[str] = [each[0] for each in cursor.description]
    return Cell(bsn, table, column, dict(zip(names, cursor.fetchone(), strict=True)))


@cache
def guessed() -> str:
    """Return a marker that stands in no register: what a caller puts into a request."""
    return f"{MARK}-9999-{'invoer' * 2}"[:20]
