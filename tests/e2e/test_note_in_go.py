"""Notes in both directions: golang.org/x/mod/sumdb/note opens ours, and we open what it signed."""

import subprocess
from pathlib import Path

import pytest

from audit.errors import SignatureInvalid
from audit.note import open_note
from tests.fakes_witness import LOG, NOW_S, OTHER_LOG, TREE, WITNESSES
from tests.go_programs import build

TEXT = TREE.text(9)
NOTE = TREE.note(9)
COSIGNED = NOTE + b"".join(witness.cosign(TEXT, NOW_S) for witness in WITNESSES)
VKEY = LOG.verifier.vkey


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program that opens and signs notes."""
    return build("note", tmp_path_factory.mktemp("go"))


def _run(program: Path, given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [program, *arguments], input=given, capture_output=True, timeout=30, check=False
    )


@pytest.mark.parametrize("note", [NOTE, COSIGNED], ids=["signed", "cosigned"])
def test_go_opens_our_notes(program: Path, note: bytes) -> None:
    """Lines of a type that it does not know are passed over."""
    opened = _run(program, note, "open", VKEY)

    assert opened.stdout == TEXT
    assert opened.returncode == 0


@pytest.mark.parametrize(
    ("note", "key"),
    [(NOTE.replace(b"\n9\n", b"\n8\n"), VKEY), (NOTE, OTHER_LOG.verifier.vkey)],
    ids=["altered", "another key"],
)
def test_go_refuses_what_we_refuse(program: Path, note: bytes, key: str) -> None:
    """The twin: an altered note, and one by another key."""
    opened = _run(program, note, "open", key)

    assert opened.returncode == 1
    assert opened.stdout == b""


def test_we_open_the_notes_of_go(program: Path) -> None:
    """Signed with our key, in both our hands, byte for byte the same."""
    signed = _run(program, TEXT, "sign", LOG.skey()).stdout

    assert signed == NOTE
    assert open_note(signed, [VKEY]) == TEXT
    with pytest.raises(SignatureInvalid):
        open_note(signed.replace(b"\n9\n", b"\n8\n"), [VKEY])


def test_go_knows_no_witness_keys(program: Path) -> None:
    """What it passes over above is indeed of a type unknown to it."""
    assert _run(program, COSIGNED, "open", WITNESSES[0].key.vkey).returncode == 1
    assert open_note(COSIGNED, [WITNESSES[0].key.vkey]) == TEXT
