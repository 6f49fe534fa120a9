"""Consents that ran out are recorded once, in a file and in a database server alike."""

import asyncio
import datetime as dt
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from audit.errors import AppendFailed
from gateway.cases.desk import Desk
from gateway.cases.expiry import expire_consents
from gateway.cases.expiry_tables import statements_for
from gateway.cases.model import Consent, ConsentRecord
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.errors import CasesUnavailable, SourceFailed
from gateway.subject import parse_bsn
from tests.fakes_cases import Clock, MemoryLedger, desk_over
from tests.fakes_decision import catalogue
from tests.stores import migrated_in_file

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
DAY = dt.timedelta(days=1)
PERSON = parse_bsn("999925799")


def desks(pair: tuple[SqlCases, SqlCases]) -> tuple[Desk, Desk, MemoryLedger]:
    """Return the desks of both gateways, with one ledger."""
    one, ledger = desk_over(pair[0], catalogue(), Clock(NOW))
    other, _ = desk_over(pair[1], catalogue(), Clock(NOW))
    return one, replace(other, ledger=ledger, random=os.urandom), ledger


async def give(
    store: SqlCases,
    number: int,
    until: dt.date | None,
    withdrawn: dt.date | None = None,
    by: str = "gem-regie",
) -> None:
    """Keep a consent until this day."""
    given = Consent("v", frozenset({"betrokkene"}), TODAY - 9 * DAY, withdrawn, until, None, "doel")
    record = ConsentRecord(f"{number:032x}", f"{number + 9:032x}", PERSON, given, by)
    async with store.writing() as pen:
        await pen.give(record)


async def test_what_ran_out_has_an_entry_and_nothing_else_has(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Yesterday was its last day; who ends today, never, or was withdrawn, is left alone."""
    await give(pair[0], 1, TODAY - DAY)
    await give(pair[0], 2, TODAY)
    await give(pair[0], 3, None)
    await give(pair[0], 4, TODAY - DAY, withdrawn=TODAY - DAY)
    desk, _, ledger = desks(pair)

    await expire_consents(desk)

    (entry,) = ledger.drafts
    assert entry.members["step"] == "expired"
    assert entry.members["consent"] == f"{10:032x}"
    assert entry.members["role"] == "by_term"
    assert entry.subject == PERSON.as_bytes()
    assert PERSON.value not in str(entry.members)


async def test_an_end_is_recorded_once(pair: tuple[SqlCases, SqlCases]) -> None:
    """Again, after a restart, and by two gateways at once: one entry for each consent."""
    for number in range(5):
        await give(pair[0], number, TODAY - DAY)
    one, other, ledger = desks(pair)

    await asyncio.gather(expire_consents(one), expire_consents(other))
    await expire_consents(one)
    left = [await desk.settle() for desk in (one, other)]

    keys = sorted(str(draft.members["consent"]) for draft in ledger.drafts)
    assert keys == [f"{number + 9:032x}" for number in range(5)]
    assert left == [0, 0]


async def test_an_end_that_the_ledger_does_not_take_follows_later(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """The entry is kept with its marker, and recorded once the ledger is back."""
    await give(pair[0], 1, TODAY - DAY)
    desk, other, ledger = desks(pair)
    ledger.failures.append(AppendFailed("scripted"))

    await expire_consents(desk)
    before = len(ledger.drafts)
    await expire_consents(other)
    left = await other.settle()

    assert (before, left, ledger.steps) == (0, 0, ["expired"])


async def test_an_organisation_that_left_keeps_nobody_waiting(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """An entry cannot name it; the others are recorded all the same."""
    await give(pair[0], 1, TODAY - DAY, by="weg")
    await give(pair[0], 2, TODAY - DAY)
    desk, _, ledger = desks(pair)

    await expire_consents(desk)

    assert [draft.members["consent"] for draft in ledger.drafts] == [f"{11:032x}"]


async def test_an_end_that_another_gateway_noted_is_left_to_it(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Between the look and the writing another was faster: nothing is recorded twice."""
    await give(pair[0], 1, TODAY - DAY)
    desk, _, ledger = desks(pair)
    rival = Rival(pair[0], pair[1])

    await expire_consents(replace(desk, book=rival))

    assert ledger.drafts == []


class Rival(SqlCases):
    """A store in which another gateway notes an end right after it was found."""

    def __init__(self, store: SqlCases, other: SqlCases) -> None:
        super().__init__(store._database)
        self._other = other

    @override
    async def find_consent(self, consent_id: str) -> ConsentRecord | None:
        """Note the end, and return the consent."""
        async with self._other.writing() as pen:
            await pen.run(statements_for(self.kind).note, {"consent": consent_id})
        return await super().find_consent(consent_id)


async def test_a_store_that_is_silent_is_told(tmp_path: Path) -> None:
    """The chore fails by a kind that is foreseen, and is done again."""
    url = migrated_in_file(tmp_path)
    with closing(open_cases(url)) as store:
        desk, _ = desk_over(Silent(store._database), catalogue(), Clock(NOW))

        with pytest.raises(CasesUnavailable):
            await expire_consents(desk)


class Silent(SqlCases):
    """A store that answers nothing."""

    @override
    async def fetch(self, *_: object) -> list[list[object]]:
        """Give no answer."""
        raise SourceFailed("scripted")
