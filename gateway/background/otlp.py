"""Sends the lines of the ledger to an OpenTelemetry collector: LDV as spans, ADL as log records.

At least once: the position moves, and is saved, after the collector has answered 2xx. A collector
that is away, slow or busy is tried again, ever less often. What it says it will never accept is not
sent again, as the protocol demands; and because these lines account for what was done, it is not
skipped either: the export stops and says so, and goes on from the same place after a restart.

Source: OTLP specification, "OTLP/HTTP Request", "OTLP/HTTP Response", "Retryable Response Codes".
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from audit.projections.lines import Kind, lines_of
from audit.projections.otlp import export_request
from audit.projections.record import Context, Records
from audit.projections.window import Wanted, matching
from gateway.errors import SettingsInvalid

_LOG = logging.getLogger("doelpoort.otlp")

ENTRIES_LIMIT = 1_000  # Entries looked at for one request.
LINES_LIMIT = 500  # About a megabyte; the last entry may bring as many lines as it has persons.
_ANSWER_LIMIT = 64 * 1024
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0
_IDLE_S = 5.0
_TIMEOUT_S = 30.0
_RETRYABLE = frozenset({429, 502, 503, 504})
_PATHS = {Kind.LDV: "/v1/traces", Kind.ADL: "/v1/logs"}
_REJECTED = {Kind.LDV: "rejectedSpans", Kind.ADL: "rejectedLogRecords"}
_POSITION = re.compile(r"(0|[1-9][0-9]{0,15})\n")
_SECONDS = re.compile(r"[0-9]{1,5}")
_COUNT = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Target:
    """Where lines of one kind go, and the file that remembers how far they went.

    Shapes:  url: scheme and host of a collector. position: a file for this kind and this log alone.
    """

    url: str
    kind: Kind
    position: Path


@dataclass(frozen=True, slots=True)
class ExportStatus:
    """How an export does.

    Units:   position: the index of the first entry that was not delivered yet. rejected: lines that
             the collector refused among others that it took, since the start.
    """

    position: int
    rejected: int
    stopped: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after_s: float | None
    content: bytes


class Exporter:
    """One export: reads on where it was, sends, and remembers.

    Effects: one file, `target.position`.
    Trust:   the collector's answers are bounded and only counted; `random` gives the jitter.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        target: Target,
        *,
        records: Records,
        context: Context,
        pause: Callable[[float], Awaitable[object]],
        random: Callable[[int], bytes],
    ) -> None:
        """Take up an export.

        Raises:  SettingsInvalid if the position file holds no position.
        """
        self._http = http
        self._target = target
        self._records = records
        self._context = context
        self._pause = pause
        self._random = random
        self._position = read_position(target.position)
        self._rejected = 0
        self._stopped: str | None = None

    @property
    def status(self) -> ExportStatus:
        """How far it is."""
        return ExportStatus(self._position, self._rejected, self._stopped)

    async def run(self, size: Callable[[], int]) -> None:
        """Export whatever the ledger gets, until cancelled or stopped by the collector.

        Units:   size gives the number of entries that are durable.
        """
        while True:
            moved = await self.export_some(size())
            if self._stopped is not None:
                return
            if not moved:
                await self._pause(_IDLE_S)

    async def export_some(self, size: int) -> bool:
        """Send what comes next, at most one request, and tell whether the position moved.

        Raises:  LeafInvalid, StorageBroken if the ledger cannot be read.
        """
        # The event loop serves requests; reading a thousand entries would hold them up.
        stop, lines = await asyncio.to_thread(self._next, size)
        if stop <= self._position or (lines and not await self._deliver(lines)):
            return False
        await asyncio.to_thread(_save_position, self._target.position, stop)
        self._position = stop
        return True

    def _next(self, size: int) -> tuple[int, list[dict[str, Any]]]:
        """Return lines that were not sent yet, and the position after them."""
        lines: list[dict[str, Any]] = []
        stop = min(size, self._position + ENTRIES_LIMIT)
        for recorded in matching(self._records, range(self._position, stop), Wanted()):
            if len(lines) >= LINES_LIMIT:
                return recorded.index, lines
            lines += lines_of(self._target.kind, recorded, self._context)
        return stop, lines

    async def _deliver(self, lines: list[dict[str, Any]]) -> bool:
        body = json.dumps(export_request(self._target.kind, lines), ensure_ascii=False).encode()
        longest = _FIRST_PAUSE_S
        while True:
            answer = await self._post(body)
            if answer is not None and 200 <= answer.status < 300:  # noqa: PLR2004  All of 2xx.
                self._count_rejected(answer)
                return True
            if answer is not None and answer.status not in _RETRYABLE:
                self._stopped = f"the collector answered {answer.status}"
                _LOG.error("the %s export stops: %s", self._target.kind.value, self._stopped)
                return False
            await self._pause(self._wait_s(answer, longest))
            longest = min(2 * longest, _LONGEST_PAUSE_S)

    async def _post(self, body: bytes) -> _Answer | None:
        """Return the answer; None if there was none."""
        url = self._target.url + _PATHS[self._target.kind]
        headers = {"content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                self._http.stream("POST", url, content=body, headers=headers) as response,
            ):
                return _Answer(
                    response.status_code,
                    _seconds(response.headers.get("retry-after")),
                    await _first_bytes(response),
                )
        except (httpx.HTTPError, TimeoutError):
            return None

    def _wait_s(self, answer: _Answer | None, longest: float) -> float:
        if answer is not None and answer.retry_after_s is not None:
            return min(answer.retry_after_s, _LONGEST_PAUSE_S)
        # Jitter keeps several gateways from knocking at the same moment.
        return longest * (1 + self._random(1)[0] / 255) / 2

    def _count_rejected(self, answer: _Answer) -> None:
        rejected = _rejected_in(answer.content, _REJECTED[self._target.kind])
        if rejected:
            self._rejected += rejected
            _LOG.warning(
                "the collector rejected %d lines of the %s export",
                rejected,
                self._target.kind.value,
            )


def read_position(path: Path) -> int:
    """Give the position in this file; 0 if there is no file yet.

    Raises:  SettingsInvalid if it holds anything else.
    """
    try:
        found = _POSITION.fullmatch(path.read_text("ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        found = None
    if found is None:
        raise SettingsInvalid(
            "the position file of an export holds no position: mend it, or remove it to send "
            "everything again"
        )
    return int(found[1])


def _save_position(path: Path, position: int) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="ascii") as file:
        file.write(f"{position}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


async def _first_bytes(response: httpx.Response) -> bytes:
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _ANSWER_LIMIT:
            return b""
    return content


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and _SECONDS.fullmatch(header) else None


def _rejected_in(content: bytes, member: str) -> int:
    """Return how many lines a partial success says it rejected; the number may be a text."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return 0
    match answer:
        case {"partialSuccess": {**partial}}:
            count = str(partial.get(member))
            return int(count) if _COUNT.fullmatch(count) else 0
        case _:
            return 0
