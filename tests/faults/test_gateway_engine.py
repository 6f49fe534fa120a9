"""An OPA server that is absent, slow, stale or talks nonsense: a recorded refusal, no permit."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.decision.bundle import write_bundle
from gateway.identity.clients import Hat
from tests.builders import (
    CARE_WORKER,
    CONSULTANT,
    ROOT,
    SCHOOL,
    WMO,
    House,
    feedback,
    flag,
    free_port,
    open_house,
    scooter,
)
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PERMIT = (
    '{"result": {"revision": "%s", "outcome": "permit", "step": null, "reasons": [],'
    ' "fields": ["specialisatie_ingezet"], "conditions": [{"name": "age", "outcome": "met"},'
    ' {"name": "bron_bevestigd", "outcome": "met"}]}}'
)


def opa_binary() -> str:
    """Return the OPA binary, or skip; where servers are required its absence is a failure."""
    binary = shutil.which("opa") or str(Path.home() / "go" / "bin" / "opa")
    if not Path(binary).is_file():
        required = os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1"
        (pytest.fail if required else pytest.skip)("there is no opa binary on PATH or in ~/go/bin")
    return binary


@pytest.fixture(scope="module")
def opa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the project's policy with a real OPA server; gives its address."""
    folder, port = tmp_path_factory.mktemp("bundle"), free_port()
    write_bundle(catalogue(), ROOT / "policies", folder)
    command = [opa_binary(), "run", "--server", "--addr", f"127.0.0.1:{port}"]
    server = subprocess.Popen([*command, "--log-level", "error", "--disable-telemetry", folder])
    try:
        await_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def await_port(port: int) -> None:
    """Return once somebody accepts connections there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the OPA server did not come up")


@asynccontextmanager
async def house_with(url: str, register: Path, home: Path) -> AsyncIterator[House]:
    """Open a gateway whose engine is this server."""
    async with open_house(
        home, source=register, cases=register, engine="opa", opa_url=url
    ) as opened:
        yield opened


@asynccontextmanager
async def server_that(talk: Talk) -> AsyncIterator[str]:
    """Serve something on a port of this host that is no OPA server; gives its address."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await server.wait_closed()


def saying(head: str, body: bytes) -> Talk:
    """Return a server that reads a request and answers with this."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(lines.encode() + body)
        await writer.drain()
        writer.close()

    return talk


def answering(body: bytes) -> Talk:
    """Return a server whose answer is 200 with this as its JSON."""
    return saying("200 OK\r\ncontent-type: application/json", body)


async def assert_engine_failed(house: House) -> None:
    """Check that a request that would be permitted is a recorded refusal of step 0."""
    before = house.size

    response = await house.ask(flag())

    answer = response.json()
    (leaf,) = house.leaves(before)
    assert response.status_code == 403
    assert (answer["step"], answer["reasons"][0]["code"]) == (0, "ENGINE_FAILED")
    assert answer["receipt"]["index"] == before
    assert leaf["refused"] == [{"code": "ENGINE_FAILED", "step": 0}]


@pytest.mark.parametrize(
    ("body", "hat", "status"),
    [
        (flag(), CONSULTANT, 200),
        (flag(fields=["behandelplan_tekst"]), CONSULTANT, 403),
        (flag(), CARE_WORKER, 403),
        (feedback(), SCHOOL, 200),
        (scooter(), WMO, 200),
    ],
)
async def test_a_gateway_on_opa_answers_alike(
    opa: str, register: Path, tmp_path: Path, body: dict[str, object], hat: Hat, status: int
) -> None:
    """With an OPA server as engine the answers are those of the embedded engine."""
    # Each has a key of its own, so each counts in a case store of its own.
    other = Path(shutil.copy(register, tmp_path / "other.db"))
    async with house_with(opa, register, tmp_path / "opa") as house:
        with_opa = await house.ask(body, hat)
        health = await house.http.get("/v1/health")
    async with open_house(tmp_path / "own", source=register, cases=other) as house:
        embedded = await house.ask(body, hat)

    differ = {"receipt", "disclosure_id"}
    told, expected = (
        {name: value for name, value in response.json().items() if name not in differ}
        for response in (with_opa, embedded)
    )
    assert with_opa.status_code == status
    assert told == expected
    assert health.json()["engine"] == "opa"


async def test_opa_down_refuses_and_comes_back(opa: str, register: Path, tmp_path: Path) -> None:
    """Where nobody listens the request is refused; nothing of that is remembered."""
    async with house_with(f"http://127.0.0.1:{free_port()}", register, tmp_path / "opa") as house:
        await assert_engine_failed(house)
    async with house_with(opa, register, tmp_path / "opa") as house:
        response = await house.ask(flag())

    assert response.status_code == 200


async def test_a_stale_revision_refuses(register: Path, tmp_path: Path) -> None:
    """A permit under another revision of the policy is no permit."""
    body = (PERMIT % ("0" * 64)).encode()
    async with (
        server_that(answering(body)) as url,
        house_with(url, register, tmp_path / "opa") as house,
    ):
        await assert_engine_failed(house)


async def test_a_permit_of_the_right_revision_is_believed(register: Path, tmp_path: Path) -> None:
    """The same permit under the active revision releases the flag, so the tests here mean it."""
    body = (PERMIT % catalogue().revision).encode()
    async with (
        server_that(answering(body)) as url,
        house_with(url, register, tmp_path / "opa") as house,
    ):
        response = await house.ask(flag())

    assert response.status_code == 200


async def test_a_permit_that_the_parties_do_not_support_refuses(
    register: Path, tmp_path: Path
) -> None:
    """An engine that lets everybody in does not get its way: casbin has a say of its own."""
    body = (PERMIT % catalogue().revision).encode()
    async with (
        server_that(answering(body)) as url,
        house_with(url, register, tmp_path / "opa") as house,
    ):
        response = await house.ask(flag(), CARE_WORKER)

    assert response.status_code == 403
    assert response.json()["reasons"][0]["code"] == "ENGINE_FAILED"


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(answering(b""), id="nothing"),
        pytest.param(answering(b"{"), id="half"),
        pytest.param(answering(b"{}"), id="undefined"),
        pytest.param(answering(b"true"), id="true"),
        pytest.param(answering(b"[]"), id="a list"),
        pytest.param(answering(b'{"result": true}'), id="result true"),
        pytest.param(answering(b'{"result": {"allow": true}}'), id="another policy"),
        pytest.param(answering(b'{"result": {}, "warning": {}}'), id="a warning"),
        pytest.param(answering(b"\xff\xfe"), id="bytes"),
        pytest.param(answering(b"[" * 200_000), id="nested too deeply"),
        pytest.param(answering(b'{"result": ' + b"9" * 10_000 + b"}"), id="a long number"),
        pytest.param(saying("200 OK\r\ncontent-type: text/html", b"<p>ja</p>"), id="a page"),
        pytest.param(saying("500 Oops", b"{}"), id="500"),
        pytest.param(saying("503 Busy", b"{}"), id="503"),
        pytest.param(saying("404 Nope", b"{}"), id="404"),
        pytest.param(saying("302 Elsewhere\r\nlocation: http://127.0.0.1:9/", b""), id="redirect"),
        pytest.param(saying("abc", b""), id="no status"),
    ],
)
async def test_nonsense_refuses(register: Path, tmp_path: Path, talk: Talk) -> None:
    """Whatever is not exactly an answer to the question is a refusal, recorded."""
    async with server_that(talk) as url, house_with(url, register, tmp_path / "opa") as house:
        await assert_engine_failed(house)


async def test_a_server_that_never_answers_is_given_up(register: Path, tmp_path: Path) -> None:
    """After a third of a second the request is refused."""
    done = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    async with server_that(silent) as url, house_with(url, register, tmp_path / "opa") as house:
        started = time.monotonic()
        await assert_engine_failed(house)
        took = time.monotonic() - started
        done.set()

    assert took < 5


async def test_a_server_that_hangs_up_refuses(register: Path, tmp_path: Path) -> None:
    """A connection that is closed without an answer is no answer."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with server_that(hang_up) as url, house_with(url, register, tmp_path / "opa") as house:
        await assert_engine_failed(house)
