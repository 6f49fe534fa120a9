"""What a case says comes from the case store, of the cases that the caller stands in, today."""

import datetime as dt
from collections.abc import Sequence

import pytest
from typing_extensions import override

from gateway.cases.facts import Place
from gateway.cases.model import Agreement, Case, Party, Progress
from gateway.cases.standing import StandingSource
from gateway.catalogue.model import Catalogue, Phase
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row
from gateway.subject import parse_bsn
from tests.fakes_cases import MemoryCases, MemorySource
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

PERSON = parse_bsn("999925799")
DAY = dt.date(2026, 3, 2)
PLACE = Place("gem-regie", "casuscoordinator", ("werkplan",))
PARTIES = Query("casus_partij", ("organisatie", "tot", "van"), (("soort", "werkplan"),))
STALLED = Query("casus", ("samenwerking_stagneert",), (("soort", "werkplan"),))
PLAN = Query("werkplan", ("partij", "status", "volgende_datum"), ())
BIRTH = Query("brp", ("geboortedatum",), ())
BORN = {"brp": [{"geboortedatum": "1983-03-27"}]}


def party(name: str, until: dt.date | None = None, left_at: dt.datetime | None = None) -> Party:
    """Return a membership since a month ago."""
    return Party(name, DAY - dt.timedelta(days=30), until, left_at=left_at)


def case(
    *parties: Party,
    kind: str = "werkplan",
    phase: Phase = Phase.COORDINATION,
    stalled_on: dt.date | None = None,
) -> Case:
    """Return a case with these parties."""
    return Case("a" * 32, kind, phase, parties, stalled_on=stalled_on)


async def rows(cases: Sequence[Case], *queries: Query, place: Place = PLACE) -> Sequence[object]:
    """Return what the sources answer to who stands there."""
    source = StandingSource(MemoryCases(cases), MemorySource(BORN), place, DAY)
    return await source.rows(PERSON, queries)


async def test_the_case_tells_who_takes_part_today() -> None:
    """Who left is out at once, who is past the last day as well; who has a last day is in it."""
    tomorrow, yesterday = DAY + dt.timedelta(days=1), DAY - dt.timedelta(days=1)
    left = party("corporatie-woonvast", tomorrow, dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC))
    over = party("school", yesterday)
    mine = case(party("gem-regie"), party("ggz-rivierzicht", tomorrow), over, left)

    [found] = await rows([mine], PARTIES)

    assert found == [
        {"organisatie": "gem-regie", "tot": None, "van": "2026-01-31"},
        {"organisatie": "ggz-rivierzicht", "tot": "2026-03-03", "van": "2026-01-31"},
    ]


@pytest.mark.parametrize(
    "other",
    [
        case(party("wijkteam-noord"), stalled_on=DAY),
        case(party("gem-regie"), party("school"), kind="meldpunt", stalled_on=DAY),
        case(party("gem-regie"), party("school"), phase=Phase.CLOSED, stalled_on=DAY),
        case(party("gem-regie", DAY - dt.timedelta(days=1)), party("school"), stalled_on=DAY),
    ],
    ids=["of others", "of another kind", "closed", "no longer taking part"],
)
async def test_another_case_of_the_same_person_tells_nothing(other: Case) -> None:
    """Only what the caller stands in answers; its twin is the case beside it."""
    mine = case(party("gem-regie"))

    parties, stalled = await rows([other, mine], PARTIES, STALLED)

    assert [row["organisatie"] for row in as_rows(parties)] == ["gem-regie"]
    assert stalled == [{"samenwerking_stagneert": False}]


async def test_a_named_case_and_a_phase_narrow_it_too() -> None:
    """A caller who names one case gets no row of another, nor of a phase it is not asked in."""
    named = Place("gem-regie", "casuscoordinator", ("werkplan",), "b" * 32)
    phased = Place("gem-regie", "casuscoordinator", ("werkplan",), phases=(Phase.EXPLORATION,))
    mine = case(party("gem-regie"))

    assert list(await rows([mine], STALLED, place=named)) == [[]]
    assert list(await rows([mine], STALLED, place=phased)) == [[]]
    assert list(await rows([mine], STALLED)) == [[{"samenwerking_stagneert": False}]]


async def test_what_was_noted_is_told() -> None:
    """That working together is stuck is a note of the coordinator, and a yes."""
    assert list(await rows([case(party("gem-regie"), stalled_on=DAY)], STALLED)) == [
        [{"samenwerking_stagneert": True}]
    ]


def agreed(number: int, next_on: dt.date | None, status: Progress) -> Agreement:
    """Return an agreement of which only the party and the progress may be told."""
    return Agreement(number, "ggz-rivierzicht", "Bespreekt haar angst.", DAY, status, next_on)


async def test_the_work_plan_tells_who_does_something_and_how_far_it_is() -> None:
    """What was agreed stays in the case, and a day that has passed is no next day."""
    yesterday = DAY - dt.timedelta(days=1)
    plan = [
        agreed(1, DAY, Progress.RUNNING),
        agreed(2, yesterday, Progress.PLANNED),
        agreed(3, None, Progress.DONE),
    ]
    cases = MemoryCases([case(party("gem-regie"))], agreed={"a" * 32: plan})

    [found] = await StandingSource(cases, MemorySource(BORN), PLACE, DAY).rows(PERSON, [PLAN])

    assert found == [
        {"partij": "ggz-rivierzicht", "status": "loopt", "volgende_datum": "2026-03-02"},
        {"partij": "ggz-rivierzicht", "status": "gepland", "volgende_datum": None},
        {"partij": "ggz-rivierzicht", "status": "gereed", "volgende_datum": None},
    ]


@pytest.mark.parametrize(
    ("mine", "plans"),
    [
        (case(party("wijkteam-noord")), {"a" * 32: [agreed(1, DAY, Progress.RUNNING)]}),
        (case(party("gem-regie")), {"b" * 32: [agreed(1, DAY, Progress.RUNNING)]}),
        (case(party("gem-regie")), {}),
    ],
    ids=["the caller stands outside", "of another case", "nothing agreed"],
)
async def test_a_plan_that_is_not_of_the_caller_tells_nothing(
    mine: Case, plans: dict[str, list[Agreement]]
) -> None:
    """The twin: of a case in which the caller takes no part, no agreement is told."""
    cases = MemoryCases([mine], agreed=plans)

    found = await StandingSource(cases, MemorySource(BORN), PLACE, DAY).rows(PERSON, [PLAN])

    assert found == [[]]


async def test_agreements_are_read_for_the_work_plan_alone() -> None:
    """Who asks who takes part makes nobody read the plan; a plan that is silent is a failure."""
    cases = MemoryCases([case(party("gem-regie"))], fails=frozenset({"plans"}))
    source = StandingSource(cases, MemorySource(BORN), PLACE, DAY)

    await source.rows(PERSON, [PARTIES])

    assert cases.asked == ["cases"]
    with pytest.raises(SourceFailed):
        await source.rows(PERSON, [PLAN])


async def test_registers_are_asked_for_the_rest_in_order() -> None:
    """A request over both gets each answer in its place; no register hears of a case."""
    registers = MemorySource(BORN)
    source = StandingSource(MemoryCases([case(party("gem-regie"))]), registers, PLACE, DAY)

    answers = await source.rows(PERSON, [STALLED, BIRTH, PARTIES])

    assert [len(each) for each in answers] == [1, 1, 1]
    assert answers[1] == [{"geboortedatum": "1983-03-27"}]
    assert registers.asked == [(PERSON, "brp")]


async def test_what_is_about_no_case_asks_for_none() -> None:
    """The case store is left alone where nothing of it is asked."""
    cases = MemoryCases(fails=frozenset({"cases"}))

    found = await StandingSource(cases, MemorySource(BORN), PLACE, DAY).rows(PERSON, [BIRTH])

    assert found == [[{"geboortedatum": "1983-03-27"}]]
    assert cases.asked == []


@pytest.mark.parametrize(
    "query", [Query("casus", ("verhaal",), ()), Query("casus", (), (("verhaal", 1),))]
)
async def test_a_column_that_no_case_has_gives_no_answer(query: Query) -> None:
    """What is not kept of a case cannot be asked of it, nor filtered on."""
    with pytest.raises(SourceFailed):
        await rows([case(party("gem-regie"))], query)


async def test_without_a_person_or_a_store_there_is_no_answer() -> None:
    """Figures are not made of cases, and a silent store is a failure and not an empty answer."""
    broken = MemoryCases(fails=frozenset({"cases"}))

    with pytest.raises(SourceFailed):
        await StandingSource(MemoryCases(), MemorySource({}), PLACE, DAY).rows(None, [STALLED])
    with pytest.raises(SourceFailed):
        await StandingSource(broken, MemorySource({}), PLACE, DAY).rows(PERSON, [STALLED])


async def test_the_registers_are_checked_and_left_open() -> None:
    """What belongs to all callers is not closed by one of them."""

    class Watched(MemorySource):
        @override
        def check(self, catalogue: Catalogue) -> None:
            self.asked.append((None, catalogue.revision))

        @override
        def close(self) -> None:
            self.asked.append((None, "close"))

    registers = Watched({})
    source = StandingSource(MemoryCases(), registers, PLACE, DAY)

    source.check(catalogue())
    source.close()

    assert registers.asked == [(None, catalogue().revision)]


def as_rows(found: object) -> Sequence[Row]:
    """Return rows as rows."""
    assert isinstance(found, list)
    return found
