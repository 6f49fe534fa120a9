"""Recorded requests for the replay: a gate over scripted facts, a ledger of leaves in memory."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import EllipsisType
from typing import cast
from zoneinfo import ZoneInfo

from audit.entry import Draft, Json, Receipt, canonical, parse_leaf
from audit.ledger import Ledger
from audit.merkle import leaf_hash
from audit.schema import check_schema
from audit.storage.contract import Entry
from gateway.aggregates.figures import Figures
from gateway.aggregates.kept import NothingKept
from gateway.cases.finder import FactFinder, Inquiry, Outcomes
from gateway.catalogue.model import Catalogue, Purpose
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.decision.parties import Parties
from gateway.disclosure import Gate, disclose, release_all
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Envelope, Request
from gateway.replay.replay import Report, replay
from gateway.replay.revisions import Revisions
from gateway.sources.groups import Group, GroupQuery
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject, parse_bsn
from gateway.veil import at_once
from tests.fakes import MemoryCases
from tests.fakes_decision import POLICIES, catalogue
from tests.unit.catalogue_follow.world import FLAG

HOME = ZoneInfo("Europe/Amsterdam")
NOON = dt.time(12, tzinfo=HOME)
PERSON = parse_bsn("999911235")
CALLER = VerifiedCaller(
    "team",
    "gem-toegang-jeugd",
    "consulent-jeugd",
    "p-1",
    frozenset({Hat("gem-toegang-jeugd", "consulent-jeugd")}),
)
FLAGGED = Request(
    task="jeugd-toeleiding",
    activity="criteria-toetsen-zwaarte",
    purposes=(FLAG,),
    subject=PERSON,
    subject_check=SubjectCheck.VALID,
    fields=None,
    justifications={},
    case=None,
    over_asking=OverAsking.REFUSE,
)
MOTIVATION = "De verordening noemt de duur als criterium."


@dataclass
class Leaves:
    """A ledger that makes leaves as the real one does, and keeps them in a list."""

    at: dt.datetime = dt.datetime(2026, 3, 2, 12, tzinfo=HOME)
    entries: list[Entry] = field(default_factory=list)
    drafts: list[tuple[dt.datetime, Draft]] = field(default_factory=list)

    async def append(self, draft: Draft) -> Receipt:
        """Keep the leaf of this draft, of the right form."""
        self.drafts.append((self.at, draft))
        leaf = self.leaf_of(draft)
        self.put(draft.request_id, leaf)
        return Receipt("leaves", len(self.entries) - 1, draft.request_id, leaf, b"")

    def leaf_of(self, draft: Draft) -> bytes:
        """Return the leaf of a draft."""
        header: dict[str, Json] = {
            "v": 1,
            "type": draft.type.value,
            "id": draft.request_id,
            "time": int(self.at.timestamp() * 1000),
            "gateway": "gw-1",
            "counter": len(self.entries),
        }
        if "organisation" in draft.members:
            header["commitments"] = {}
        leaf = canonical({**draft.members, **header})
        check_schema(parse_leaf(leaf))
        return leaf

    def put(self, request_id: str, leaf: bytes) -> None:
        """Put a leaf at the end, whatever it says."""
        self.entries.append(Entry(len(self.entries), request_id, leaf, leaf_hash(leaf)))

    def rig(self, index: int, **changes: Json | EllipsisType) -> None:
        """Make one entry say something else; `...` takes a member away."""
        entry = self.entries[index]
        members = {**parse_leaf(entry.leaf or b""), **changes}
        leaf = canonical({k: v for k, v in members.items() if not isinstance(v, EllipsisType)})
        self.entries[index] = replace(entry, leaf=leaf, leaf_hash=leaf_hash(leaf))


@dataclass
class MemoryAnnex:
    """Keeps policy revisions in memory, and nothing else."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def add_revision(self, digest: str, content: bytes) -> None:
        """Keep a revision, if there is none under this digest yet."""
        self.kept.setdefault(digest, content)

    def revision(self, digest: str) -> bytes | None:
        """Return what was kept under the digest."""
        return self.kept.get(digest)

    def add_cosigned(self, size: int, note: bytes) -> None:
        """Keep nothing."""

    def add_stamp(self, size: int, response: bytes) -> None:
        """Keep nothing."""

    def cosigned(self) -> Iterator[tuple[int, bytes]]:
        """Give nothing."""
        yield from ()

    def stamps(self) -> Iterator[tuple[int, bytes]]:
        """Give nothing."""
        yield from ()


class Scripted:
    """Facts as a test scripts them; mandates and what keeps facts from being asked are real."""

    def __init__(self, outcomes: Mapping[str, str]) -> None:
        self._outcomes = outcomes

    async def gather(
        self, inquiry: Inquiry, purpose: Purpose | None, fields: Sequence[str]
    ) -> Outcomes:
        """Return the scripted outcome of every fact that the finder would ask, in its order."""
        without_case = replace(inquiry, case_kinds=())
        found = await FactFinder(MemoryCases(), Silent()).gather(without_case, purpose, fields)
        if "MANDATE_MISSING" in found.values():
            return found
        case = {"case": self._outcomes.get("case", "met")} if inquiry.case_kinds else {}
        urgent = inquiry.emergency and purpose is not None and purpose.emergency
        if case not in ({}, {"case": "met"}) and not urgent:
            return {name: "met" for name in found if name in inquiry.mandates} | case
        return case | {name: self._outcomes.get(name, "met") for name in found}

    def beside(self, registers: Source, _inquiry: Inquiry, _purpose: Purpose) -> Source:
        """Return the registers alone: what a case says is scripted too."""
        return registers


class Silent:
    """A register that has no rows about anybody."""

    async def rows(
        self, _subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return no row for every query."""
        return [[] for _ in queries]

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Return no cell: nobody is in any."""
        assert query.table
        return []

    def check(self, catalogue: Catalogue) -> None:
        """Promise nothing."""

    def close(self) -> None:
        """Do nothing."""


def decider_of(policy: Catalogue) -> Decider:
    """Return what decides under this catalogue, by the project's own rules."""
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    return Decider(policy, parties, EmbeddedEngine.build(policy, POLICIES))


@cache
def decider() -> Decider:
    """Return what decides under the project's own policy."""
    return decider_of(catalogue())


def named_after(policy: Catalogue, change: str) -> Catalogue:
    """Return a changed catalogue under a revision of its own, as changed files would have."""
    revision = hashlib.sha256(f"{policy.revision} {change}".encode()).hexdigest()
    return replace(policy, revision=revision)


def kept(*deciders: Decider) -> Revisions:
    """Return revisions that are loaded already, by their digests."""
    by_digest = {each.catalogue.revision: each for each in deciders}
    return Revisions(
        lambda digest: b"kept" if digest in by_digest else None,
        lambda _content, digest: by_digest[digest],
    )


def in_order(purpose: Purpose) -> tuple[Request, VerifiedCaller]:
    """Return a request for everything that a purpose gives, by who may ask it."""
    requester = purpose.requesters[0]
    request = replace(
        FLAGGED,
        task=purpose.task,
        activity=purpose.activity,
        purposes=(purpose.id,),
        subject=None if purpose.aggregated else PERSON,
        subject_check=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=tuple(purpose.fields),
        justifications=dict.fromkeys(purpose.fields, MOTIVATION),
    )
    hat = Hat(requester.organisation, requester.role)
    caller = VerifiedCaller("team", hat.organisation, hat.role, "p-1", frozenset({hat}))
    return request, caller


async def replayed(leaves: Leaves, *deciders: Decider) -> Report:
    """Decide the entries again under the project's policy, or under these."""
    return await replay(leaves.entries, kept(*(deciders or (decider(),))), lambda: None)


async def ask(
    leaves: Leaves,
    request: Request = FLAGGED,
    caller: VerifiedCaller = CALLER,
    facts: dict[str, str] | None = None,
) -> None:
    """Let the gate answer a request, at noon of the ledger's own day."""
    gate = Gate(
        catalogue=catalogue(),
        decider=decider(),
        facts=cast("FactFinder", Scripted(facts or {})),
        source=Silent(),
        ledger=cast("Ledger", leaves),
        now=lambda: leaves.at,
        hold=release_all,
        guard=FreeGuard(),
        pace=at_once,
        figures=Figures(Silent(), NothingKept()),
    )
    number = f"{len(leaves.entries):032x}"
    await disclose(gate, caller, request, Envelope(number, "a" * 32, "b" * 16, b"{}"))
