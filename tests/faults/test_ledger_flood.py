"""What a stranger hands to the verifier may be huge: it stays within bounds of time and memory.

Each program runs under a limit of its address space, so that reading a whole file would end it.
"""

import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from audit.bundle import write_bundle
from tests.builders import ROOT
from tests.fakes_audit import VKEY
from tests.made_ledger import make_ledger, story

MEMORY = 200 * 1024 * 1024  # What an auditor may be asked to have free.
SECONDS = 5.0
SIGNATURES = 1_000_000
LONG = 1 << 30
_LINE = "\u2014 example.org/x ".encode() + b"A" * 92 + b"\n"
DEFECT, UNUSABLE, WRONG_RECEIPT = 1, 2, 6

_LIMITED = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY}, {MEMORY}))
from audit.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Give a sound bundle of a log with a few entries."""
    write_bundle(make_ledger(story(300)).store(), tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Give a sound ledger file."""
    return make_ledger(story(20)).write(tmp_path / "ledger.db")


def run(*arguments: object) -> tuple[int, float]:
    """Run the verifier of the auditor within its limits; give its status and the time it took."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_maxrss >= 0
    return done.returncode, time.monotonic() - started


def long_file(path: Path) -> None:
    """Put one line of a gigabyte in the place of a file; it takes no room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(LONG)


def many_signatures(path: Path) -> None:
    """Add a million signature lines to a note."""
    note = path.read_bytes()
    with path.open("wb") as file:
        file.write(note)
        for _ in range(SIGNATURES // 1000):
            file.write(_LINE * 1000)


def test_the_programs_fit_their_limits(bundle: Path, ledger: Path) -> None:
    """What is sound passes under the same limits, so that a refusal below says something."""
    assert run("verify", bundle, "--key", VKEY)[0] == 0
    assert run("verify", ledger, "--key", VKEY)[0] == 0


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("checkpoint", long_file),
        ("checkpoint", many_signatures),
        ("checkpoints/300", long_file),
        ("tile/0/000", long_file),
        ("tile/0/001.p/44", long_file),
        ("tile/entries/000", long_file),
        ("openings", long_file),
        ("selection", long_file),
    ],
)
def test_a_line_of_a_gigabyte_in_a_bundle(
    bundle: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    """Whatever file of a bundle is huge, the verifier refuses it in bounded time and memory."""
    spoil(bundle / name)

    status, seconds = run("verify", bundle, "--key", VKEY)

    assert status in {DEFECT, UNUSABLE}
    assert seconds < SECONDS


@pytest.mark.parametrize("size", [LONG, len(_LINE) * SIGNATURES], ids=["line", "signatures"])
def test_a_receipt_of_a_gigabyte(ledger: Path, tmp_path: Path, size: int) -> None:
    """A receipt that is longer than any can be is not read to its end."""
    with (tmp_path / "receipt").open("wb") as file:
        file.truncate(size)

    status, seconds = run("verify", ledger, "--key", VKEY, "--receipt", tmp_path / "receipt")

    assert status in {UNUSABLE, WRONG_RECEIPT}
    assert seconds < SECONDS


def test_a_million_signatures_in_a_file(ledger: Path) -> None:
    """A note in a ledger file that is longer than any can be is no note."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as file:
        [(note,)] = file.execute("SELECT note FROM checkpoint").fetchall()
        file.execute("UPDATE checkpoint SET note = ?", (note + _LINE * SIGNATURES,))

    status, seconds = run("verify", ledger, "--key", VKEY)

    assert status in {DEFECT, UNUSABLE}
    assert seconds < SECONDS


def test_a_leaf_of_200_megabytes_in_a_file(ledger: Path) -> None:
    """A leaf in a ledger file that is longer than any can be is no leaf."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as file:
        file.execute('UPDATE entry SET leaf = zeroblob(200000000) WHERE "index" = 3')

    status, seconds = run("verify", ledger, "--key", VKEY)

    assert status == DEFECT
    assert seconds < SECONDS
