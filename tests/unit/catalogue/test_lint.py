"""Lint: each rule with a bad fixture that provokes it where it says, and a good one that does not.

The fixtures stand in lint/<rule>/{bad,good} and are laid over lint/base; in a bad one the place
that must be pointed at ends in a marker.
"""

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.catalogue.errors import Finding, Severity
from tests.fakes_decision import POLICIES, PURPOSES, catalogue, copy_policy, lint_folders

TODAY = dt.date(2026, 3, 2)
FIXTURES = Path(__file__).parent / "lint"
RULES = sorted(path.name for path in FIXTURES.iterdir() if path.name != "base")
MARKER = "# <- hier"
WARNINGS = {
    "law_name_odd",
    "law_older",
    "law_recalled",
    "no_counter_offer",
    "review_passed",
    "silence_refuses",
}


def _findings(tmp_path: Path, rule: str, kind: str) -> Sequence[Finding]:
    """Return what lint finds on the base with the fixture laid over it."""
    folder = tmp_path / kind
    shutil.copytree(FIXTURES / "base", folder)
    for name in ("disclosure.rego", "parties.conf"):
        shutil.copy(POLICIES / name, folder / "policies" / name)
    shutil.copytree(FIXTURES / rule / kind, folder, dirs_exist_ok=True)
    return lint_folders(folder / "purposes", folder / "policies", TODAY)


def _marked(rule: str) -> set[tuple[str, int]]:
    """Return the file and line that the bad fixture marks."""
    folder = FIXTURES / rule / "bad"
    return {
        (path.relative_to(folder).as_posix(), number)
        for path in folder.rglob("*.*")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MARKER in line
    }


@pytest.mark.parametrize("rule", RULES)
def test_a_bad_fixture_is_remarked_on_where_it_is_bad(tmp_path: Path, rule: str) -> None:
    """The rule finds just what it is about, at its file and line, in Dutch and in English."""
    findings = _findings(tmp_path, rule, "bad")

    found = [finding for finding in findings if finding.code == rule.upper()]
    assert {(finding.file, finding.line) for finding in found} == _marked(rule)
    assert {f.severity for f in found} == {Severity.WARNING if rule in WARNINGS else Severity.ERROR}
    assert all(f.message_nl and f.message_en and f.column > 0 for f in found)


@pytest.mark.parametrize("rule", RULES)
def test_a_good_fixture_is_not_remarked_on(tmp_path: Path, rule: str) -> None:
    """The twin: what is nearly the same and right passes without any remark."""
    assert _findings(tmp_path, rule, "good") == ()


@pytest.mark.parametrize(
    ("valid", "severity"),
    [
        ("{bill_checked: 2026-02-18}", Severity.WARNING),
        ("{from: 2026-03-03}", Severity.WARNING),
        ("{from: 2020-01-01, until: 2026-03-01}", Severity.ERROR),
    ],
)
def test_a_law_to_come_is_pointed_at_and_a_law_that_ended_is_wrong(
    tmp_path: Path, valid: str, severity: Severity
) -> None:
    """A bill may wait in the catalogue, because it refuses; a law that is gone may not."""
    purposes, policies = copy_policy(tmp_path)
    tasks = (purposes / "tasks.yaml").read_text(encoding="utf-8")
    changed = tasks.replace("valid: {from: 2015-01-01}", f"valid: {valid}", 1)
    (purposes / "tasks.yaml").write_text(changed, encoding="utf-8")

    findings = lint_folders(purposes, policies, TODAY)

    found = [f for f in findings if f.code == "LAW_NOT_IN_FORCE" and "/wmo/" in f.file]
    assert {f.severity for f in found} == {severity}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("title: Bepalen of de hulp", "title: Alles over de hulp", "PURPOSE_VAGUE"),
        (
            "title: Bepalen of de hulp aan deze inwoner doorgaat.",
            "title: Bepalen.",
            "PURPOSE_VAGUE",
        ),
        ("question: Loopt er nu hulp?", "question: Hulp", "PURPOSE_VAGUE"),
        ("    precision: flag", "    precision: exact", "TOO_PRECISE"),
        ("  - {ask: [verslag]", "  - {ask: [hulp_loopt], expect: permit}\n#", "EXAMPLE_MISSING"),
    ],
)
def test_the_other_ways_in_which_a_rule_is_broken(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    """A rule with more than one way of being broken finds each of them."""
    folder = tmp_path / "policy"
    shutil.copytree(FIXTURES / "base", folder)
    for name in ("disclosure.rego", "parties.conf"):
        shutil.copy(POLICIES / name, folder / "policies" / name)
    path = folder / "purposes" / "hulp" / "hulp-wegen.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    findings = lint_folders(folder / "purposes", folder / "policies", TODAY)

    assert {finding.code for finding in findings} == {code}


def test_the_projects_own_files_have_warnings_only() -> None:
    """The catalogue holds no error; what the source material leaves open is a warning."""
    findings = lint_folders(PURPOSES, POLICIES, TODAY)

    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert {finding.code for finding in findings} == {
        "DOMAIN_UNUSED",
        "NO_COUNTER_OFFER",
        "LAW_RECALLED",
        "LAW_OLDER",
        "LAW_NOT_IN_FORCE",
    }


def test_a_law_from_memory_is_reported_wherever_it_is_used() -> None:
    """Each purpose that rests on a recalled law text says so, at the ground, task or retention."""
    findings = lint_folders(PURPOSES, POLICIES, TODAY)

    reported = {finding.file for finding in findings if finding.code == "LAW_RECALLED"}
    recalled = {
        purpose.id
        for purpose in catalogue().purposes.values()
        if "R" in {purpose.retention.status, *(basis.status for basis in purpose.legal_basis)}
        or catalogue().tasks[purpose.task].status == "R"
    }
    assert {Path(file).stem for file in reported} == recalled


def test_a_review_date_is_passed_the_day_after() -> None:
    """On the review date itself nothing is late; a day later every purpose is."""
    on_the_day = lint_folders(PURPOSES, POLICIES, dt.date(2027, 1, 1))
    day_after = lint_folders(PURPOSES, POLICIES, dt.date(2027, 1, 2))

    assert not [f for f in on_the_day if f.code == "REVIEW_PASSED"]
    assert len([f for f in day_after if f.code == "REVIEW_PASSED"]) == len(catalogue().purposes)


def test_files_that_do_not_load_give_their_findings(tmp_path: Path) -> None:
    """Where reading already fails, lint says what reading found and nothing else."""
    assert {f.code for f in lint_folders(tmp_path, tmp_path, TODAY)} == {
        "FILE_UNREADABLE",
        "CATALOGUE_EMPTY",
    }
