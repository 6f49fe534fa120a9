"""Cases of decisions, run through the whole way of a request: what must leave, and what must not.

A file of cases holds callers and cases: who asks what, in which context, and what must come of it.
The context stands in for what the case store and the sources would say of that person on that day;
everything else comes from the invented clients. Nothing is written to a ledger.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from typing_extensions import override

from audit.entry import Draft, Receipt
from audit.ledger import Ledger
from gateway.cases.finder import FactFinder
from gateway.cases.importing import Tables, refill
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.catalogue.model import Catalogue
from gateway.decision.decide import Decider
from gateway.decision.engine import Engine
from gateway.decision.model import Decision, OverAsking, Permit, Question, Reason
from gateway.decision.parties import Parties
from gateway.disclosure import Gate, disclose, release_all
from gateway.golden.cases import Case, CaseFile
from gateway.golden.world import CaseSource, bills_in_force, records_of, with_mandates
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Envelope
from gateway.sources.source import Source
from gateway.veil import at_once

Outcome = dict[str, object]

_ENVELOPE: Final = Envelope("0" * 32, "0" * 32, "0" * 16, b"{}")
_MEMBERS: Final = (
    "decision",
    "refusal_step",
    "code",
    "log_code",
    "released",
    "withheld",
    "counter_offer",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of one case that came out otherwise than the file says."""

    file: str
    case: str
    title: str
    member: str
    expected: object
    actual: object

    @property
    def text(self) -> str:
        """The difference in full, Dutch first."""
        return (
            f"{self.file}: {self.case}: {self.title}\n"
            f"  {self.member}\n"
            f"    verwacht (expected): {_shown(self.expected)}\n"
            f"    uitgekomen (actual): {_shown(self.actual)}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What came of the cases of one or more files."""

    ran: int
    differences: tuple[Difference, ...]

    @property
    def is_sound(self) -> bool:
        """Whether there were cases, and each came out as written."""
        return self.ran > 0 and not self.differences

    @property
    def text(self) -> str:
        """The outcome for a person: the first difference in full, and which cases differ."""
        if not self.ran:
            return "Er is geen enkel geval. There is not a single case."
        if not self.differences:
            return f"{self.ran} gevallen, alle zoals verwacht. {self.ran} cases, all as expected."
        wrong = list(dict.fromkeys(difference.case for difference in self.differences))
        return (
            f"{self.differences[0].text}\n\n"
            f"{len(wrong)} van {self.ran} gevallen anders dan verwacht: {', '.join(wrong)}.\n"
            f"{len(wrong)} of {self.ran} cases not as expected."
        )


@dataclass(frozen=True, slots=True)
class World:
    """What the cases are run against: the policy, the engine that decides, the invented clients.

    `engine_of` makes the engine for a catalogue; cases that imagine a bill to be law get their own.
    `people` holds what is recorded about the clients, and `store` is a file for a case store that
    holds it for one case at a time.
    """

    catalogue: Catalogue
    policies: Path
    engine_of: Callable[[Catalogue], Engine]
    clients: Source
    people: Tables
    store: Path


async def run_cases(
    files: Sequence[CaseFile], world: World, over_asking: OverAsking = OverAsking.WITHHOLD
) -> Report:
    """Run every case of the files; under `refuse` each partial answer must be a refusal.

    Effects: reads the clients, fills the store; the engines that were made for it are closed.
    """
    court = _Court(world)
    differences: list[Difference] = []
    try:
        for file in files:
            for case in file.cases:
                actual = await court.outcome(case, over_asking)
                expected = _under(case.expected, over_asking)
                differences += _differences(file.name, case, expected, actual)
    finally:
        await court.aclose()
    return Report(sum(len(file.cases) for file in files), tuple(differences))


class _Court:
    """Decides cases, with one decider for the law as it is and one for bills made law."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deciders: dict[bool, _Witness] = {}
        self._cases: SqlCases = open_cases(f"sqlite:///{world.store}")

    async def outcome(self, case: Case, over_asking: OverAsking) -> Outcome:
        decider = self._decider(imagines=case.bills_in_force)
        source = CaseSource(self._world.clients, case)
        refill(records_of(case, self._world.people), self._world.store)
        gate = Gate(
            catalogue=with_mandates(decider.catalogue, case.caller),
            decider=decider,
            facts=FactFinder(self._cases, source),
            source=source,
            ledger=cast("Ledger", _NoLedger()),
            now=lambda: dt.datetime.combine(case.day, dt.time(12), dt.UTC),
            hold=release_all,
            guard=FreeGuard(),
            pace=at_once,
        )
        caller = cast("VerifiedCaller", case.caller)
        answer, _ = await disclose(gate, caller, case.request(over_asking), _ENVELOPE)
        data = cast("Mapping[str, Mapping[str, object]]", answer.members.get("data", {}))
        released = {name: entry["value"] for name, entry in data.items()}
        return _outcome(decider.last, released)

    async def aclose(self) -> None:
        self._cases.close()
        for decider in self._deciders.values():
            await decider.aclose()

    def _decider(self, *, imagines: bool) -> "_Witness":
        if imagines not in self._deciders:
            world = self._world
            policy = bills_in_force(world.catalogue) if imagines else world.catalogue
            conf, rows = world.policies / "parties.conf", world.policies / "parties.csv"
            parties = Parties.load(conf, rows, policy)
            self._deciders[imagines] = _Witness(policy, parties, world.engine_of(policy))
        return self._deciders[imagines]


class _Witness(Decider):
    """Remembers the last decision, whose log codes the outward answer does not tell."""

    last: Decision

    @override
    async def decide(self, question: Question) -> Decision:
        self.last = await super().decide(question)
        return self.last


class _NoLedger:
    """Takes an entry and keeps nothing: no data leave, so there is nothing to account for."""

    async def append(self, draft: Draft) -> Receipt:
        return Receipt("none", 0, draft.request_id, b"", b"")


def _outcome(decision: Decision, released: Mapping[str, object]) -> Outcome:
    """Return the decision in the members of the published format."""
    if isinstance(decision, Permit):
        word = "partial" if decision.withheld else "allow"
        return _members(word, None, decision.withheld, released)
    return _members("deny", decision.reasons[0], decision.reasons, {}, decision.step)


def _members(
    word: str,
    first: Reason | None,
    reasons: Sequence[Reason],
    released: Mapping[str, object],
    step: int | None = None,
) -> Outcome:
    offers = [name for reason in reasons for name in reason.instead]
    return {
        "decision": word,
        "refusal_step": step,
        "code": None if first is None else first.outward,
        "log_code": None if first is None else log_code(first),
        "released": dict(released),
        "withheld": [
            {
                "field": reason.field,
                "step": reason.step,
                "code": reason.outward,
                "log_code": log_code(reason),
            }
            for reason in reasons
            if reason.field is not None
        ],
        "counter_offer": list(dict.fromkeys(offers)),
    }


def log_code(reason: Reason) -> str:
    """Return the code that the ledger keeps, with the name of the condition where it has one."""
    return f"{reason.code}:{reason.condition}" if reason.condition else reason.code.value


def _under(expected: Mapping[str, object], over_asking: OverAsking) -> Mapping[str, object]:
    """Return what must come of a case: without withholding, a part is a refusal for its reasons."""
    withheld = cast("Sequence[Mapping[str, object]]", expected.get("withheld") or ())
    if over_asking is OverAsking.WITHHOLD or expected.get("decision") != "partial" or not withheld:
        return expected
    first = withheld[0]
    return {
        **expected,
        "decision": "deny",
        "refusal_step": min(cast("int", each["step"]) for each in withheld),
        "code": first["code"],
        "log_code": first["log_code"],
        "released": {},
    }


def _differences(
    file: str, case: Case, expected: Mapping[str, object], actual: Outcome
) -> Iterator[Difference]:
    for member in _MEMBERS:
        if member in expected and not _same(expected[member], actual[member]):
            yield Difference(file, case.id, case.title, member, expected[member], actual[member])


def _same(expected: object, actual: object) -> bool:
    """Compare as JSON does, where a one is not a yes; the order of members does not matter."""
    return _shown(expected, sort=True) == _shown(actual, sort=True)


def _shown(value: object, *, sort: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=sort)
