"""The export to a collector, against a real server that checks what it gets."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from typing_extensions import override

from audit.projections.lines import Kind
from gateway.background import otlp
from gateway.background.otlp import Exporter, ExportStatus, Target, read_position
from gateway.errors import SettingsInvalid
from tests.fakes_projections import (
    CONTEXT,
    SANNE,
    YUSUF,
    ListedLog,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)

pytestmark = pytest.mark.anyio
HEX = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
VALUES = {
    "stringValue": str,
    "boolValue": bool,
    "intValue": str,
    "arrayValue": dict,
    "kvlistValue": dict,
}


@dataclass
class Reply:
    """What the collector answers once."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Collector:
    """A collector on this host that keeps what it gets and answers what it is told, then 200."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def spans(self) -> list[dict[str, Any]]:
        """The spans of all requests, in order."""
        return [
            span
            for _, request in self.got
            for resource in request["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


def faults_in(value: object) -> Iterator[str]:
    """Give what breaks the rules of the JSON encoding, anywhere in a request."""
    match value:
        case dict():
            for name, member in value.items():
                yield from faults_in_member(name, member)
                yield from faults_in(member)
        case list():
            for item in value:
                yield from faults_in(item)


def faults_in_member(name: str, member: object) -> Iterator[str]:
    """Give what is wrong with one member of a message."""
    if not re.fullmatch("[a-z][a-zA-Z]*", name):
        yield f"{name} is not in lowerCamelCase"
    if name in HEX and not re.fullmatch(f"[0-9a-f]{{{HEX[name]}}}", str(member)):
        yield f"{name} is not hex"
    if name.endswith("UnixNano") and not (type(member) is str and member.isdigit()):
        yield f"{name} is no 64-bit number as a text"
    if name in ("kind", "code", "severityNumber") and type(member) is not int:
        yield f"{name} is an enumeration, so a number"
    if name == "value":
        yield from faults_in_value(member)


def faults_in_value(value: object) -> Iterator[str]:
    """Give what is wrong with a value that says its own type."""
    match value:
        case dict() if len(value) == 1 and set(value) <= set(VALUES):
            ((name, member),) = value.items()
            if type(member) is not VALUES[name]:
                yield f"{name} has another type"
        case _:
            yield "a value has exactly one of the known types"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Give a collector that is stopped at the end, and that found no fault by then."""
    found = Collector("")

    class Handler(BaseHTTPRequestHandler):
        """Answers one request."""

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            """Keep the request and give the next answer."""
            body = self.rfile.read(int(self.headers["content-length"]))
            request = json.loads(body)
            found.faults += faults_in(request)
            if self.headers["content-type"] != "application/json":
                found.faults.append("the content type is not that of JSON")
            found.got.append((self.path, request))
            reply = found.replies.pop(0) if found.replies else Reply()
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(reply.body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
    assert found.faults == []


@pytest.fixture
def log() -> ListedLog:
    """Give a log of a disclosure, another entry, a refusal and a disclosure about two."""
    return make_log(
        (make_leaf(0), (YUSUF,)),
        (make_policy(1), ()),
        (make_refusal(2), (SANNE,)),
        (make_leaf(3, subjects=2), (YUSUF, SANNE)),
    )


class Pauses(list[float]):
    """Remembers the pauses, and takes none; stops whoever pauses too often."""

    async def __call__(self, seconds: float) -> None:
        """Take note."""
        self.append(seconds)
        await asyncio.sleep(0)
        if len(self) > 20:
            raise asyncio.CancelledError


@dataclass
class Bench:
    """An export to take up again and again, as restarts do."""

    http: httpx.AsyncClient
    log: ListedLog
    url: str
    position: Path
    pauses: Pauses = field(default_factory=Pauses)

    def exporter(self, kind: Kind = Kind.LDV) -> Exporter:
        """Return an exporter that goes on where the file says."""
        return Exporter(
            self.http,
            Target(self.url, kind, self.position),
            records=self.log,
            context=CONTEXT,
            pause=self.pauses,
            random=lambda size: b"\xff" * size,
        )


@pytest.fixture
async def bench(log: ListedLog, collector: Collector, tmp_path: Path) -> AsyncIterator[Bench]:
    """Give the parts of an export."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Bench(http, log, collector.url, tmp_path / "ldv.position")


async def test_spans_are_sent(bench: Bench, collector: Collector) -> None:
    """LDV lines go to the path of traces, all of them and in order."""
    moved = await bench.exporter().export_some(4)

    assert moved is True
    assert [path for path, _ in collector.got] == ["/v1/traces"]
    assert [span["name"].split()[0] for span in collector.spans] == [
        "verstrekking",
        "weigering",
        "verstrekking",
        "verstrekking",
    ]
    assert read_position(bench.position) == 4


async def test_log_records_are_sent(bench: Bench, collector: Collector) -> None:
    """ADL records go to the path of logs, one for each decision."""
    await bench.exporter(Kind.ADL).export_some(4)
    ((path, request),) = collector.got

    assert path == "/v1/logs"
    assert len(request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]) == 3


async def test_nothing_new_is_not_sent(bench: Bench, collector: Collector) -> None:
    """With nothing new, nothing goes and the position stays; entries without lines go unsent."""
    exporter = bench.exporter()
    moves = [await exporter.export_some(size) for size in (1, 1, 2, 2)]

    assert moves == [True, False, True, False]
    assert len(collector.got) == 1
    assert exporter.status == ExportStatus(2, 0, None)


async def test_a_restart_goes_on(bench: Bench, collector: Collector) -> None:
    """After a restart the export goes on with the first entry that was not delivered."""
    await bench.exporter().export_some(1)
    await bench.exporter().export_some(4)

    assert len(collector.spans) == 4
    assert len({span["spanId"] for span in collector.spans}) == 4


async def test_a_log_that_is_shorter_is_not_sent(bench: Bench, collector: Collector) -> None:
    """A position beyond the log, as after a restore, moves nothing back and sends nothing."""
    bench.position.write_text("9\n")

    assert await bench.exporter().export_some(4) is False
    assert (collector.got, read_position(bench.position)) == ([], 9)


async def test_requests_are_bounded(
    bench: Bench, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request holds so many lines, and looks at so many entries."""
    monkeypatch.setattr(otlp, "LINES_LIMIT", 1)
    monkeypatch.setattr(otlp, "ENTRIES_LIMIT", 3)
    exporter = bench.exporter()
    positions = []
    while await exporter.export_some(4):
        positions.append(exporter.status.position)

    assert positions == [2, 3, 4]
    assert len(collector.spans) == 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_collector_is_tried_again(
    bench: Bench, collector: Collector, status: int
) -> None:
    """A passing failure is tried again, ever less often, and the position waits."""
    collector.replies = [Reply(status)] * 3
    await bench.exporter().export_some(1)

    assert bench.pauses == [1.0, 2.0, 4.0]
    assert len(collector.got) == 4
    assert read_position(bench.position) == 1


async def test_pauses_have_a_limit(bench: Bench, collector: Collector) -> None:
    """However long it lasts, no pause is longer than five minutes."""
    collector.replies = [Reply(503)] * 12
    await bench.exporter().export_some(1)

    assert bench.pauses[-4:] == [256.0, 300.0, 300.0, 300.0]


@pytest.mark.parametrize(
    ("header", "expected"), [("7", 7.0), ("99999", 300.0), ("Wed, 21 Oct 2026", 1.0), ("-1", 1.0)]
)
async def test_the_collector_says_when(
    bench: Bench, collector: Collector, header: str, expected: float
) -> None:
    """The pause that a collector asks for is kept, within the limit; nonsense is passed by."""
    collector.replies = [Reply(503, headers={"retry-after": header})]
    await bench.exporter().export_some(1)

    assert bench.pauses == [expected]


async def test_a_collector_that_is_away_is_tried_again(bench: Bench) -> None:
    """Without an answer the export tries on, and remembers nothing as sent."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        bench.url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(asyncio.CancelledError):
            await bench.exporter().export_some(1)

    assert len(bench.pauses) == 21
    assert read_position(bench.position) == 0


async def test_a_collector_that_says_nothing_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not come in time is no answer."""
    monkeypatch.setattr(otlp, "_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bench.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(asyncio.CancelledError):
            await bench.exporter().export_some(1)

    assert read_position(bench.position) == 0


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500])
async def test_what_is_never_accepted_stops_the_export(
    bench: Bench, collector: Collector, status: int
) -> None:
    """What the collector will never accept is not sent again, not skipped, and told."""
    collector.replies = [Reply(status)]
    exporter = bench.exporter()
    await exporter.run(lambda: 4)

    assert exporter.status == ExportStatus(0, 0, f"the collector answered {status}")
    assert (len(collector.got), bench.pauses) == (1, [])
    assert not bench.position.exists()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}', 1),
        (b'{"partialSuccess":{"rejectedSpans":2}}', 2),
        (b'{"partialSuccess":{"errorMessage":"a warning"}}', 0),
        (b'{"partialSuccess":{"rejectedLogRecords":"1"}}', 0),
        (b'{"partialSuccess":{"rejectedSpans":-1}}', 0),
        (b'{"partialSuccess":{"rejectedSpans":true}}', 0),
        (b'{"partialSuccess":[]}', 0),
        (b"[" * 50_000, 0),
        (b"not JSON", 0),
        (b" " * 100_000, 0),
        (b"", 0),
    ],
)
async def test_a_partial_success_is_counted(
    bench: Bench, collector: Collector, body: bytes, expected: int
) -> None:
    """What was taken in part is not sent again, and what was rejected is counted."""
    collector.replies = [Reply(200, body)]
    exporter = bench.exporter()
    await exporter.export_some(4)

    assert exporter.status == ExportStatus(4, expected, None)
    assert len(collector.got) == 1


async def test_it_goes_on_as_the_log_grows(bench: Bench, collector: Collector) -> None:
    """The export sends what is there, waits, and sends what came since."""
    sizes = iter([1, 1, 4])
    with pytest.raises(asyncio.CancelledError):
        await bench.exporter().run(lambda: next(sizes, 4))

    assert len(collector.spans) == 4
    assert set(bench.pauses) == {5.0}


@pytest.mark.parametrize(
    "text", ["", "7", "07\n", "-1\n", " 7\n", "7\n7\n", "é\n", "9" * 17 + "\n"]
)
def test_a_position_is_read_strictly(tmp_path: Path, text: str) -> None:
    """A file that holds no position stops the start, rather than sending all or nothing."""
    path = tmp_path / "position"
    path.write_text(text, "utf-8")

    with pytest.raises(SettingsInvalid):
        read_position(path)


def test_a_position_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in the place of the file stops the start; no file is the beginning."""
    with pytest.raises(SettingsInvalid):
        read_position(tmp_path)

    assert read_position(tmp_path / "nothing") == 0
