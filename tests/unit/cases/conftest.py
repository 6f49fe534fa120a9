"""A desk over a real store, for the tests of steps and of consents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cases.desk import Desk
from gateway.cases.sqlite import SqliteDatabase
from tests.case_steps import NOW
from tests.fakes_cases import Clock, MemoryLedger, UncertainCases, desk_over, new_store
from tests.fakes_decision import catalogue


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[UncertainCases]:
    """Give a real store whose commits a test can make fail."""
    new_store(tmp_path).close()
    book = UncertainCases(SqliteDatabase(tmp_path / "zaken.db"))
    yield book
    book.close()


@pytest.fixture
def made(store: UncertainCases) -> tuple[Desk, MemoryLedger]:
    """Give a desk over that store, and its ledger."""
    return desk_over(store, catalogue(), Clock(NOW))


@pytest.fixture
def desk(made: tuple[Desk, MemoryLedger]) -> Desk:
    """Give the desk."""
    return made[0]


@pytest.fixture
def ledger(made: tuple[Desk, MemoryLedger]) -> MemoryLedger:
    """Give the ledger of the desk."""
    return made[1]
