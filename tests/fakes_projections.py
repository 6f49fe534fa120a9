"""Entries for the projections: leaves that fit the schema, in a ledger that is a list."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint
from audit.entry import EntryType, canonical
from audit.merkle import EMPTY_ROOT
from audit.projections.record import Context
from audit.schema import check_schema
from audit.storage.contract import Entry
from gateway.api.guard import supervising
from gateway.api.state import Services
from gateway.app import create_app
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.rates import Rates

URL = "https://poort.waterveen.example"
CONTEXT = Context(URL)
START_MS = 1_772_442_000_000
OIN = "00000099000000001001"
TRACE = "28dbeec32e77635cc19bc3204ec56c41"
SPAN = "c4e1d75a3f9b8240"
PURPOSE = "lichte-of-zware-hulp"
COMMITMENT = "A" * 43 + "="
YUSUF, SANNE = "a1" * 16, "b2" * 16

Leaf = dict[str, Any]


def make_leaf(index: int = 0, **changes: object) -> Leaf:
    """Return the leaf of a disclosure about one person; `...` takes a member away."""
    leaf: Leaf = {
        "v": 1,
        "type": "disclosure",
        "id": hashlib.sha256(b"%d" % index).hexdigest()[:32],
        "time": START_MS + 1000 * index,
        "gateway": "gw-1",
        "counter": index,
        "organisation": OIN,
        "role": "consulent-jeugd",
        "policy": "d" * 64,
        "subjects": 1,
        "commitments": dict.fromkeys(("subject", "professional"), COMMITMENT),
        "conditions": [{"name": "toestemming", "outcome": "met"}],
        "trace": TRACE,
        "span": SPAN,
        "task": "jeugd-toeleiding",
        "activity": "criteria-toetsen-zwaarte",
        "purpose": PURPOSE,
        "legal_basis": ["Jeugdwet 2.3 (6-1-e)"],
        "released": [{"field": "specialistische_hulp", "precision": "flag"}],
        "obligations": ["inform_subject"],
        "outcome": "permit",
    }
    return {name: value for name, value in {**leaf, **changes}.items() if value is not ...}


def make_refusal(index: int = 0, **changes: object) -> Leaf:
    """Return the leaf of a refusal about one person."""
    reasons = [{"code": "BEYOND_PURPOSE", "step": 4, "field": "diagnose"}]
    refusal = {"type": "refusal", "outcome": "refuse", "released": ..., "refused": reasons}
    return make_leaf(index, **{**refusal, **changes})


def make_policy(index: int = 0) -> Leaf:
    """Return the leaf of an entry that is no decision."""
    header = make_leaf(index)
    kept = {name: header[name] for name in ("v", "id", "time", "gateway", "counter", "policy")}
    return {**kept, "type": "policy"}


@dataclass
class ListedLog:
    """A ledger that is a list; keeps the promises of the reader that routes get."""

    rows: list[Entry] = field(default_factory=list)
    keys: list[tuple[int, bytes]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def add(self, leaf: Mapping[str, Any] | None, *persons: str) -> None:
        """Add an entry about these persons, by pseudonym; None is a leaf that was pruned."""
        index = len(self.rows)
        data = None if leaf is None else canonical(leaf)
        self.rows.append(Entry(index, f"{index:032x}", data, b"h" * 32))
        self.keys += [(index, bytes.fromhex(person)) for person in persons]
        self.times.append(-1 if leaf is None else leaf["time"])

    def erase(self, person: str) -> None:
        """Forget the key of this person."""
        self.keys = [row for row in self.keys if row[1].hex() != person]

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        yield from self.rows[start:stop]

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give index and key id of each data subject with start <= index < stop."""
        yield from (row for row in self.keys if start <= row[0] < stop)

    def index_at(self, time_ms: int) -> int:
        """Give the first index whose entry has this time or a later one."""
        return bisect_left(self.times, time_ms)

    def head(self) -> Checkpoint:
        """Give the size of the log."""
        return Checkpoint("poort.example/disclosures/2026", len(self.rows), EMPTY_ROOT)


def make_log(*rows: tuple[Mapping[str, Any] | None, Sequence[str]]) -> ListedLog:
    """Return a log of these leaves, each with its persons."""
    log = ListedLog()
    for leaf, persons in rows:
        log.add(leaf, *persons)
    return log


def supervised_app(log: ListedLog, *, signed_in: bool = True) -> FastAPI:
    """Return an application over this log alone; a supervisor has signed in, or nobody."""
    services = cast("Services", SimpleNamespace(log=log, rates=Rates(1_000, float)))
    app = create_app(services, public_url=URL)
    if signed_in:
        hat = Hat("autoriteit-persoonsgegevens", "toezichthouder")
        caller = VerifiedCaller(
            "supervisor", hat.organisation, hat.role, "inspecteur-1", frozenset({hat})
        )
        app.dependency_overrides[supervising] = lambda: caller
    return app


def supervised_client(log: ListedLog, *, signed_in: bool = True) -> httpx.AsyncClient:
    """Return a client of an application over this log alone."""
    transport = httpx.ASGITransport(supervised_app(log, signed_in=signed_in))
    return httpx.AsyncClient(transport=transport, base_url=URL)


# From an alphabet, not from a pattern: generating from patterns takes seconds before the first one.
_WORD = st.text("aZ .:,_/()-", max_size=20).map("w".__add__)
_PURPOSE = st.text("ab-", max_size=20).map("p".__add__)
_HEX = st.integers(1, 2**128 - 1).map("{:032x}".format)
_SPANS = st.integers(1, 2**64 - 1).map("{:016x}".format)
_REFUSED = st.fixed_dictionaries(
    {"code": _WORD, "step": st.integers(0, 99)},
    optional={"field": _WORD, "count": st.integers(0, 99)},
)
_CONDITION = st.fixed_dictionaries(
    {"name": _WORD, "outcome": st.sampled_from(["met", "not_met", "unknown"])},
    optional={"code": _WORD},
)
_LABELS = st.sampled_from(("request", "professional", "justification", "log_codes"))
_COMMITMENTS = st.dictionaries(_LABELS, st.just(COMMITMENT), min_size=1)
_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "task": _WORD,
    "activity": _WORD,
    "purpose": _PURPOSE,
    "legal_basis": st.lists(_WORD, max_size=3),
    "released": st.lists(st.fixed_dictionaries({"field": _WORD, "precision": _WORD}), max_size=4),
    "refused": st.lists(_REFUSED, max_size=4),
    "obligations": st.lists(_WORD, max_size=3),
    "outcome": _WORD,
    "asked": st.fixed_dictionaries({"fields": st.sampled_from(["minimal", "named"])}),
}


@st.composite
def decisions(draw: st.DrawFn) -> tuple[Leaf, list[str]]:
    """Generate a decision with the pseudonyms of its persons; each leaf fits the schema."""
    persons = draw(st.lists(_HEX, max_size=4, unique=True))
    kinds = [EntryType.DISCLOSURE.value, EntryType.REFUSAL.value, EntryType.BREAK_GLASS.value]
    kind = draw(st.sampled_from(kinds))
    members = {
        "type": kind,
        "reason": "gevaar" if kind == EntryType.BREAK_GLASS else ...,
        "id": draw(_HEX),
        "time": draw(st.integers(0, 4_000_000_000_000)),
        "role": draw(_WORD),
        "subjects": len(persons),
        "commitments": draw(_COMMITMENTS),
        "conditions": draw(st.lists(_CONDITION, max_size=3)),
        "trace": draw(_HEX),
        "span": draw(_SPANS),
        **dict.fromkeys(_OPTIONAL, ...),
        **draw(st.fixed_dictionaries({}, optional=_OPTIONAL)),
    }
    leaf = make_leaf(**members)
    check_schema(leaf)
    return leaf, persons
