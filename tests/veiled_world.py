"""A gate over fakes with a purpose behind a veil, and what a requester sees of one request."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import orjson

from audit.entry import Draft, Receipt
from gateway.answer import Answer
from gateway.cases.finder import FactFinder
from gateway.cases.model import Case, Party
from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    Phase,
)
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.decision.parties import Parties
from gateway.disclosure import Gate, disclose, release_all
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Envelope, Request
from gateway.subject import parse_bsn
from gateway.veil import Metronome
from tests.builders import NOW, YUSUF
from tests.fakes import FixedClock, MemoryCases, MemorySource
from tests.fakes_decision import POLICIES, catalogue

NAME = "niet-dubbel-benaderen"
PLAIN = "contact-leggen-bij-achterstand"
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


def reasons_of(answer: Answer) -> list[object]:
    """Return the codes that a refusal tells."""
    reasons = cast("list[dict[str, object]]", answer.members["reasons"])
    return [each["code"] for each in reasons]


def value_of(answer: Answer) -> object:
    """Return what the answer says of the one field."""
    data = cast("dict[str, dict[str, object]]", answer.members["data"])
    return data[FIELD]["value"]
