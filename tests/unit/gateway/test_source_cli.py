"""`doelpoort source check`: what it says, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.source_cli import app
from tests.builders import ROOT

EXAMPLE = (ROOT / "deploy" / "demo" / "sources.yaml").read_text("utf-8")
FOLDERS = ("--purposes", str(ROOT / "purposes"), "--policies", str(ROOT / "policies"))


def check(folder: Path, text: str, *more: str) -> tuple[int, str]:
    """Check a mapping beside the demo register; return the exit status and what was said."""
    (folder / "sources.yaml").write_text(text, "utf-8")
    arguments = ["check", "--mapping", str(folder / "sources.yaml"), *FOLDERS, *more]
    ended = CliRunner().invoke(app, arguments)
    return ended.exit_code, ended.output


@pytest.fixture
def folder(register: Path) -> Path:
    """Give the folder of the demo register."""
    return register.parent


def test_what_fits_is_in_order(folder: Path) -> None:
    """The example fits the policy files and the demo register."""
    status, said = check(folder, EXAMPLE)

    assert (status, said) == (0, "register: in orde / in order\n")


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ("  brp:\n", "  brp2:\n", 1, "error: TABLE_MISSING"),
        ("  brp:\n", "  brp2:\n", 1, "warning: NOT_READ"),
        ("{at: geboortedatum, type", "{at: weg, type", 1, "register: de bron heeft geen kolom"),
        ("address: bron.db", "address: weg.db", 1, "register: het bestand van de bron is niet te"),
        ("type: date", "type: datum", 2, "VALUE_WRONG"),
    ],
)
def test_what_does_not_fit_is_told(
    folder: Path, old: str, new: str, status: int, said: str
) -> None:
    """Each kind of mistake has its words and its exit status."""
    ended, told = check(folder, EXAMPLE.replace(old, new, 1))

    assert ended == status
    assert said in told


def test_without_live_sources_only_the_files_are_checked(folder: Path) -> None:
    """A mapping can be checked where the sources cannot be reached."""
    text = EXAMPLE.replace("address: bron.db", "address: weg.db")

    assert check(folder, text, "--no-live") == (0, "")


def test_programs_get_json(folder: Path) -> None:
    """The same, for programs."""
    status, said = check(folder, EXAMPLE, "--output", "json")

    assert status == 0
    assert json.loads(said) == {"good": True, "findings": [], "sources": {"register": None}}
