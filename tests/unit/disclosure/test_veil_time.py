"""Behind a veil: when something of a request is seen, and what a late source is worth."""

import asyncio
import gc
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from gateway.cases.model import Case
from gateway.catalogue.model import (
    Veil,
)
from gateway.errors import SourceFailed
from gateway.passage import Emergency
from gateway.sources.source import Query, Row
from gateway.subject import Subject
from gateway.veil import Metronome, at_once
from tests.builders import NOW, YUSUF
from tests.fakes import MemorySource
from tests.veiled_world import FIELD, NOT_HELPED, OURS, OUTSIDE, Watch, World, bare, case, seen

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("known", [(case(OURS),), OUTSIDE["NOT_PARTY"], OUTSIDE["SUBJECT_UNKNOWN"]])
async def test_entry_and_answer_come_on_the_beat(known: Sequence[Case]) -> None:
    """The entry is made half-way and the answer leaves at the set time, whoever it is about."""
    world = World(known=known)

    await world.ask()

    assert world.ledger.at_s == [pytest.approx(100.15, abs=0.001)]
    assert world.watch.at_s == pytest.approx(100.3, abs=0.001)


async def test_a_refusal_comes_on_the_beat_as_well() -> None:
    """Over-asking behind a veil takes as long as any answer."""
    world = World()

    await world.ask(fields=("schuldenlast_totaal",))

    assert world.watch.at_s == pytest.approx(100.3, abs=0.001)


async def test_without_a_veil_nobody_waits() -> None:
    """A purpose without a veil answers at once."""
    world = World(policy=bare())

    await world.ask()

    assert (world.watch.slept, world.watch.at_s) == ([], 100.0)


async def test_who_is_late_waits_for_the_next_beat_and_each_comes_once() -> None:
    """Late by two beats means the third; and waking up early gives no beat a second time."""
    watch = Watch()
    beat = Metronome(watch.now_s, watch.sleep)(Veil(200, "reden"))
    watch.at_s += 0.25

    await beat.beat()
    watch.at_s -= 0.002
    await beat.beat()

    assert watch.at_s == pytest.approx(100.4, abs=0.001)


class SilentSource(MemorySource):
    """A source that never answers, and remembers whether somebody left it behind."""

    left = False

    @override
    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Wait for ever."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.left = True
            raise
        raise AssertionError("nobody sets this event")


async def test_a_source_that_is_late_is_left_behind_and_says_no(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer keeps its beat, the seal says that nothing was known, and the log that it was."""
    late, no = World(), World()
    source = SilentSource(NOT_HELPED)
    late.gate = replace(late.gate, source=source)
    caplog.set_level(logging.WARNING, "doelpoort.veil")

    found, expected = await late.ask(), await no.ask()

    assert found == expected
    assert late.watch.at_s == pytest.approx(no.watch.at_s, abs=0.001)
    assert late.sealed["unknown"] == [FIELD]
    assert source.left
    assert [each.message for each in caplog.records] == [
        "a source was too late for an answer behind a veil, which is no"
    ]


async def test_a_source_that_is_in_time_is_heard() -> None:
    """The refusing twin: what comes before the beat is what is answered."""
    watch = Watch()
    pace = Metronome(watch.now_s, watch.sleep)(Veil(200, "reden"))

    assert await pace.in_time(asyncio.sleep(0, "gelezen")) == "gelezen"


async def test_a_source_that_breaks_late_breaks_in_silence() -> None:
    """What a reading that was left behind says in the end, reaches neither answer nor log."""
    watch, told = Watch(), []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    pace = Metronome(watch.now_s, watch.sleep)(Veil(50, "reden"))

    with pytest.raises(SourceFailed):
        await pace.in_time(stubborn())
    await asyncio.sleep(0)
    gc.collect()

    assert told == []


async def stubborn() -> None:
    """Wait, and when told to stop, show what was being read."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ValueError(YUSUF) from None


async def test_whoever_is_cut_off_leaves_no_reading_behind() -> None:
    """A requester that hangs up ends the reading too."""
    watch, source = Watch(), SilentSource(NOT_HELPED)
    pace = Metronome(watch.now_s, watch.sleep)(Veil(200, "reden"))
    asked = asyncio.ensure_future(pace.in_time(source.rows(None, ())))
    await asyncio.sleep(0.01)

    asked.cancel()
    await asyncio.wait([asked])
    await asyncio.sleep(0)

    assert source.left


@pytest.mark.parametrize("known", [OUTSIDE["NOT_PARTY"], OUTSIDE["SUBJECT_UNKNOWN"]])
async def test_danger_does_not_lift_the_veil(known: Sequence[Case]) -> None:
    """A purpose behind a veil knows no emergencies: the same refusal on the same beat for all."""
    danger = Emergency("violence_now", "woorden", NOW, NOW)
    inside, outside = World(), World(known=known)

    expected, found = await inside.ask(emergency=danger), await outside.ask(emergency=danger)

    assert expected.status == 403
    assert seen(outside, found) == seen(inside, expected)
    assert outside.ledger.at_s == pytest.approx(inside.ledger.at_s, abs=0.001)
    assert outside.watch.at_s == pytest.approx(inside.watch.at_s, abs=0.001)


async def test_a_gate_may_be_without_a_clock() -> None:
    """Where nobody waits for an answer, as with golden cases, there is no beat."""
    watch = Watch()

    await at_once(Veil(200, "reden")).beat()

    assert watch.slept == []
