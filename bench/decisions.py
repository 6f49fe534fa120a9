"""The time of one decision: cold, through the engine, and remembered."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.rows import Row
from gateway.catalogue.load import load_catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, Question, Standing, SubjectCheck
from gateway.decision.parties import Parties

_COLD = 1_000
_REMEMBERED = 50_000


def measure(root: Path) -> Iterator[Row]:
    """Decide questions that were never asked before, then one of them over and over."""
    catalogue = load_catalogue(root / "purposes", root / "policies")
    parties = Parties.load(
        root / "policies" / "parties.conf", root / "policies" / "parties.csv", catalogue
    )
    decider = Decider(catalogue, parties, EmbeddedEngine.build(catalogue, root / "policies"))
    cold = asyncio.run(_seconds_each(decider, _fresh_questions(), _COLD))
    remembered = asyncio.run(_seconds_each(decider, itertools.repeat(_question()), _REMEMBERED))
    yield Row("decision.cold", cold * 1e6, "us")
    yield Row("decision.memo", remembered * 1e6, "us", "decision.cold")


async def _seconds_each(decider: Decider, questions: Iterator[Question], count: int) -> float:
    asked = list(itertools.islice(questions, count))
    started = time.perf_counter()
    for question in asked:
        await decider.decide(question)
    return (time.perf_counter() - started) / count


def _fresh_questions() -> Iterator[Question]:
    for number in itertools.count():
        yield replace(_question(), justified=(f"field_{number}",))


def _question() -> Question:
    return Question(
        organisation="gem-toegang-jeugd",
        role="consulent-jeugd",
        standing=Standing.HOLDS,
        task="jeugd-toeleiding",
        activity="criteria-toetsen-zwaarte",
        purposes=("lichte-of-zware-hulp",),
        subject=SubjectCheck.VALID,
        fields=("specialisatie_ingezet",),
        justified=(),
        over_asking=OverAsking.REFUSE,
        facts=(("age", "met"), ("bron_bevestigd", "met"), ("case", "met")),
        date="2026-03-02",
    )
