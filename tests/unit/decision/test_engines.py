"""The two adapters: what they hand on, and what they refuse to hand on."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from regopy import RegoError
from typing_extensions import override

from gateway.decision.bundle import rego_data, write_bundle
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.errors import BundleInvalid, EngineAnswerInvalid, EngineUnavailable
from gateway.decision.opa import OpaEngine
from tests.fakes_decision import POLICIES, catalogue, copy_policy, flag_question


class _Output:
    def __init__(self, text: str) -> None:
        self._text = text

    @override
    def __str__(self) -> str:
        return self._text


class _Interpreter:
    """Gives the output it was made with."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def set_input_term(self, term: str) -> None:
        """Take no notice of the question."""

    def query_bundle_entrypoint(self, bundle: object, entrypoint: str) -> object:
        """Return the scripted output, or fail as the library does."""
        del bundle, entrypoint
        if self._text is None:
            raise RegoError("scripted", 1)
        return _Output(self._text)


class _Built:
    def ok(self) -> bool:
        """Say that it was built."""
        return True


@contextmanager
def _server(status: int, body: bytes, kind: str = "application/json") -> Iterator[int]:
    """Serve one recorded body for every POST."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


async def _ask(port: int) -> object:
    engine = OpaEngine("127.0.0.1", port, tls=False, token="geheim", timeout_s=5)  # noqa: S106
    try:
        return await engine.evaluate(flag_question().canonical())
    finally:
        await engine.aclose()


def test_the_rego_sees_no_more_than_it_needs() -> None:
    """No organisation names, numbers, reasons or meanings go into the data of the engine."""
    text = orjson.dumps(rego_data(catalogue())).decode()

    assert "lichte-of-zware-hulp" in text
    assert "00000099" not in text
    assert "beslissende criterium" not in text


def test_an_end_date_is_written_for_the_rego(tmp_path: Path) -> None:
    """A purpose or task that ends does so in the data as well; an open end is the last date."""
    data = orjson.dumps(rego_data(catalogue()))
    write_bundle(catalogue(), POLICIES, tmp_path / "bundle")

    assert b'"valid_until":"9999-12-31"' in data
    assert (tmp_path / "bundle" / "data.json").read_bytes() == data
    assert (tmp_path / "bundle" / "disclosure.rego").is_file()


@pytest.mark.anyio
async def test_the_embedded_engine_answers() -> None:
    """The project's own Rego permits the flag through the embedded engine."""
    engine = EmbeddedEngine.build(catalogue(), POLICIES)

    answer = await engine.evaluate(flag_question().canonical())
    await engine.aclose()

    assert isinstance(answer, dict)
    assert answer["outcome"] == "permit"


@pytest.mark.parametrize("rego", [b"package x\nallow {", b"\xff", None])
def test_rego_that_does_not_compile_does_not_start(tmp_path: Path, rego: bytes | None) -> None:
    """Broken, unreadable or missing Rego stops the start."""
    _, policies = copy_policy(tmp_path)
    path = policies / "disclosure.rego"
    path.unlink() if rego is None else path.write_bytes(rego)

    with pytest.raises(BundleInvalid):
        EmbeddedEngine.build(catalogue(), policies)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", [None, "undefined", "{}", '{"expressions":[1,2]}', '{"expressions":[]}', "[]"]
)
async def test_an_output_without_one_expression_is_no_answer(text: str | None) -> None:
    """Undefined, empty, several or failing: the embedded engine hands nothing on."""
    engine = EmbeddedEngine(_Interpreter(text), _Built())

    with pytest.raises(EngineAnswerInvalid):
        await engine.evaluate(b"{}")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body", [b'{"result": {"a": 1}}', b'{"result": {"a": 1}, "decision_id": "x"}']
)
async def test_the_result_of_the_server_is_handed_on(body: bytes) -> None:
    """The result comes back as it is; the id that a decision log adds does no harm."""
    with _server(200, body) as port:
        assert await _ask(port) == {"a": 1}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "kind", "error"),
    [
        (200, b"{}", "application/json", EngineAnswerInvalid),
        (200, b'{"result": 1, "warning": "x"}', "application/json", EngineAnswerInvalid),
        (200, b"[]", "application/json", EngineAnswerInvalid),
        (200, b'{"result": ', "application/json", EngineAnswerInvalid),
        (200, b"<html>", "text/html", EngineAnswerInvalid),
        (500, b"{}", "application/json", EngineUnavailable),
        (401, b"{}", "application/json", EngineUnavailable),
    ],
)
async def test_anything_else_from_the_server_is_an_error(
    status: int, body: bytes, kind: str, error: type[Exception]
) -> None:
    """An undefined rule, a warning, other JSON, no JSON and error statuses are no answers."""
    with _server(status, body, kind) as port, pytest.raises(error):
        await _ask(port)


@pytest.mark.anyio
async def test_closing_before_the_first_question_is_harmless() -> None:
    """An engine that was never asked has nothing to close."""
    engine = OpaEngine("127.0.0.1", 9, tls=True, token=None)

    await engine.aclose()

    assert not engine._open
