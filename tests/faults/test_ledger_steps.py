"""The writer is killed, or met by an error, at every step of an append, one step after another.

A step is a statement of a transaction, or below that a system call on a file. However many steps
there are, all of them are met: the rounds end with one that the fault did not reach.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.builders import ROOT
from tests.dying_writer import BUG, UNHARMED, proofs_in
from tests.fakes_audit import ORIGIN, make_file, make_signer
from tests.ledger_copy import copy_to_file
from tests.postgresql_server import Server, fresh_origin

KILLED = -signal.SIGKILL
STATEMENTS = ("before-statement", "after-statement")
ERRORS = ("eio-at-call", "enospc-at-call")


def rounds_of(kind: str, folder: Path, place: Sequence[str], first: str = "") -> list[int]:
    """Run all rounds, and give how each ended."""
    command = [sys.executable, "-m", "tests.dying_writer", kind, str(folder), *place]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": first},
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
        text=True,
    )
    return [int(line.split()[1]) for line in done.stdout.splitlines()]


def assert_all_there(path: Path, folder: Path, origin: str = ORIGIN) -> int:
    """Check that the log is whole and holds every receipt; give how many there are."""
    vkey = make_signer(name=origin).verifier.vkey
    with LedgerFile.open(path) as reader:
        summary = verify_ledger(reader, vkey=vkey)
        found = [verify_kept_receipt(reader, proof, vkey=vkey) for proof in proofs_in(folder)]
    assert len(set(found)) == len(found) < summary.size
    return len(found)


@pytest.fixture
def place(tmp_path: Path) -> tuple[str, str]:
    """Give the place of a log in a file."""
    make_file(tmp_path / "ledger.db")
    return sqlite_url(tmp_path / "ledger.db"), ORIGIN


@pytest.mark.parametrize("kind", STATEMENTS)
def test_kill_at_every_statement(tmp_path: Path, place: tuple[str, str], kind: str) -> None:
    """Killed before or after any statement in SQLite, no receipt that was handed out is lost."""
    ended = rounds_of(kind, tmp_path, place)

    assert ended == [KILLED] * (len(ended) - 1) + [UNHARMED]
    assert len(ended) > 20
    assert assert_all_there(tmp_path / "ledger.db", tmp_path) > 20


def test_kill_at_every_statement_in_postgresql(tmp_path: Path, server: Server) -> None:
    """The same in PostgreSQL, where the server outlives the writer."""
    origin = fresh_origin()
    migrate(server.url(), origin)

    ended = rounds_of("after-statement", tmp_path, (server.url(), origin))

    copy = copy_to_file(server.url(), origin, tmp_path / "copy.db")
    assert ended == [KILLED] * (len(ended) - 1) + [UNHARMED]
    assert len(ended) > 20
    assert assert_all_there(copy, tmp_path, origin) > 20


def test_kill_at_every_system_call(
    tmp_path: Path, place: tuple[str, str], failing_calls: Path
) -> None:
    """Killed at any write or sync, of log, shared memory or mark, no receipt is lost."""
    ended = rounds_of("kill-at-call", tmp_path, place, str(failing_calls))

    assert ended == [KILLED] * (len(ended) - 1) + [UNHARMED]
    assert len(ended) > 40
    assert assert_all_there(tmp_path / "ledger.db", tmp_path) > 40


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_at_every_system_call(
    tmp_path: Path, place: tuple[str, str], failing_calls: Path, kind: str
) -> None:
    """A failing disk, a failing sync or no room at any call: refused in so many words, or done."""
    ended = rounds_of(kind, tmp_path, place, str(failing_calls))

    assert ended[-1] == UNHARMED
    assert {BUG, KILLED}.isdisjoint(ended)
    assert len(ended) > 40
    assert assert_all_there(tmp_path / "ledger.db", tmp_path) > 40
