"""Entries of which nothing came are corrected; whatever was made is left alone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from audit.entry import Draft, EntryType, Json, Receipt, canonical
from audit.errors import AppendFailed
from audit.storage.contract import Entry
from gateway.api.state import desk_of
from gateway.background.unfinished import Unfinished
from gateway.cases.consents import give
from gateway.cases.desk import Appender, Desk
from gateway.cases.entries import case_draft, consent_draft
from gateway.cases.flow import begin, take
from gateway.cases.machine import Start, Step
from gateway.cases.model import CaseRecord
from gateway.catalogue.model import Beginning
from gateway.errors import SourceFailed
from gateway.moments import unix_ms
from gateway.subject import parse_bsn
from gateway.table.flow import TERM
from gateway.wiring import utc_now
from tests.builders import HENK, House
from tests.case_steps import CLOSE, CONSENT, PLAN
from tests.fakes_cases import COORDINATOR, TEAM, MemoryLedger

pytestmark = pytest.mark.anyio

LATER = dt.timedelta(minutes=6)
ASKED = Start("werkplan", Beginning.OWN_REQUEST, parse_bsn(HENK))


@pytest.fixture
def desk(house: House) -> Desk:
    """Give the desk of a gateway with a real ledger, some minutes from now."""
    house.clock.at = utc_now() + LATER
    return desk_of(house.services)


@dataclass
class Hindered:
    """A ledger that fails first, once for each of these."""

    ledger: Appender
    fails: list[Exception]

    async def append(self, draft: Draft) -> Receipt:
        """Record the entry, or fail."""
        if self.fails:
            raise self.fails.pop()
        return await self.ledger.append(draft)


def unfinished(house: House) -> Unfinished:
    """Return what a gateway begins with when it starts now."""
    return Unfinished(house.services.log, house.services.personal)


def corrected(house: House) -> list[str]:
    """Return the ids of the entries that were corrected."""
    return [str(leaf["entry"]) for leaf in house.leaves() if leaf["type"] == "correction"]


def begun(desk: Desk, record: CaseRecord) -> Draft:
    """Return the entry of a case that begins."""
    return case_draft(desk.catalogue, TEAM, record, Step.BEGUN, desk.new_entry_id())


def never_made(desk: Desk) -> CaseRecord:
    """Return a case that is in no store."""
    return desk.machine(TEAM).begin(ASKED, desk.new_key)


async def test_what_was_made_is_left_alone(house: House, desk: Desk) -> None:
    """A case, its next version and a consent stand in the store, so their entries stand too."""
    record, _ = await begin(desk, TEAM, ASKED)
    await take(desk, COORDINATOR, record.case.id, 1, PLAN)
    await give(desk, COORDINATOR, CONSENT)

    await unfinished(house).look(desk)

    assert corrected(house) == []


async def test_a_case_that_never_was_is_corrected_once(house: House, desk: Desk) -> None:
    """The correction is about the same person; no later look, and no other gateway, adds one."""
    draft = begun(desk, never_made(desk))
    receipt = await desk.ledger.append(draft)
    looking, other = unfinished(house), unfinished(house)

    await looking.look(desk)
    await looking.look(desk)
    await other.look(desk)

    [correction] = house.leaves(receipt.index + 1)
    [about] = house.services.personal.persons_of(str(correction["id"]))
    assert (correction["entry"], correction["reason"]) == (draft.request_id, "not_carried_out")
    assert about.particulars.subject == draft.subject


async def test_two_gateways_that_look_at_once_make_one_correction(house: House, desk: Desk) -> None:
    """The second finds that the correction stands there already."""
    draft = begun(desk, never_made(desk))
    await desk.ledger.append(draft)
    late = unfinished(house)
    kept = desk.ledger

    @dataclass
    class Overtaken:
        """A ledger in which another gateway is just faster."""

        async def append(self, made: Draft) -> Receipt:
            """Let the same entry be made first."""
            await kept.append(made)
            return await kept.append(made)

    await late.look(replace(desk, ledger=Overtaken()))

    assert corrected(house) == [draft.request_id]


async def test_a_consent_that_never_was_is_corrected(house: House, desk: Desk) -> None:
    """The ledger no longer says that the person consented."""
    record, _ = await give(desk, COORDINATOR, CONSENT)
    lost = replace(record, ledger_key=desk.new_key())
    draft = consent_draft(desk.catalogue, COORDINATOR, lost, "given", desk.new_entry_id())
    await desk.ledger.append(draft)

    await unfinished(house).look(desk)

    assert corrected(house) == [draft.request_id]


async def test_of_two_entries_of_one_version_the_last_made_it(house: House, desk: Desk) -> None:
    """Who repeats a step within minutes has an entry of their own; the first came to nothing."""
    record, _ = await begin(desk, TEAM, ASKED)
    planned = replace(record, version=2)
    first = case_draft(desk.catalogue, COORDINATOR, planned, Step.ADVANCED, desk.new_entry_id())
    await desk.ledger.append(first)
    await take(desk, COORDINATOR, record.case.id, 1, PLAN)

    await unfinished(house).look(desk)

    assert corrected(house) == [first.request_id]


@pytest.mark.parametrize("fails", [[], [AppendFailed("scripted")]])
async def test_a_step_that_narrows_can_take_the_version(
    house: House, desk: Desk, fails: list[Exception]
) -> None:
    """What closed the case made its second version, also while its own entry is still to come."""
    record, _ = await begin(desk, TEAM, ASKED)
    planned = replace(record, version=2)
    first = case_draft(desk.catalogue, COORDINATOR, planned, Step.ADVANCED, desk.new_entry_id())
    await desk.ledger.append(first)
    closing = replace(desk, ledger=Hindered(desk.ledger, fails))
    await take(closing, COORDINATOR, record.case.id, 1, CLOSE)

    await unfinished(house).look(desk)

    assert corrected(house) == [first.request_id]


@dataclass(frozen=True)
class OneView:
    """A log of one view of a table, about Henk; and what unseals about whom it is."""

    at: dt.datetime
    size: int = 1

    def head(self) -> "OneView":
        """Return what tells the size."""
        return self

    def index_at(self, _ms: int) -> int:
        """Return the first entry."""
        return 0

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        """Return the one entry."""
        leaf: dict[str, Json] = {
            "type": "disclosure",
            "table": "2" * 32,
            "time": unix_ms(self.at),
            "v": 1,
        }
        return [Entry(0, "1" * 32, canonical(leaf), b"")][start:stop]

    def persons_of(self, _identity: str) -> Sequence[object]:
        """Return Henk."""
        return [SimpleNamespace(particulars=SimpleNamespace(subject=b"bsn:henk"))]


@pytest.mark.parametrize(("after", "corrections"), [(LATER, 1), (TERM, 0)])
async def test_of_a_view_whose_term_is_over_nothing_is_denied(
    desk: Desk, after: dt.timedelta, corrections: int
) -> None:
    """Once it is erased nothing tells whether somebody could collect it; before that it does."""
    log, ledger = cast("Any", OneView(utc_now())), MemoryLedger()
    later = replace(desk, ledger=ledger, now=lambda: log.at + after)

    await Unfinished(log, log).look(later)

    assert len(ledger.drafts) == corrections


@pytest.mark.parametrize(
    "waits", ["it may still be made", "its correction is kept", "it was corrected"]
)
async def test_what_may_still_come_is_waited_for(house: House, desk: Desk, waits: str) -> None:
    """Not while a transaction may be under way, nor where a correction stands or is on its way."""
    draft = begun(desk, never_made(desk))
    await desk.ledger.append(draft)
    correction = Draft(
        EntryType.CORRECTION,
        desk.new_entry_id(),
        {"entry": draft.request_id, "reason": "not_carried_out"},
        subject=draft.subject,
    )
    if waits == "it may still be made":
        house.clock.at = utc_now() + dt.timedelta(minutes=4)
    if waits == "its correction is kept":
        async with desk.book.writing() as pen:
            await pen.put_off(correction)
    if waits == "it was corrected":
        await desk.ledger.append(correction)
    size = house.size

    await unfinished(house).look(desk)

    assert house.size == size


async def test_a_store_that_is_silent_is_asked_again(house: House, desk: Desk) -> None:
    """What could not be looked up is looked up the next time."""
    draft = begun(desk, never_made(desk))
    await desk.ledger.append(draft)
    looking, store = unfinished(house), desk.book

    @dataclass
    class Silent:
        """A store that gives no answer about what was made."""

        kind: str = store.kind

        async def unrecorded(self) -> Sequence[Draft]:
            """Return nothing that waits."""
            return await store.unrecorded()

        async def fetch(self, *_asked: object) -> Sequence[Sequence[object]]:
            """Give no answer."""
            raise SourceFailed("scripted")

    with pytest.raises(SourceFailed):
        await looking.look(replace(desk, book=cast("Any", Silent())))
    await looking.look(desk)

    assert corrected(house) == [draft.request_id]


@dataclass
class Pages:
    """A log that remembers how much of it was read at once, of which everything was pruned."""

    size: int
    read: list[tuple[int, int]] = field(default_factory=list)

    def head(self) -> "Pages":
        """Return what tells the size."""
        return self

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        """Return entries without content."""
        self.read.append((start, stop))
        return [Entry(index, "1" * 32, None, b"") for index in range(start, stop)]


async def test_a_long_log_is_read_a_part_at_a_time(house: House, desk: Desk) -> None:
    """No look reads more than a thousand entries, and what retention took away is passed over."""
    log = Pages(1)
    looking = Unfinished(cast("Any", log), house.services.personal)
    await looking.look(desk)
    log.size = 2_400

    await looking.look(desk)
    await looking.look(desk)
    await looking.look(desk)

    assert log.read == [(0, 1), (1, 1), (1, 1_001), (1_001, 2_001), (2_001, 2_400)]


async def test_about_who_was_erased_nothing_is_said(house: House, desk: Desk) -> None:
    """Without a person there is nobody to correct it for."""
    draft = begun(desk, never_made(desk))
    await desk.ledger.append(draft)

    class Erased:
        """What unseals, after the person was erased."""

        def persons_of(self, _identity: str) -> Sequence[object]:
            """Return nobody."""
            return []

    await Unfinished(house.services.log, cast("Any", Erased())).look(desk)

    assert corrected(house) == []
