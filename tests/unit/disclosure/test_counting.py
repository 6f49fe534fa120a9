"""What counts as an answer: a place is taken before anything is read, and kept by what is released.

Every place that is given back has its twin that is kept.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

import pytest
from typing_extensions import override

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed, AuditError, DuplicateRequest, LedgerBusy, StorageBroken
from gateway.answer import Answer
from gateway.catalogue.guard import Repeat
from gateway.disclosure import disclose
from gateway.mosaic.rules import Bid, Held, Place, Rules
from gateway.passage import Emergency, Envelope
from tests.builders import NOW
from tests.fakes_decision import catalogue
from tests.fakes_mosaic import ONCE, TWICE, MemoryGuard
from tests.unit.disclosure.test_disclosure import (
    Flow,
    RecordingLedger,
    caller,
    make_flow,
    reasons,
    request,
)

pytestmark = pytest.mark.anyio

FLAG = "lichte-of-zware-hulp"


def envelope(number: int) -> Envelope:
    """Return the envelope of a request with this number."""
    return Envelope(f"{number:032x}", "2" * 32, "3" * 16, b"{}")


class FailingLedger(RecordingLedger):
    """A ledger that raises what it is told to, once."""

    def __init__(self, failure: AuditError) -> None:
        super().__init__()
        self._failures: Iterator[AuditError] = iter([failure])

    @override
    async def append(self, draft: Draft) -> Receipt:
        """Raise the failure first, and keep every draft after it."""
        for failure in self._failures:
            raise failure
        return await super().append(draft)


class Counted:
    """A flow whose one purpose has a limit, with a guard in memory."""

    def __init__(self, repeat: Repeat | None = ONCE, ledger: RecordingLedger | None = None) -> None:
        purposes = dict(catalogue().purposes)
        purposes[FLAG] = replace(purposes[FLAG], repeat=repeat, emergency=True)
        policy = replace(catalogue(), purposes=MappingProxyType(purposes))
        self.flow: Flow = make_flow(policy=policy)
        self.guard = MemoryGuard()
        self.ledger = ledger or self.flow.ledger
        self.gate = replace(self.flow.gate, guard=self.guard, ledger=cast("Any", self.ledger))

    async def ask(self, number: int = 1, **changes: object) -> Answer:
        """Ask for the flag in a new envelope."""
        answer, _ = await disclose(self.gate, caller(), request(**changes), envelope(number))
        return answer

    @property
    def places(self) -> int:
        """How many places are taken."""
        return len(self.guard.taken)


async def test_an_answer_takes_the_place_of_its_entry() -> None:
    """The place has the id of the entry, and what was asked by whom, and never the role."""
    counted = Counted()

    answer = await counted.ask()

    [bid] = counted.guard.taken.values()
    assert answer.status == 200
    assert (bid.id, bid.organisation, bid.purpose) == (f"{1:032x}", caller().organisation, FLAG)
    assert (bid.fields, bid.at, bid.is_emergency) == (("specialisatie_ingezet",), NOW, False)


async def test_beyond_the_limit_nothing_is_read_and_the_refusal_is_recorded() -> None:
    """The second time the source is left alone; the entry and the answer say when again."""
    counted = Counted()
    await counted.ask(1)
    asked = [query.table for _, query in counted.flow.source.asked]

    answer = await counted.ask(2)

    again = [query.table for _, query in counted.flow.source.asked[len(asked) :]]
    told = cast("list[dict[str, object]]", answer.members["reasons"])
    assert answer.status == 403
    assert [(each["code"], each["again_from"]) for each in told] == [
        ("ASKED_TOO_OFTEN", "2026-04-02")
    ]
    assert ("jeugdhulp_traject" in asked, "jeugdhulp_traject" in again) == (True, False)
    assert counted.ledger.drafts[1].type == "refusal"
    assert counted.ledger.drafts[1].members["refused"] == [{"code": "ASKED_TOO_OFTEN", "step": 3}]


async def test_without_a_limit_nothing_is_counted() -> None:
    """A purpose that the policy does not limit takes no place."""
    counted = Counted(repeat=None)

    answer = await counted.ask()

    assert (answer.status, counted.places) == (200, 0)


async def test_a_refusal_takes_no_place() -> None:
    """What the policy refuses is no answer, and so it does not count."""
    counted = Counted()

    answer = await counted.ask(fields=("behandelplan_tekst",))

    assert (answer.status, counted.places) == (403, 0)


async def test_a_source_that_fails_gives_the_place_back() -> None:
    """Where nothing was released, the next request has its turn at once."""
    counted = Counted()
    tables = dict(counted.flow.source.tables)
    counted.flow.source.tables = {"brp": tables["brp"]}

    failed = await counted.ask(1)
    counted.flow.source.tables = tables
    answer = await counted.ask(2)

    assert (reasons(failed), answer.status, counted.places) == (["SOURCE_FAILED"], 200, 1)


@pytest.mark.parametrize(
    ("failure", "places"),
    [
        (AppendFailed("scripted"), 0),
        (LedgerBusy("scripted"), 0),
        (DuplicateRequest("scripted"), 1),
        (StorageBroken("scripted"), 1),
    ],
)
async def test_a_place_is_given_back_when_the_entry_surely_does_not_stand(
    failure: AuditError, places: int
) -> None:
    """Where the entry may stand after all, an answer may still leave by it, and its place stays."""
    counted = Counted(ledger=FailingLedger(failure))

    with pytest.raises(type(failure)):
        await counted.ask()

    assert counted.places == places


async def test_a_refusal_that_cannot_be_recorded_gives_nothing_back() -> None:
    """It had no place, and that of another answer stays."""
    counted = Counted()
    await counted.ask(1)
    counted.ledger.broken = True

    with pytest.raises(AppendFailed):
        await counted.ask(2, fields=("behandelplan_tekst",))

    assert counted.places == 1


async def test_what_cannot_be_counted_is_refused() -> None:
    """A guard that gives no answer lets nothing through, and reads nothing."""
    counted = Counted()
    counted.guard.broken = True

    answer = await counted.ask()

    assert reasons(answer) == ["COUNT_MISSING"]
    assert [query.table for _, query in counted.flow.source.asked] == ["brp"]


class SurprisedGuard(MemoryGuard):
    """A guard that fails in a way nobody foresaw where it is told to."""

    fails: str = ""

    @override
    async def reserve(self, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place, or fail."""
        if self.fails == "reserve":
            raise KeyError("een waarde")
        return await super().reserve(rules, bid)

    @override
    async def give_back(self, place: Place) -> None:
        """Fail."""
        raise KeyError("een waarde")


@pytest.mark.parametrize(
    ("fails", "code"), [("reserve", "COUNT_MISSING"), ("give back", "SOURCE_FAILED")]
)
async def test_a_guard_that_fails_in_a_way_nobody_foresaw_keeps_no_entry_away(
    caplog: pytest.LogCaptureFixture, fails: str, code: str
) -> None:
    """Whether a place is taken or given back, the refusal is recorded, and no value told."""
    counted = Counted()
    guard = SurprisedGuard()
    guard.fails = fails
    counted.gate = replace(counted.gate, guard=guard)
    counted.flow.source.tables = {"brp": counted.flow.source.tables["brp"]}

    answer = await counted.ask()

    assert (reasons(answer), len(counted.ledger.drafts)) == ([code], 1)
    assert "the count of answers failed in a way nobody foresaw: KeyError" in caplog.text
    assert "een waarde" not in caplog.text


async def test_an_emergency_counts_and_is_not_stopped() -> None:
    """In danger the answer leaves past the limit, and takes a place of its own."""
    counted = Counted()
    await counted.ask(1)
    urgent = Emergency("violence_now", "Er is nu geweld.", NOW, NOW)

    answer = await counted.ask(2, emergency=urgent)

    assert (answer.status, counted.places) == (200, 2)


async def test_the_entry_about_a_person_does_not_tell_the_count() -> None:
    """It would link the entries about one person, which nothing else in the ledger does."""
    counted = Counted(replace(TWICE, cool_down_hours=0))
    await counted.ask(1)
    await counted.ask(2)

    assert ["budget" in draft.members for draft in counted.ledger.drafts] == [False, False]
