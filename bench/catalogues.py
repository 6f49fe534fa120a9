"""A hundred purposes and ten thousand: loading with lint, and deciding cold and remembered."""

import asyncio
import datetime as dt
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.catalogue_scale import Scale, write_catalogue
from bench.rows import Row
from gateway.catalogue.lint import lint
from gateway.catalogue.load import Reading, read_catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import Question
from gateway.decision.parties import Parties
from gateway.server import settle

_SIZES = (100, 10_000)
_COLD = 300
_REMEMBERED = 20_000
_TODAY = dt.date(2026, 3, 2)


def measure(root: Path, folder: Path) -> Iterator[Row]:
    """Measure both sizes; the large one is held against the small one."""
    for size in _SIZES:
        scale = write_catalogue(folder / str(size), root / "policies", size)
        started = time.perf_counter()
        reading = read_catalogue(scale.purposes, scale.policies)
        findings = lint(reading, _TODAY)
        seconds = time.perf_counter() - started
        if any(finding.severity.value == "error" for finding in findings):
            raise RuntimeError("the made-up catalogue is not sound")
        yield Row(f"catalogue.load-and-lint.{size}", seconds, "s", _against("load-and-lint", size))
        yield from _decisions(scale, reading, size)


def _against(what: str, size: int) -> str | None:
    return None if size == _SIZES[0] else f"catalogue.{what}.{_SIZES[0]}"


def _decisions(scale: Scale, reading: Reading, size: int) -> Iterator[Row]:
    conf, rows = scale.policies / "parties.conf", scale.policies / "parties.csv"
    parties = Parties.load(conf, rows, reading.catalogue)
    engine = EmbeddedEngine.build(reading.catalogue, scale.policies)
    decider = Decider(reading.catalogue, parties, engine)
    fresh = [replace(scale.question, justified=(f"gegeven_{n}",)) for n in range(_COLD)]
    settle()  # as the gateway does before it serves
    known = list(itertools.repeat(scale.question, _REMEMBERED))
    for what, questions in (("decide-cold", fresh), ("decide-memo", known)):
        started = time.perf_counter()
        asyncio.run(_decide(decider, questions))
        each = (time.perf_counter() - started) / len(questions) * 1e6
        yield Row(f"catalogue.{what}.{size}", each, "us", _against(what, size))


async def _decide(decider: Decider, questions: list[Question]) -> None:
    for question in questions:
        await decider.decide(question)
