"""What the gate records is enough to decide it again: the published cases, and anything else."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar, cast

import pytest

from audit.entry import Json, Receipt, parse_leaf
from audit.ledger import Ledger
from audit.merkle import Frontier
from audit.sequencer.appender import Appender, Means
from audit.storage.connect import open_reader
from audit.storage.contract import Entry, Head
from audit.storage.place import sqlite_url
from gateway.cases.finder import FactFinder
from gateway.cases.importing import refill
from gateway.cases.opening import open_cases
from gateway.catalogue.model import Purpose
from gateway.decision.decide import Decider
from gateway.decision.model import Code, OverAsking, SubjectCheck
from gateway.decision.reasons import REASONS
from gateway.demo.data import load_clients, tables_of
from gateway.disclosure import Gate, disclose, release_all
from gateway.golden.cases import Case, read_cases
from gateway.golden.world import CaseSource, bills_in_force, records_of, with_mandates
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Emergency, Envelope, Request
from gateway.replay.replay import replay
from gateway.sources.sql import SqlSource
from gateway.veil import at_once
from tests.fakes_audit import (
    ORIGIN,
    CountedRandom,
    FixedClock,
    make_seal,
    make_signer,
    open_store,
)
from tests.fakes_decision import ROOT, catalogue
from tests.unit.catalogue_follow.world import FLAG
from tests.unit.replay.world import (
    HOME,
    MOTIVATION,
    NOON,
    PERSON,
    Leaves,
    ask,
    decider,
    decider_of,
    in_order,
    kept,
    named_after,
    replayed,
)

pytestmark = pytest.mark.anyio

CLIENTS = ROOT / "deploy" / "demo" / "clients.json"
FILES = sorted((ROOT / "tests" / "golden").glob("*.yaml"))
DAY = dt.date(2026, 3, 2)
SOON = dt.datetime(2026, 3, 2, 13, tzinfo=HOME)
URGENT = Emergency("immediate_danger", MOTIVATION, valid_until=SOON, review_by=SOON)


def decided_members(leaf: bytes) -> dict[str, Json]:
    """Return what a leaf says, apart from its name."""
    return {name: value for name, value in parse_leaf(leaf).items() if name != "id"}


# Golden cases


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlSource]:
    """Give the invented clients as they were on the day that the cases are about."""
    database = tmp_path_factory.mktemp("clients") / "clients.db"
    load_clients(CLIENTS, database, dt.date(2026, 3, 2))
    with closing(SqlSource(f"sqlite:///{database}")) as source:
        yield source


@pytest.fixture(scope="module")
def policies() -> Callable[[Case], Decider]:
    """Give what decides a case: a policy of its own where the case imagines one."""
    made: dict[str, Decider] = {}

    def decider_for(case: Case) -> Decider:
        mandates = case.caller.mandates
        name = f"{case.bills_in_force} {case.caller.organisation} {case.caller.role} {mandates}"
        imagined = case.bills_in_force or mandates is not None
        if name not in made:
            policy = bills_in_force(catalogue()) if case.bills_in_force else catalogue()
            policy = with_mandates(policy, case.caller)
            made[name] = decider_of(named_after(policy, name)) if imagined else decider()
        return made[name]

    return decider_for


def written(leaves: Leaves, path: Path) -> list[Entry]:
    """Return the same entries as a real ledger holds them, written by its own writer in order."""
    clock = FixedClock()
    store = open_store(path)
    means = Means(make_signer(), "gw-1", make_seal(), clock, CountedRandom(), 60_000)
    appender = Appender(store, means, Head(), Frontier(), 0)
    for at, draft in sorted(leaves.drafts, key=lambda dated: dated[0]):
        clock.ms = int(at.timestamp() * 1000)
        [receipt] = appender.append_batch([draft])
        assert isinstance(receipt, Receipt)
    store.close()
    with closing(open_reader(sqlite_url(path), ORIGIN)) as reader:
        return list(reader.entries(0, len(leaves.drafts)))


@pytest.mark.parametrize("over_asking", list(OverAsking))
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_every_golden_case_is_decided_the_same_again(
    file: Path,
    over_asking: OverAsking,
    clients: SqlSource,
    policies: Callable[[Case], Decider],
    tmp_path: Path,
) -> None:
    """What the published cases leave in the ledger is enough to come to the same, every time."""
    leaves, deciders = Leaves(), []
    people, store = tables_of(CLIENTS, DAY), tmp_path / "cases.db"
    cases = open_cases(f"sqlite:///{store}")
    for case in read_cases(file).cases:
        case_decider = policies(case)
        source = CaseSource(clients, case)
        refill(records_of(case, people), store)
        leaves.at = dt.datetime.combine(case.day, NOON)
        gate = Gate(
            catalogue=case_decider.catalogue,
            decider=case_decider,
            facts=FactFinder(cases, source),
            source=source,
            ledger=cast("Ledger", leaves),
            now=lambda: leaves.at,
            hold=release_all,
            guard=FreeGuard(),
            pace=at_once,
        )
        number = f"{len(leaves.entries):032x}"
        envelope = Envelope(number, "a" * 32, "b" * 16, b"{}")
        await disclose(
            gate, cast("VerifiedCaller", case.caller), case.request(over_asking), envelope
        )
        deciders.append(case_decider)

    cases.close()
    report = await replay(written(leaves, tmp_path / "ledger.db"), kept(*deciders), lambda: None)

    assert report.differences == []
    assert report.undecided == {}
    assert report.same == len(leaves.entries) > 0


# Anything that can be asked

_FAILURES: dict[str, tuple[str, ...]] = {
    "case": (
        "SUBJECT_UNKNOWN",
        "CASE_MISSING",
        "NOT_PARTY",
        "CASE_CLOSED",
        "CASE_MEMBERSHIP_EXPIRED",
        "CASE_MEMBERSHIP_NOT_STARTED",
        "CASE_PHASE",
        "CASE_TASK",
    ),
    "consent": (
        "CONSENT_MISSING",
        "CONSENT_WITHDRAWN",
        "CONSENT_EXPIRED",
        "CONSENT_WRONG_PERSON",
    ),
    "age": ("AGE_OUT_OF_RANGE",),
    "groepsgrootte": ("GROUP_TOO_SMALL",),
}
T = TypeVar("T")


class Pick(random.Random):
    """Picks what is in order, and now and then something else."""

    def mostly(self, good: T, *bad: T) -> T:
        """Return the good one, nineteen times out of twenty."""
        return self.choice(bad) if self.random() < 0.05 else good


def facts_of(pick: Pick, purpose: Purpose) -> dict[str, str]:
    """Return the outcome of everything that this purpose may ask, most of them met."""
    names = ["case", "consent", *(condition.name for condition in purpose.conditions)]
    wrong = set(pick.sample(names, pick.choice((0, 0, 1, 2))))
    return {
        name: pick.choice((*_FAILURES.get(name, ("CONDITION_NOT_MET",)), "unknown"))
        if name in wrong
        else "met"
        for name in names
    }


def fields_of(pick: Pick, purpose: Purpose) -> tuple[str, ...] | None:
    """Return fields of the purpose, and sometimes more than it gives, or than there are."""
    own = pick.sample(list(purpose.fields), pick.randint(0, len(purpose.fields)))
    others = [*purpose.never, *pick.sample(list(catalogue().fields), 30), "verzonnen", "ook"]
    more = pick.sample(others, pick.choice((0, 0, 0, 1, 2, len(others))))
    asked = [*own, *more]
    pick.shuffle(asked)
    too_many = tuple(f"veel-{number}" for number in range(101))
    return pick.mostly(pick.choice((None, tuple(asked), tuple(purpose.fields))), too_many)


def request_of(pick: Pick, purpose: Purpose) -> tuple[Request, VerifiedCaller]:
    """Return a request for this purpose, with now and then something that is not in order."""
    requester = pick.choice(purpose.requesters)
    judged = pick.sample([*purpose.fields, "verzonnen"], pick.randint(0, len(purpose.fields)))
    own = (None, SubjectCheck.MISSING) if purpose.aggregated else (PERSON, SubjectCheck.VALID)
    subject, check = pick.mostly(
        own,
        (None, SubjectCheck.MISSING),
        (None, SubjectCheck.INVALID),
        (PERSON, SubjectCheck.VALID),
    )
    several = ((purpose.id, "iets"), ("zo", "maar"), (purpose.id, FLAG))
    request = Request(
        task=pick.mostly(purpose.task, "", "verzonnen", *catalogue().tasks),
        activity=pick.mostly(purpose.activity, "", "verzonnen", "vraagverheldering"),
        purposes=pick.mostly((purpose.id,), (), ("iets",), (FLAG,), *several),
        subject=subject,
        subject_check=check,
        fields=fields_of(pick, purpose),
        justifications=dict.fromkeys(judged, MOTIVATION),
        case=None,
        over_asking=pick.choice(list(OverAsking)),
        emergency=pick.choice((None, None, None, URGENT)),
    )
    hat, strange = (
        Hat(requester.organisation, requester.role),
        Hat("gem-toegang-wmo", "consulent-wmo"),
    )
    acting = pick.mostly(hat, strange)
    hats = frozenset(pick.mostly({hat, acting}, {strange}, {hat, strange}))
    return request, VerifiedCaller("team", acting.organisation, acting.role, "p-1", hats)


@pytest.mark.parametrize("purpose", catalogue().purposes.values(), ids=lambda each: each.id)
async def test_whatever_is_asked_is_decided_the_same_again(purpose: Purpose) -> None:
    """Good and bad requests for every purpose, with every outcome: an entry tells enough."""
    pick, leaves = Pick(purpose.id), Leaves()
    for _ in range(40):
        request, caller = request_of(pick, purpose)
        await ask(leaves, request, caller, facts_of(pick, purpose))

    report = await replayed(leaves)

    assert report.differences == []
    assert report.undecided == {}


LOOK_ALIKE = [
    (name, code)
    for name, codes in (("case", _FAILURES["case"]), ("consent", _FAILURES["consent"]))
    for code in codes
]


@pytest.mark.parametrize(("fact", "code"), LOOK_ALIKE)
async def test_codes_that_look_alike_leave_the_same_entry(fact: str, code: str) -> None:
    """An entry shows the outward code, and whichever fine code was behind it comes to the same."""
    outward = REASONS[Code(code)].outward
    alike = [each for each in _FAILURES[fact] if REASONS[Code(each)].outward == outward]
    found = []

    for each in alike:
        leaves = Leaves()
        for purpose in catalogue().purposes.values():
            request, caller = in_order(purpose)
            await ask(leaves, request, caller, {fact: each})
        found.append([decided_members(entry.leaf or b"") for entry in leaves.entries])

    assert all(members == found[0] for members in found)
