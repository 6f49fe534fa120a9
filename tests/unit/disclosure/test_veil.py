"""Behind a veil: what a requester hears who has no part in the person, and when."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import orjson
import pytest

from audit.entry import Draft, Receipt
from gateway.answer import Answer
from gateway.cases.finder import FactFinder
from gateway.cases.model import Case, Party
from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    Phase,
    Purpose,
    Veil,
)
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import Code, OverAsking, SubjectCheck
from gateway.decision.parties import Parties
from gateway.disclosure import Gate, disclose, release_all
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Envelope, Request
from gateway.subject import parse_bsn
from gateway.veil import Metronome, as_inside, at_once, find_outside
from tests.builders import NOW, YUSUF
from tests.fakes import FixedClock, MemoryCases, MemorySource
from tests.fakes_decision import POLICIES, catalogue

pytestmark = pytest.mark.anyio

NAME = "niet-dubbel-benaderen"
FIELD = "lopende_schuldhulp"
HAT = Hat("gem-schuldhulp", "medewerker-vroegsignalering")
SINCE, ENDED = dt.date(2026, 1, 5), dt.date(2026, 2, 2)
HELPED = {"schuldhulp_traject": [{"bsn": YUSUF, "status": "lopend"}]}
NOT_HELPED: Mapping[str, Sequence[Mapping[str, object]]] = {"schuldhulp_traject": []}
TRIED = Condition("tried", ConditionKind.CLAIM)


def case(*parties: Party, phase: Phase = Phase.RUNNING, kind: str = "vroegsignalering") -> Case:
    """Return a case with these parties."""
    return Case("C-1", kind, phase, parties)


OURS = Party(HAT.organisation, SINCE, None)
THEIRS = Party("corporatie-woonvast", SINCE, None)
# Every way in which a requester has no part in a person, with what the sealed codes say of it.
OUTSIDE = {
    "SUBJECT_UNKNOWN": (),
    "CASE_MISSING": (case(OURS, kind="schuldhulp"),),
    "NOT_PARTY": (case(THEIRS),),
    "CASE_CLOSED": (case(OURS, phase=Phase.CLOSED),),
    "CASE_MEMBERSHIP_EXPIRED": (case(replace(OURS, until=ENDED)),),
    "CASE_MEMBERSHIP_NOT_STARTED": (case(replace(OURS, since=dt.date(2026, 3, 9))),),
    "CASE_TASK": (case(replace(OURS, tasks=("wgs-schuldhulp",))),),
}


class Ledger:
    """A ledger that keeps the drafts it was given, and when."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.now_s = now_s
        self.drafts: list[Draft] = []
        self.at_s: list[float] = []

    async def append(self, draft: Draft) -> Receipt:
        """Keep the draft and give a receipt for it."""
        self.drafts.append(draft)
        self.at_s.append(self.now_s())
        return Receipt("log", len(self.drafts), draft.request_id, b"{}", b"proof")


@dataclass
class Watch:
    """A clock that moves when somebody sleeps, and remembers how long they wanted to."""

    at_s: float = 100.0
    slept: list[float] = field(default_factory=list)

    def now_s(self) -> float:
        """Return the time on this watch."""
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, and a little of it for nothing."""
        self.slept.append(seconds)
        self.at_s += max(seconds, 0.0005)


@dataclass
class World:
    """A gate over fakes with a purpose behind a veil, and what came of one request."""

    known: Sequence[Case] = (case(OURS),)
    rows: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=lambda: NOT_HELPED)
    policy: Catalogue = field(default_factory=catalogue)
    watch: Watch = field(default_factory=Watch)
    broken: bool = False

    def __post_init__(self) -> None:
        self.source = MemorySource(self.rows, broken=self.broken)
        self.cases = MemoryCases(self.known)
        self.ledger = Ledger(self.watch.now_s)
        self.noted: list[Mapping[str, object]] = []
        self.metronome = Metronome(self.watch.now_s, self.watch.sleep)
        ledger: Any = self.ledger
        parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", self.policy)
        self.gate = Gate(
            catalogue=self.policy,
            decider=Decider(self.policy, parties, EmbeddedEngine.build(self.policy, POLICIES)),
            facts=FactFinder(self.cases, self.source),
            source=self.source,
            ledger=ledger,
            now=FixedClock(NOW),
            hold=release_all,
            guard=FreeGuard(),
            note=lambda _day, _purpose, values: self.noted.append(values),
            pace=self.metronome,
        )

    async def ask(self, **changes: object) -> Answer:
        """Ask about Yusuf and return the answer."""
        caller = VerifiedCaller("debts", *hat(), "medewerker-9", frozenset({HAT}))
        answer, _ = await disclose(self.gate, caller, request(**changes), ENVELOPE)
        return answer

    @property
    def draft(self) -> Draft:
        """The one entry that was made."""
        (draft,) = self.ledger.drafts
        return draft

    @property
    def sealed(self) -> dict[str, Any]:
        """What only the sealed codes of that entry tell."""
        return cast("dict[str, Any]", orjson.loads(self.draft.committed["log_codes"]))


ENVELOPE = Envelope("1" * 32, "2" * 32, "3" * 16, b"{}")


def hat() -> tuple[str, str]:
    """Return the organisation and the role that ask."""
    return HAT.organisation, HAT.role


def request(**changes: object) -> Request:
    """Return the question whether debt help runs."""
    asked = Request(
        task="wgs-vroegsignalering",
        activity="eerste-gesprek-aanbieden",
        purposes=(NAME,),
        subject=parse_bsn(YUSUF),
        subject_check=SubjectCheck.VALID,
        fields=None,
        justifications={},
        case=None,
        over_asking=OverAsking.REFUSE,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def claiming() -> Catalogue:
    """Return the policy in which the requester must claim something for this purpose."""
    policy = catalogue()
    purpose = replace(policy.purposes[NAME], conditions=(TRIED,))
    return replace(policy, purposes={**policy.purposes, NAME: purpose})


def bare() -> Catalogue:
    """Return the policy without a veil."""
    policy = catalogue()
    purpose = replace(policy.purposes[NAME], veil=None)
    return replace(policy, purposes={**policy.purposes, NAME: purpose})


def seen(world: World, answer: Answer) -> tuple[Answer, dict[str, object], set[str], bytes]:
    """Return what a requester gets of a request: the answer and what of the entry is no secret."""
    draft = world.draft
    return answer, dict(draft.members), set(draft.committed), draft.type.encode()


@pytest.mark.parametrize("code", OUTSIDE)
async def test_who_has_no_part_gets_what_is_given_where_it_is_not_so(code: str) -> None:
    """Answer and entry are those of a "no"; only the sealed codes tell which of all it was."""
    no, outside = World(), World(known=OUTSIDE[code])

    expected, found = await no.ask(), await outside.ask()

    assert seen(outside, found) == seen(no, expected)
    assert found.status == 200
    assert outside.sealed["reasons"] == [{"code": code}]
    assert no.sealed["reasons"] == []


@pytest.mark.parametrize("code", OUTSIDE)
async def test_without_a_veil_it_is_a_refusal(code: str) -> None:
    """The refusing twin: the same requests without a veil are refused at step 2."""
    answer = await World(known=OUTSIDE[code], policy=bare()).ask()

    assert (answer.status, answer.members["step"]) == (403, 2)


async def test_who_has_a_part_gets_a_yes_as_long_as_a_no() -> None:
    """A real "yes" is given, and takes as many bytes as a "no"."""
    yes, no = await World(rows=HELPED).ask(), await World().ask()

    assert value_of(yes) is True
    assert value_of(no) is False
    assert len(orjson.dumps(yes.members)) == len(orjson.dumps(no.members))


async def test_nothing_is_read_or_counted_about_who_is_not_theirs() -> None:
    """Only the cases of the person are looked at, no source, and the tally hears nothing."""
    world = World(known=OUTSIDE["NOT_PARTY"], rows=HELPED)

    answer = await world.ask()

    assert value_of(answer) is False
    assert (world.cases.asked, world.source.asked, world.noted) == (["cases"], [], [])


async def test_a_source_that_is_silent_says_no_and_the_seal_says_unknown() -> None:
    """A refusal would tell that the person is known; the sealed codes tell that nothing was."""
    silent, no = World(broken=True), World()

    found, expected = await silent.ask(), await no.ask()

    assert found == expected
    assert (silent.sealed["unknown"], no.sealed["unknown"]) == ([FIELD], [])


async def test_without_a_veil_a_silent_source_refuses() -> None:
    """The refusing twin: silence on all sides refuses where there is no veil."""
    answer = await World(broken=True, policy=bare()).ask()

    assert answer.status == 403


@pytest.mark.parametrize("known", [OUTSIDE["NOT_PARTY"], (case(OURS),)])
async def test_asking_too_much_is_refused_to_everybody_alike(known: Sequence[Case]) -> None:
    """What does not depend on the person stays a refusal, the same for who has no part."""
    world, other = World(known=known), World()

    found = await world.ask(fields=("schuldenlast_totaal",))
    expected = await other.ask(fields=("schuldenlast_totaal",))

    assert found.status == 403
    assert seen(world, found) == seen(other, expected)


@pytest.mark.parametrize(("claims", "status"), [({"tried": True}, 200), ({}, 403)])
async def test_a_claim_counts_as_much_for_who_has_no_part(
    claims: Mapping[str, bool], status: int
) -> None:
    """A claim is the requester's own, so its lack is told to everybody, and its presence too."""
    world, other = World(known=OUTSIDE["NOT_PARTY"], policy=claiming()), World(policy=claiming())

    found, expected = await world.ask(claims=claims), await other.ask(claims=claims)

    assert found.status == status
    assert seen(world, found) == seen(other, expected)


async def test_cases_that_cannot_be_read_refuse_everybody() -> None:
    """That the case store is down says nothing of the person, so it is said."""
    world = World()
    world.cases.broken = True

    answer = await world.ask()

    assert answer.status == 403


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

    await beat()
    watch.at_s -= 0.002
    await beat()

    assert watch.at_s == pytest.approx(100.4, abs=0.001)


async def test_a_gate_may_be_without_a_clock() -> None:
    """Where nobody waits for an answer, as with golden cases, there is no beat."""
    watch = Watch()

    await at_once(Veil(200, "reden"))()

    assert watch.slept == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, None),
        ({"case": "met"}, None),
        ({"case": "unknown"}, None),
        ({"case": "NOT_PARTY"}, Code.NOT_PARTY),
    ],
)
def test_outside_is_who_is_known_to_have_no_part(facts: dict[str, str], code: Code | None) -> None:
    """What was not asked or is not known puts nobody outside."""
    found = find_outside(catalogue().purposes[NAME], facts)

    assert found == code


@pytest.mark.parametrize("purpose", [None, bare().purposes[NAME]])
def test_without_a_veil_nobody_is_outside(purpose: Purpose | None) -> None:
    """Without a purpose, or without a veil, what is refused is refused."""
    assert find_outside(purpose, {"case": "NOT_PARTY"}) is None


def test_inside_are_the_case_and_what_is_claimed() -> None:
    """A mandate stays what it is; the case is met and a claim is what was said."""
    purpose = replace(
        catalogue().purposes[NAME],
        conditions=(TRIED, Condition("besluit", ConditionKind.MANDATE)),
    )

    inside = as_inside(purpose, {"besluit": "met", "case": "NOT_PARTY"}, {})

    assert inside == {"besluit": "met", "case": "met", "tried": "CONDITION_NOT_MET"}


def value_of(answer: Answer) -> object:
    """Return what the answer says of the one field."""
    data = cast("dict[str, dict[str, object]]", answer.members["data"])
    return data[FIELD]["value"]
