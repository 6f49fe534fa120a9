"""`doelpoort policy ...`: what an officer types, what is told, and with which exit status."""

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.entry import EntryType
from gateway.cli import policy_commands
from gateway.cli.main import app
from gateway.cli.policy_commands import PolicyFolders
from gateway.learning.tally import ENOUGH, Tally
from tests.builders import ROOT
from tests.fakes_decision import ABOUT_OTHERS, copy_policy
from tests.unit.learning.world import members, write_ledger

FLAG = "lichte-of-zware-hulp"
SINCE = ["--since", "2026-01-01"]
CLIENTS = ROOT / "deploy" / "demo" / "clients.json"
GOLDEN = ROOT / "tests" / "golden"


def run(*arguments: str, folder: Path = ROOT, env: dict[str, str] | None = None) -> Result:
    """Run a policy command over the policy in a folder."""
    chosen = ["--purposes", str(folder / "purposes"), "--policies", str(folder / "policies")]
    return CliRunner().invoke(app, ["policy", *arguments, *chosen], env=env)


def compare(*arguments: str) -> Result:
    """Compare two policies."""
    return CliRunner().invoke(app, ["policy", "compare", *arguments])


def change(folder: Path, old: str, new: str) -> Path:
    """Change the file of the flag in a copy of the policy, and return the copy."""
    file = folder / "purposes" / "jeugd" / f"{FLAG}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Give a copy of the policy."""
    copy_policy(tmp_path / "draft")
    return tmp_path / "draft"


@pytest.fixture
def alone(draft: Path) -> Path:
    """Give a copy of the policy that has one purpose, so that all of it is soon known."""
    for file in (draft / "purposes").glob("*/*.yaml"):
        if file.stem != FLAG:
            file.unlink()
    for name in ABOUT_OTHERS:
        (draft / "purposes" / name).unlink()
    return draft


def hold_to(folder: Path, field: str) -> None:
    """Let the one invariant of a policy be that nobody gets this field."""
    (folder / "policies" / "invariants.yaml").write_text(
        "invariants:\n"
        "  - sentence: Niemand krijgt dit.\n    sentence_en: Nobody gets this.\n"
        f"    never: [{{field: [{field}]}}]\n",
        encoding="utf-8",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Give a ledger with one permitted request for the flag."""
    path = tmp_path / "boek" / "ledger.db"
    path.parent.mkdir()
    write_ledger(path, (EntryType.DISCLOSURE, members()))
    return path


@pytest.mark.parametrize(
    "command",
    ["test", "compare", "invariants", "register", "dpia", "page", "unused", "impact"],
)
def test_every_policy_command_has_help(command: str) -> None:
    """`--help` explains a command and ends with status 0."""
    result = CliRunner().invoke(app, ["policy", command, "--help"])

    assert result.exit_code == 0
    assert "Usage" in result.output


def test_comparing_equal_policies_ends_with_nought() -> None:
    """Nothing wider is status 0."""
    result = compare(str(ROOT), str(ROOT))

    assert (result.exit_code, result.stdout) == (0, "Geen verschil. (No difference.)\n")


def test_comparing_with_something_wider_ends_with_three(draft: Path) -> None:
    """A widening has a status of its own, and for programs it is JSON."""
    change(draft, "need: professional_judgement", "need: always")

    result = compare(str(ROOT), str(draft), "--output", "json")

    assert result.exit_code == 3
    assert json.loads(result.stdout)["changes"]


def test_comparing_with_nothing_ends_with_two(tmp_path: Path) -> None:
    """A side that is no policy is a failure, told in one line."""
    result = compare(str(tmp_path / "weg"), str(ROOT))

    assert result.exit_code == 2
    assert "SettingsInvalid" in result.stderr


def test_invariants_that_hold_end_with_nought(alone: Path) -> None:
    """Every sentence is told with its outcome."""
    hold_to(alone, "diagnose_code")

    result = run("invariants", folder=alone)

    assert result.exit_code == 0, result.output
    assert "Niemand krijgt dit." in result.stdout


def test_invariants_that_are_broken_end_with_one(alone: Path) -> None:
    """A release that a sentence forbids is status 1."""
    hold_to(alone, "specialisatie_ingezet")

    result = run("invariants", "--output", "json", folder=alone)

    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)


def test_the_register_is_json_or_a_page() -> None:
    """The chosen processing alone, in both forms."""
    as_json = run("register", FLAG)
    as_page = run("register", FLAG, "--html")

    assert (as_json.exit_code, as_page.exit_code) == (0, 0)
    assert json.loads(as_json.stdout)
    assert as_page.stdout.startswith("<!doctype html>")


def test_a_dpia_is_json() -> None:
    """What the catalogue knows is filled in."""
    result = run("dpia", FLAG)

    assert result.exit_code == 0
    assert json.loads(result.stdout)["answers"]


@pytest.mark.parametrize("command", ["register", "dpia"])
def test_a_purpose_that_does_not_exist_ends_with_two(command: str) -> None:
    """A name that the catalogue does not know is a failure and no empty document."""
    result = run(command, "bestaat-niet")

    assert result.exit_code == 2
    assert "SettingsInvalid" in result.stderr


def test_the_page_is_written(tmp_path: Path) -> None:
    """One file, whose name is told."""
    out = tmp_path / "catalogus.html"

    result = run("page", str(out))

    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert FLAG in out.read_text("utf-8")


def test_what_nobody_used_is_proposed(ledger: Path) -> None:
    """A given ledger is read with the tally beside it."""
    tally = Tally.open(ledger.parent / "tally.json")
    for _ in range(ENOUGH):
        tally.note(dt.date(2026, 3, 2), FLAG, {"verwachte_duur_band": None})
    tally.save()

    result = run("unused", *SINCE, "--ledger", str(ledger), "--output", "json")

    rows = json.loads(result.stdout)
    assert result.exit_code == 0
    assert any("verwachte_duur_band" in json.dumps(row) for row in rows)


def test_without_a_ledger_that_of_the_gateway_is_read(tmp_path: Path) -> None:
    """The settings of the gateway say where; a ledger that is not there is a failure."""
    env = {
        "DOELPOORT_HOME": str(tmp_path),
        "DOELPOORT_PUBLIC_URL": "https://poort.waterveen.example",
        "DOELPOORT_SOURCE_URL": "sqlite:///bron.db",
        "DOELPOORT_CASES_URL": "sqlite:///zaken.db",
    }

    result = run("unused", *SINCE, env=env)

    assert result.exit_code == 2
    assert "LedgerUnreadable" in result.stderr


def test_a_draft_is_tried_on_what_was_asked(draft: Path, ledger: Path) -> None:
    """Of one recorded request it is told which field the draft would have added."""
    change(draft, "need: professional_judgement", "need: always")

    result = run("impact", str(draft), *SINCE, "--ledger", str(ledger), "--output", "json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["fields"] == [
        {"purpose": FLAG, "field": "verwachte_duur_band", "more": 1, "less": 0}
    ]


def test_cases_of_a_file_are_run() -> None:
    """A file of cases that come out as written is status 0."""
    result = run("test", str(GOLDEN / "wonen.yaml"))

    assert result.exit_code == 0, result.output


def test_a_case_that_comes_out_otherwise_ends_with_one(tmp_path: Path) -> None:
    """The difference is told with the case that it is about."""
    text = (GOLDEN / "wmo.yaml").read_text("utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("tot 100 m", "tot 900 m", 1), encoding="utf-8")

    result = run("test", "--cases", str(wrong))

    assert result.exit_code == 1
    assert "GC-005" in result.stdout


def test_everything_is_cases_in_both_ways_and_the_examples(alone: Path) -> None:
    """The verdict is that of all parts together; each part is told."""
    folders = PolicyFolders(alone / "purposes", alone / "policies")

    sound, told = policy_commands.test_everything(folders, [], CLIENTS)

    assert not sound
    assert told.count("geen enkel geval") == 2
    assert [word in told for word in ("refuse: ", "withhold: ")] == [True, True]
