"""The command that runs a witness."""

import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import httpx
import pytest

from audit.__main__ import main
from audit.cosignature import read_cosignature
from audit.errors import KeyInvalid, WitnessUnsafe
from audit.note import parse_witness_vkey
from audit.witness.command import _READY, STOPPED, UNUSABLE, open_witness, parse_address, read_logs
from tests.fakes_witness import LOG, OTHER_LOG, TREE, WITNESSES

Capture = pytest.CaptureFixture[str]
NAME = "witness.example/new"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a witness that ran before."""
    _, state = open_witness(tmp_path / "key", tmp_path / "state.db", NAME)
    state.close()
    return tmp_path


def _arguments(folder: Path, *more: str) -> list[str]:
    files = ["--key", str(folder / "key"), "--state", str(folder / "state.db")]
    return ["witness", *files, "--log", LOG.verifier.vkey, *more]


def _run_and_stop(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], use: Callable[[str], None]
) -> int:
    """Run the command in this thread; in another, use what it tells and then send SIGTERM."""
    reading, writing = os.pipe()

    def attend() -> None:
        with os.fdopen(reading) as lines:
            first = lines.readline()
            # Without a line the command has ended by itself, and nobody would take the signal.
            if first:
                try:
                    use(first)
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                lines.read()

    attendant = Thread(target=attend)
    attendant.start()
    with os.fdopen(writing, "w") as stdout, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stdout)
        status = main(arguments)
    attendant.join()
    return status


def test_a_witness_serves_until_it_is_told_to_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the line that tells its key to a clean end."""
    answers: list[bytes] = []

    def call(line: str) -> None:
        url = f"http://{json.loads(line)['address']}/add-checkpoint"
        answers.append(httpx.post(url, content=TREE.request(0, 5), timeout=10).content)

    before = signal.getsignal(signal.SIGTERM)
    arguments = _arguments(folder, "--listen", "127.0.0.1:0", "--json")
    status = _run_and_stop(monkeypatch, arguments, call)

    cosigner, state = open_witness(folder / "key", folder / "state.db", None)
    state.close()
    assert status == STOPPED
    assert read_cosignature(answers[0], TREE.text(5), cosigner.key).at_s > 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_person_is_told_in_two_languages() -> None:
    """Dutch first; the key stands on a line of its own."""
    text = _READY.format(address="127.0.0.1:80", logs=1, vkey=WITNESSES[0].key.vkey)

    assert text.index("De getuige luistert") < text.index("The witness listens")
    assert parse_witness_vkey(text.splitlines()[-1]) == WITNESSES[0].key


def test_without_json_a_person_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is checked when it is given."""
    told: list[str] = []
    arguments = _arguments(folder, "--listen", "127.0.0.1:0", "--name", NAME)

    status = _run_and_stop(monkeypatch, arguments, told.append)

    assert status == STOPPED
    assert told[0].startswith("De getuige luistert op 127.0.0.1:")


@pytest.mark.parametrize(
    "more",
    [
        ("--listen", "nowhere"),
        ("--listen", "127.0.0.1:70000"),
        ("--listen", "127.0.0.1:1", "--name", "witness.example/other"),
        ("--listen", "127.0.0.1:1", "--log", "no key"),
        ("--listen", "256.256.256.256:1"),
    ],
)
def test_what_cannot_be_started_is_told_in_two_languages(
    folder: Path, capsys: Capture, more: tuple[str, ...]
) -> None:
    """With an exit status of its own, and the state closed."""
    status = main(_arguments(folder, *more))

    text = capsys.readouterr().err
    assert status == UNUSABLE
    assert text.index("De getuige kan niet beginnen") < text.index("The witness cannot start")


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    """The key is there after it, and is the same the next time."""
    first, state = open_witness(tmp_path / "key", tmp_path / "state.db", NAME)
    state.close()
    again, state = open_witness(tmp_path / "key", tmp_path / "state.db", NAME)
    state.close()

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert first.key == again.key
    assert first.key != WITNESSES[0].key
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "state.db"]


def test_the_first_start_needs_a_name(tmp_path: Path) -> None:
    """A key belongs to a name."""
    with pytest.raises(KeyInvalid, match="name"):
        open_witness(tmp_path / "key", tmp_path / "state.db", None)

    assert list(tmp_path.iterdir()) == []


def test_a_key_without_its_state_is_refused(folder: Path) -> None:
    """A witness that forgot what it cosigned could cosign a fork."""
    (folder / "state.db").unlink()

    with pytest.raises(WitnessUnsafe):
        open_witness(folder / "key", folder / "state.db", NAME)


def test_a_start_that_ended_before_the_key_can_be_done_again(tmp_path: Path) -> None:
    """The state comes first, and a draft of a key is no key."""
    _, state = open_witness(tmp_path / "other", tmp_path / "state.db", NAME)
    state.close()
    (tmp_path / "key.new").write_text("half a key")

    cosigner, state = open_witness(tmp_path / "key", tmp_path / "state.db", NAME)
    state.close()

    assert cosigner.name == NAME


def test_a_key_that_others_can_read_is_refused(folder: Path) -> None:
    """It may have been read."""
    (folder / "key").chmod(0o640)

    with pytest.raises(WitnessUnsafe, match="others"):
        open_witness(folder / "key", folder / "state.db", NAME)


@pytest.mark.parametrize("text", [b"", b"\xff", b"PRIVATE+KEY+half"])
def test_a_damaged_key_is_refused(folder: Path, text: bytes) -> None:
    """And never made anew."""
    (folder / "key").write_bytes(text)

    with pytest.raises((KeyInvalid, WitnessUnsafe)):
        open_witness(folder / "key", folder / "state.db", NAME)


def test_a_key_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The witness does not start with a key that only it knows."""
    with pytest.raises(WitnessUnsafe, match="written"):
        open_witness(tmp_path / "no" / "key", tmp_path / "state.db", NAME)


@pytest.mark.parametrize(
    ("text", "address"),
    [("localhost:80", ("localhost", 80)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:65535",) * 2],
)
def test_addresses(text: str, address: object) -> None:
    """Host and port, of either version."""
    wanted = ("0.0.0.0", 65535) if address == text else address  # noqa: S104

    assert parse_address(text) == wanted


@pytest.mark.parametrize("text", ["", "80", ":80", "a:", "a:x", "a:+1", "a:٣", "a:65536", "a:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)


def test_logs_by_their_origin() -> None:
    """Several logs, and several keys of one log."""
    second = type(LOG)(LOG.name, b"z" * 32)
    logs = read_logs([LOG.verifier.vkey, OTHER_LOG.verifier.vkey, second.verifier.vkey])

    assert logs == {
        LOG.name: [LOG.verifier, second.verifier],
        OTHER_LOG.name: [OTHER_LOG.verifier],
    }
    with pytest.raises(KeyInvalid):
        read_logs([LOG.verifier.vkey, LOG.verifier.vkey])
