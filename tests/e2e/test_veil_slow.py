"""Whether the kinds can be told apart when a source is slow, and slower about some than others.

A source that needs longer than half of the answer's time for whom it finds, and less for whom it
does not, stands behind a gateway in this process. The same comparison with a gateway that waits for
its source finds the kinds apart, so it would have seen a difference.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import httpx
import pytest

from audit.entry import parse_leaf
from audit.proof import parse_proof
from gateway.catalogue.model import Catalogue
from gateway.catalogue.veil import Veil
from gateway.identity.clients import Hat
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject
from gateway.veil import Metronome, Pace
from tests.alike import told_apart
from tests.builders import NOBODY, YUSUF, about, open_house
from tests.case_house import Tokens, bearer

pytestmark = pytest.mark.anyio

T = TypeVar("T")

HAT = Hat("gem-schuldhulp", "medewerker-vroegsignalering")
RON = "999924680"
# Ron is theirs; Yusuf is known elsewhere; nobody knows the third.
KINDS = {"no, found": RON, "no, not found": RON, "not known": NOBODY, "not yours": YUSUF}
EACH, AT_ONCE = 30, 4
# An answer takes 0.3 s, so its entry is made after 0.15 s: one comes before that, one after.
MISS_S, HIT_S = 0.06, 0.18
SEED = 20_260_303


@dataclass
class SlowSource:
    """A source that takes its time, and three times as much for whom it finds."""

    found: bool = False

    async def rows(
        self, _subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return nothing that is still running, after a while."""
        await asyncio.sleep(HIT_S if self.found else MISS_S)
        return [[] for _ in queries]

    def check(self, catalogue: Catalogue) -> None:
        """Hold whatever is asked for."""

    def close(self) -> None:
        """Hold nothing open."""


@dataclass
class Patient:
    """A pace that keeps its beats and waits for its source, however long that takes."""

    pace: Pace

    async def beat(self) -> None:
        """Return on the next beat."""
        await self.pace.beat()

    async def in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """Return what is read."""
        return await reading


def metronome() -> Metronome:
    """Return what gives requests their beat, on the clock of this machine."""
    return Metronome(time.monotonic, asyncio.sleep)


def patient(veil: Veil | None) -> Pace:
    """Return the beat of a gateway that waits for its sources."""
    return Patient(metronome()(veil))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a requester sees of one answer.

    Units:   took_s from request to answer; entered_ms from the request to its entry in the ledger.
    """

    kind: str
    took_s: float
    entered_ms: int
    told: tuple[int, bool]


def chance() -> Random:
    """Return the same chance in every run; nothing is kept secret by it."""
    return Random(SEED)  # noqa: S311 (an order of asking, no key)


@asynccontextmanager
async def asking(
    pace: Callable[[Veil | None], Pace], register: Path, cases: Path, home: Path
) -> AsyncIterator[list[Seen]]:
    """Give what is seen of every kind, asked in random order and several at a time."""
    order = [kind for kind in KINDS for _ in range(EACH)]
    chance().shuffle(order)
    waiting = iter(order)
    async with open_house(home, source=register, cases=cases) as house:
        houses: dict[bool, httpx.AsyncClient] = {}
        for found in (True, False):
            source = cast("Source", SlowSource(found))
            gate = replace(house.services.gate, pace=pace, source=source)
            house.rewire(replace(house.services, gate=gate, tokens=cast("Any", Tokens())))
            houses[found] = house.http

        async def ask_on() -> list[Seen]:
            return [await ask(houses[kind == "no, found"], kind) for kind in waiting]

        for kind in KINDS:
            await ask(houses[kind == "no, found"], kind)
        asked = await asyncio.gather(*(ask_on() for _ in range(AT_ONCE)))
        yield [each for one in asked for each in one]
        await asyncio.gather(*(http.aclose() for http in houses.values()))


async def ask(http: httpx.AsyncClient, kind: str) -> Seen:
    """Ask about a person of this kind, and return what is seen of it."""
    body = {
        "task": "wgs-vroegsignalering",
        "activity": "eerste-gesprek-aanbieden",
        "purpose": "niet-dubbel-benaderen",
        "subject": about(KINDS[kind]),
    }
    sent_ms, began = time.time_ns() // 1_000_000, time.perf_counter()
    response = await http.post("/v1/disclosures", json=body, headers=bearer(HAT))
    took, told = time.perf_counter() - began, response.json()
    leaf = parse_leaf(parse_proof(told["receipt"]["proof"].encode()).extra)
    value = told["data"]["lopende_schuldhulp"]["value"]
    return Seen(kind, took, int(str(leaf["time"])) - sent_ms, (response.status_code, value))


def times_of(seen: list[Seen]) -> dict[str, list[float]]:
    """Return how long the answers of each kind took."""
    return {kind: [each.took_s for each in seen if each.kind == kind] for kind in KINDS}


def entries_of(seen: list[Seen]) -> dict[str, list[float]]:
    """Return how long after the request the entries of each kind were made."""
    return {kind: [each.entered_ms for each in seen if each.kind == kind] for kind in KINDS}


async def test_a_slow_source_does_not_tell(
    register: Path, cases_file: Path, tmp_path: Path
) -> None:
    """Answer and entry come when they always do, whomever the source has to look for."""
    async with asking(metronome(), register, cases_file, tmp_path / "home") as seen:
        assert {each.told for each in seen} == {(200, False)}
        assert not told_apart(times_of(seen), chance())
        assert not told_apart(entries_of(seen), chance())


async def test_who_waits_for_a_slow_source_tells(
    register: Path, cases_file: Path, tmp_path: Path
) -> None:
    """The power of the other: an answer that waits for its source comes on a later beat."""
    async with asking(patient, register, cases_file, tmp_path / "home") as seen:
        assert told_apart(times_of(seen), chance())
        assert told_apart(entries_of(seen), chance())
