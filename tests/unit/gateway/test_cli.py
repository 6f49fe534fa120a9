"""The command line: help worth reading, exit status 0, 1 or 2, JSON that parses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from tests.builders import ROOT, pem_of
from tests.fakes_decision import copy_policy

STEPS = ["jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp"]
WHO = ["--organisation", "gem-toegang-jeugd", "--role", "consulent-jeugd"]
FOLDERS = ["--purposes", str(ROOT / "purposes"), "--policies", str(ROOT / "policies")]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Give the environment of a gateway that was never started."""
    return {
        "DOELPOORT_HOME": str(tmp_path / "home"),
        "DOELPOORT_PUBLIC_URL": "https://poort.waterveen.example",
        "DOELPOORT_SOURCE_URL": "sqlite:///bron.db",
        "DOELPOORT_CASES_URL": "sqlite:///zaken.db",
    }


def run(*arguments: str, env: dict[str, str] | None = None, stdin: str | None = None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(arguments), env=env, input=stdin)


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["serve"],
        ["demo"],
        ["ask"],
        ["explain"],
        ["policy"],
        ["policy", "check"],
        ["policy", "bundle"],
        ["audit"],
        ["audit", "verify"],
        ["audit", "explain"],
        ["audit", "export"],
        ["audit", "replay"],
        ["audit", "reconcile"],
        ["audit", "erase"],
        ["audit", "rotate"],
        ["audit", "retain"],
        ["audit", "look"],
        ["audit", "project"],
        ["audit", "migrate"],
        ["audit", "status"],
        ["client"],
        ["client", "add"],
        ["client", "revoke"],
        ["client", "list"],
    ],
    ids=" ".join,
)
def test_every_command_has_help(command: list[str]) -> None:
    """`--help` explains a command and ends with status 0."""
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 5


def test_explaining_a_permit_ends_with_nought() -> None:
    """A dry run tells the four steps, and what would be released."""
    result = run("explain", *STEPS, *WHO, *FOLDERS)

    assert result.exit_code == 0
    assert [f"Stap {number}." in result.output for number in range(1, 5)] == [True] * 4
    assert "specialisatie_ingezet" in result.output


@pytest.mark.parametrize(
    ("steps", "more", "word"),
    [
        (STEPS, ["--field", "behandelplan_tekst"], "nooit"),
        (["x", *STEPS[1:]], [], "taak"),
        ([*STEPS[:2], "alles"], [], "doel"),
        (STEPS, ["--field", "verwachte_duur_band"], "uitleg"),
    ],
)
def test_explaining_a_refusal_ends_with_one(steps: list[str], more: list[str], word: str) -> None:
    """A request that would be refused is status 1."""
    result = run("explain", *steps, *WHO, *FOLDERS, *more)

    assert result.exit_code == 1
    assert "Zou worden geweigerd" in result.output
    assert word in result.output.lower()


def test_an_explanation_is_json_for_programs() -> None:
    """With --output json the same stands in members."""
    result = run("explain", *STEPS, *WHO, *FOLDERS, "--output", "json")

    told = json.loads(result.stdout)
    assert (told["outcome"], told["fields"]) == ("permit", ["specialisatie_ingezet"])
    assert [step["step"] for step in told["steps"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("text", "status"), [("kort", 1), ("De verordening noemt de duur.", 0)])
def test_an_explanation_weighs_a_motivation_as_the_gateway_does(text: str, status: int) -> None:
    """A motivation that the gateway would not count does not count in a dry run."""
    because = ["--field", "verwachte_duur_band", "--because", f"verwachte_duur_band={text}"]

    result = run("explain", *STEPS, *WHO, *FOLDERS, *because)

    assert result.exit_code == status


def test_a_motivation_of_another_form_ends_with_two() -> None:
    """What cannot be understood is a failure and no refusal."""
    result = run("explain", *STEPS, *WHO, *FOLDERS, "--because", "zomaar")

    assert result.exit_code == 2
    assert "FIELD=TEXT" in result.output


def test_sound_policy_files_pass() -> None:
    """The project's own policy has no errors."""
    result = run("policy", "check", *FOLDERS)

    assert result.exit_code == 0
    assert "0 fouten" in result.output


def test_findings_are_json_for_programs() -> None:
    """With --output json the findings are a list."""
    result = run("policy", "check", *FOLDERS, "--output", "json")

    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), list)


def test_a_broken_purpose_is_found_with_its_place(tmp_path: Path) -> None:
    """An error in a file ends with status 1 and names file, line and column."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "wmo" / "hulpvraag-afbakenen.yaml").write_text("id: 7\n")

    result = run("policy", "check", "--purposes", str(purposes), "--policies", str(policies))

    assert result.exit_code == 1
    assert "purposes/wmo/hulpvraag-afbakenen.yaml:1:" in result.output


def test_an_error_is_marked_and_told_as_it_was_written(tmp_path: Path) -> None:
    """It says that it is an error, and what looks like a style in a file is only a text."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / "wmo" / "hulpvraag-afbakenen.yaml"
    path.write_text(path.read_text(encoding="utf-8") + '"[/red]": x\n', encoding="utf-8")

    result = run("policy", "check", "--purposes", str(purposes), "--policies", str(policies))

    assert result.exit_code == 1
    assert "De naam '[/red]' kennen wij hier niet." in result.output
    assert "FOUT (error) KEY_UNKNOWN" in result.output


def test_what_must_be_mended_comes_after_what_is_to_be_looked_at(tmp_path: Path) -> None:
    """More than a hundred warnings do not hide the one error."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / "beleid" / "doorlooptijd-participatieladder.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("expect: permit", "expect: refuse, step: 1, code: WRONG_HAT"))

    result = run("policy", "check", "--purposes", str(purposes), "--policies", str(policies))

    assert result.exit_code == 1
    assert result.output.rindex("let op (warning)") < result.output.index("FOUT (error)")


def test_a_policy_folder_that_is_empty_is_found(tmp_path: Path) -> None:
    """Nothing at all is an error, not a success."""
    result = run("policy", "check", "--purposes", str(tmp_path), "--policies", str(tmp_path))

    assert result.exit_code == 1
    assert "CATALOGUE_EMPTY" in result.output


def test_a_broken_party_policy_ends_with_two(tmp_path: Path) -> None:
    """A party policy that cannot be used is told in one line."""
    purposes, policies = copy_policy(tmp_path)
    (policies / "parties.csv").write_text("p, a\n")

    result = run("policy", "check", "--purposes", str(purposes), "--policies", str(policies))

    assert result.exit_code == 2
    assert "parties.csv line 1" in result.output


def test_a_bundle_names_its_revision(tmp_path: Path) -> None:
    """The folder for an OPA server is written, and its revision told."""
    result = run("policy", "bundle", str(tmp_path / "bundle"), *FOLDERS)

    data = json.loads((tmp_path / "bundle" / "data.json").read_text())
    assert result.exit_code == 0
    assert result.stdout.strip() == data["catalogue"]["revision"]
    assert (tmp_path / "bundle" / "disclosure.rego").is_file()


def add(home: dict[str, str], *more: str, client: str = "team") -> Result:
    """Register a client."""
    hat = ("--hat", "gem-toegang-jeugd:consulent-jeugd")
    return run("client", "add", client, "--name", "Team [jeugd]", *hat, *more, env=home)


def test_a_client_is_added_listed_and_revoked(home: dict[str, str], tmp_path: Path) -> None:
    """The life of a client: with a new key, in the list, and revoked for good."""
    added = add(home, "--new-key", str(tmp_path / "team.pem"))
    listed = run("client", "list", "--output", "json", env=home)
    revoked = run("client", "revoke", "team", env=home)
    after = run("client", "list", "--output", "json", env=home)

    assert [each.exit_code for each in (added, listed, revoked, after)] == [0, 0, 0, 0]
    assert (tmp_path / "team.pem").stat().st_mode & 0o777 == 0o600
    (client,) = json.loads(listed.stdout)
    assert client["hats"] == ["gem-toegang-jeugd:consulent-jeugd"]
    assert client["revoked_at"] is None
    assert json.loads(after.stdout)[0]["revoked_at"]


def test_a_name_is_shown_as_it_is(home: dict[str, str], tmp_path: Path) -> None:
    """Square brackets in a name are part of the name."""
    add(home, "--new-key", str(tmp_path / "team.pem"))

    result = run("client", "list", env=home)

    assert "Team [jeugd]" in result.output


def test_a_client_can_bring_its_own_key(home: dict[str, str], tmp_path: Path) -> None:
    """The public key that a partner sent is registered."""
    (tmp_path / "team.pub").write_text(pem_of("team"))

    assert add(home, "--public-key", str(tmp_path / "team.pub")).exit_code == 0


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--public-key", "{}/weg.pub"],
        ["--new-key", "{}/er-is-al-iets"],
        ["--new-key", "{}/geen/map/key.pem"],
        ["--new-key", "{}/a", "--public-key", "{}/b"],
        ["--new-key", "{}/a", "--hat", "geen-hoed"],
    ],
    ids=["no key", "no file", "taken", "no folder", "both", "no hat"],
)
def test_a_client_that_cannot_be_added_ends_with_two(
    home: dict[str, str], tmp_path: Path, more: list[str]
) -> None:
    """Whatever is wrong is told, and nobody is registered."""
    (tmp_path / "er-is-al-iets").touch()

    result = add(home, *(each.format(tmp_path) for each in more))

    assert result.exit_code == 2, repr(result.exception)
    assert json.loads(run("client", "list", "--output", "json", env=home).stdout) == []


def test_a_failed_registration_leaves_no_key_behind(home: dict[str, str], tmp_path: Path) -> None:
    """A second client under a taken id gets no key file that nobody can use."""
    add(home, "--new-key", str(tmp_path / "one.pem"))

    result = add(home, "--new-key", str(tmp_path / "two.pem"))

    assert result.exit_code == 2
    assert not (tmp_path / "two.pem").exists()


def test_a_client_of_an_unknown_organisation_is_refused(
    home: dict[str, str], tmp_path: Path
) -> None:
    """A hat of an organisation or role that the policy does not know is a mistake."""
    result = run(
        "client",
        "add",
        "vreemd",
        "--name",
        "x",
        "--hat",
        "bestaat-niet:rol",
        "--new-key",
        str(tmp_path / "x.pem"),
        env=home,
    )

    assert result.exit_code == 2


def test_revoking_nobody_ends_with_two(home: dict[str, str]) -> None:
    """Revoking a client that is not registered is a failure."""
    assert run("client", "revoke", "niemand", env=home).exit_code == 2


@pytest.mark.parametrize("command", [["client", "list"], ["client", "revoke", "team"], ["serve"]])
def test_a_command_without_settings_says_what_to_set(command: list[str]) -> None:
    """Missing settings are named, without a traceback."""
    nothing = {f"DOELPOORT_{n}": "" for n in ("HOME", "PUBLIC_URL", "SOURCE_URL", "CASES_URL")}

    result = run(*command, env=nothing)

    assert result.exit_code == 2
    assert "DOELPOORT_PUBLIC_URL" in result.output


def test_asking_without_a_key_file_ends_with_two(tmp_path: Path) -> None:
    """A key that is not there is told before anything is sent."""
    arguments = ["--url", "http://127.0.0.1:9", "--client", "team", "--professional", "m"]

    result = run("ask", *STEPS, *arguments, "--key", str(tmp_path / "weg.pem"), stdin="999911235\n")

    assert result.exit_code == 2
    assert "999911235" not in result.output


def test_verifying_what_is_no_ledger_fails(tmp_path: Path) -> None:
    """A file that is no ledger is not verified."""
    (tmp_path / "ledger.db").write_text("geen register")

    result = run("audit", "verify", str(tmp_path / "ledger.db"), "--key", "geen+sleutel")

    assert result.exit_code != 0
