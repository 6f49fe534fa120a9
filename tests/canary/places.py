"""Everywhere that something of a request may end up, as bytes with the name of the place."""

import io
import json
import logging
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from typing_extensions import override

from audit.projections.lines import Kind, project
from audit.projections.otlp import export_request
from audit.projections.record import Context
from gateway.decision.engine import Engine
from tests.builders import House

Place = tuple[str, bytes]

# What a case store is for: the numbers of persons stand there, and nothing of a register does.
_OF_PERSONS = frozenset({"bsn", "subject"})


class Ears(logging.Handler):
    """Hears every log record of every logger, whole: text, arguments, traceback and extras.

    `deaf_to` are the loggers of the client with which a test asks in this same process.
    """

    def __init__(self, deaf_to: frozenset[str] = frozenset()) -> None:
        super().__init__(logging.NOTSET)
        self.deaf_to = deaf_to
        self.heard = io.StringIO()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in self.deaf_to:
            return
        self.heard.write(f"{record.name} {record.getMessage()} {record.__dict__!r}\n")
        if record.exc_info:
            self.heard.write("".join(traceback.format_exception(*record.exc_info)))


@dataclass
class Overhearing:
    """An engine that hears what another one is asked and what it answers: the decision log."""

    engine: Engine
    heard: list[bytes] = field(default_factory=list)

    async def evaluate(self, question: bytes) -> object:
        """Pass the question on."""
        self.heard.append(question)
        answer = await self.engine.evaluate(question)
        self.heard.append(orjson.dumps(answer))
        return answer

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()


def overhear(house: House) -> Overhearing:
    """Put ears between this gateway and its engine."""
    decider = house.services.gate.decider
    listening = Overhearing(decider._engine)
    decider._engine = listening
    return listening


def ledger_places(house: House) -> Iterator[Place]:
    """Give every leaf, the checkpoint, and the log as each standard shows it."""
    log = house.services.log
    size = house.size
    for entry in log.entries(0, size):
        yield f"leaf {entry.index}", entry.leaf or b""
    yield "checkpoint", log.checkpoint()
    context = Context(house.settings.public_url)
    for kind in Kind:
        lines = list(project(log, kind, 0, size, context))
        yield f"lines of {kind}", orjson.dumps(lines)
    for kind in (Kind.LDV, Kind.ADL):
        lines = list(project(log, kind, 0, size, context))
        yield f"export of {kind}", orjson.dumps(export_request(kind, lines))


def memory_places(house: House) -> Iterator[Place]:
    """Give what the gateway remembers in memory: decisions with their keys."""
    memo = house.services.gate.decider._memo
    for key, decision in memo.items():
        yield "memo", key + repr(decision).encode()


def files_in(folder: Path) -> Iterator[Place]:
    """Give every file of a home, byte for byte."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(folder)), file.read_bytes()


def rows_in(cases: Path) -> Iterator[Place]:
    """Give every cell of a case store but the columns that name the person of a record."""
    with closing(sqlite3.connect(cases)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
        for (table,) in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
            names = [each[0] for each in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    if name not in _OF_PERSONS:
                        yield f"{table}.{name}", _as_bytes(value)


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
