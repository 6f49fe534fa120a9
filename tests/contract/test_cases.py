"""What every case store promises: in a file and in a database server alike."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from audit.entry import Draft, EntryType
from gateway.cases.migrate import migrate
from gateway.cases.model import (
    Agreement,
    Case,
    CaseRecord,
    Confirmation,
    Consent,
    ConsentRecord,
    Party,
    Progress,
    Representation,
    Signal,
)
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.catalogue.model import Beginning, Phase
from gateway.errors import CasesUnavailable, SourceInvalid, VersionConflict
from gateway.subject import parse_bsn
from tests.postgresql_server import Server
from tests.stores import appoint, confirm, new_database

pytestmark = pytest.mark.anyio

PERSON, OTHER = parse_bsn("999925799"), parse_bsn("999911235")
DAY = dt.date(2026, 3, 2)
LEFT = dt.datetime(2026, 3, 2, 9, 30, 0, 1, tzinfo=dt.UTC)
PARTIES = (
    Party("gem-regie", DAY, None, "casuscoordinator"),
    Party("ggz-rivierzicht", DAY, DAY, "spv-ggz", "Overleg", ("a", "b"), "hulp", LEFT),
    Party("duo", DAY, None),
)
RECORD = CaseRecord(
    Case("a" * 32, "werkplan", Phase.WORK_PLAN, PARTIES, Beginning.SIGNAL, "C-1"),
    PERSON,
    "b" * 32,
    1,
    DAY,
    Signal(DAY, "wijkteam-noord", 2, "zorgmijding"),
    (
        Agreement(1, "duo", "Belt maandag, om 9 uur: 'ja'?", DAY, Progress.RUNNING, DAY),
        Agreement(2, "duo", "x", None),
    ),
)
CONSENT = ConsentRecord(
    "c" * 32,
    "d" * 32,
    PERSON,
    Consent(
        "v", frozenset({"jeugdige", "ouder"}), DAY, None, DAY, "mondeling", "doel", frozenset("xy")
    ),
    "gem-regie",
)
DRAFT = Draft(
    EntryType.CASE, "e" * 32, {"step": "left", "version": 2}, {"professional": b"\x00p"}, b"bsn:1"
)


@pytest.fixture
def store(url: str) -> Iterator[SqlCases]:
    """Give an empty store."""
    opened = open_cases(url)
    yield opened
    opened.close()


async def test_what_is_kept_of_a_case_comes_back(store: SqlCases) -> None:
    """Everything of a case, its parties in their order; the decision sees case and parties."""
    async with store.writing() as pen:
        await pen.insert(RECORD)
        await pen.insert(
            CaseRecord(Case("f" * 32, "x", Phase.RUNNING, ()), OTHER, "0" * 32, 1, DAY)
        )

    (case,) = await store.cases(PERSON)
    (bare,) = await store.cases(OTHER)

    assert await store.find_case("a" * 32) == RECORD
    assert (replace(case, parties=()), set(case.parties)) == (
        replace(RECORD.case, parties=()),
        set(PARTIES),
    )
    assert (bare.parties, bare.label) == ((), None)
    assert await store.find_case("9" * 32) is None


async def test_the_agreements_of_a_person_come_back_by_case(store: SqlCases) -> None:
    """Each case of the person has its own, if only none; those of somebody else are not told."""
    bare = replace(RECORD.case, id="f" * 32, parties=())
    async with store.writing() as pen:
        await pen.insert(RECORD)
        await pen.insert(CaseRecord(bare, PERSON, "0" * 32, 1, DAY))

    assert await store.plans(PERSON) == {"a" * 32: RECORD.agreements, "f" * 32: ()}
    assert await store.plans(OTHER) == {}


async def test_a_version_takes_the_place_of_the_one_before(store: SqlCases) -> None:
    """Phase, parties and agreements change with the version; what began it does not."""
    async with store.writing() as pen:
        await pen.insert(RECORD)
    changed = replace(
        RECORD,
        case=replace(RECORD.case, phase=Phase.CLOSED, parties=PARTIES[:1]),
        version=2,
        agreements=(),
    )

    async with store.writing() as pen:
        await pen.update(changed)

    assert await store.find_case("a" * 32) == changed


@pytest.mark.parametrize(("version", "current"), [(1, 1), (3, 1), (9, 1)])
async def test_another_version_is_a_conflict(store: SqlCases, version: int, current: int) -> None:
    """Only the next version is taken; nothing of another is left, and it says what is there."""
    async with store.writing() as pen:
        await pen.insert(RECORD)

    with pytest.raises(VersionConflict) as conflict:
        async with store.writing() as pen:
            await pen.update(replace(RECORD, version=version, agreements=()))

    assert conflict.value.current == current
    assert await store.find_case("a" * 32) == RECORD


async def test_a_case_that_is_not_there_has_no_next_version(store: SqlCases) -> None:
    """An update makes no case."""
    with pytest.raises(VersionConflict) as conflict:
        async with store.writing() as pen:
            await pen.update(replace(RECORD, version=2))

    assert conflict.value.current == 0


async def test_what_is_being_written_is_seen_by_nobody_and_held(store: SqlCases) -> None:
    """Until the transaction ends a reader sees the old version, and another writer waits for it."""
    async with store.writing() as pen:
        await pen.insert(RECORD)

    async def close() -> None:
        async with store.writing() as later:
            await later.update(replace(RECORD, version=2))

    async with store.writing() as pen:
        await pen.update(replace(RECORD, version=2))
        other = asyncio.create_task(close())
        await asyncio.sleep(0.05)
        before = await store.find_case("a" * 32)
        waited = not other.done()

    with pytest.raises(VersionConflict):
        await other
    assert (before, waited) == (RECORD, True)


async def test_an_error_undoes_everything(store: SqlCases) -> None:
    """What fails halfway leaves nothing; the store goes on after it."""

    async def twice() -> None:
        async with store.writing() as pen:
            await pen.give(CONSENT)
            await pen.insert(RECORD)
            await pen.insert(RECORD)

    with pytest.raises(CasesUnavailable):
        await twice()

    assert await store.cases(PERSON) == []
    assert await store.find_consent("c" * 32) is None


async def test_a_consent_comes_back_and_is_withdrawn(store: SqlCases) -> None:
    """Everything of a consent, for its person and processing alone."""
    async with store.writing() as pen:
        await pen.give(CONSENT)
    ended = replace(CONSENT, consent=replace(CONSENT.consent, withdrawn_on=DAY))
    before = await store.consents(PERSON, "v")

    async with store.writing() as pen:
        await pen.withdraw(ended)

    assert before == [CONSENT.consent]
    assert await store.find_consent("c" * 32) == ended
    assert await store.consents(PERSON, "w") == await store.consents(OTHER, "v") == []


async def test_confirmations_and_appointments_come_back(store: SqlCases) -> None:
    """The answer of a source holder for its purpose, and who decides for the person."""
    confirmation, made = Confirmation("doel", DAY, None), Representation("curatele", "a", DAY, DAY)

    await confirm(store, "1" * 32, PERSON, confirmation)
    await appoint(store, "2" * 32, PERSON, made)

    assert await store.confirmations(PERSON, "doel") == [confirmation]
    assert await store.confirmations(PERSON, "ander-doel") == []
    assert await store.representations(PERSON) == [made]
    assert await store.representations(OTHER) == []


async def test_an_entry_is_kept_until_it_is_recorded(store: SqlCases) -> None:
    """It comes back as it was put in, person or none, and goes when it is recorded."""
    plain = Draft(EntryType.CORRECTION, "f" * 32, {"reason": "not_carried_out"})
    async with store.writing() as pen:
        await pen.put_off(plain)
        await pen.put_off(DRAFT)
    before = await store.unrecorded()

    async with store.writing() as pen:
        await pen.recorded(DRAFT.request_id)

    assert before == [DRAFT, plain]
    assert await store.unrecorded() == [plain]


async def test_many_read_at_once(store: SqlCases) -> None:
    """More readers than there are connections all get their answer."""
    async with store.writing() as pen:
        await pen.insert(RECORD)

    answers = await asyncio.gather(*(store.cases(PERSON) for _ in range(30)))

    assert [len(answer) for answer in answers] == [1] * 30


async def test_the_tables_are_made_once(url: str) -> None:
    """Migrating again changes nothing, and keeps what is there."""
    migrate(url)
    first = open_cases(url)
    async with first.writing() as pen:
        await pen.insert(RECORD)
    first.close()
    migrate(url)
    again = open_cases(url)

    assert await again.find_case("a" * 32) == RECORD
    again.close()


async def test_a_server_without_the_tables_is_not_opened(server: Server) -> None:
    """In a database server the owner makes the tables; without them there is no start."""
    with pytest.raises(SourceInvalid, match="doelpoort case migrate"):
        open_cases(new_database(server))
