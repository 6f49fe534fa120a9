"""Lint: each remark has a bad fixture that provokes it; the project's own files have no error."""

import datetime as dt
from pathlib import Path

import pytest

from gateway.catalogue.errors import Severity
from gateway.catalogue.lint import lint_folders
from tests.fakes_decision import POLICIES, PURPOSES, copy_policy

TODAY = dt.date(2026, 3, 2)
FLAG = "jeugd/lichte-of-zware-hulp.yaml"
SCHOOL = "jeugd/weten-dat-leerling-geholpen-wordt.yaml"


def test_the_projects_own_files_have_warnings_only() -> None:
    """The three purposes hold no error; what the source material leaves open is a warning."""
    findings = lint_folders(PURPOSES, POLICIES, TODAY)

    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert {finding.code for finding in findings} == {"NO_COUNTER_OFFER", "LAW_RECALLED"}


def test_a_review_date_is_passed_the_day_after() -> None:
    """On the review date itself nothing is late; a day later every purpose is."""
    on_the_day = lint_folders(PURPOSES, POLICIES, dt.date(2027, 1, 1))
    day_after = lint_folders(PURPOSES, POLICIES, dt.date(2027, 1, 2))

    assert not [f for f in on_the_day if f.code == "REVIEW_PASSED"]
    assert len([f for f in day_after if f.code == "REVIEW_PASSED"]) == 3


def test_files_that_do_not_load_give_their_findings(tmp_path: Path) -> None:
    """Where reading already fails, lint says what reading found and nothing else."""
    assert {f.code for f in lint_folders(tmp_path, tmp_path, TODAY)} == {
        "FILE_UNREADABLE",
        "CATALOGUE_EMPTY",
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        (
            FLAG,
            "    because: Dit ene kenmerk is het beslissende criterium voor licht of zwaar.\n",
            "",
            "BECAUSE_MISSING",
        ),
        (
            FLAG,
            "because: Dit ene kenmerk is het beslissende criterium voor licht of zwaar.",
            "because: De specialisatie ingezet.",
            "BECAUSE_REPEATS",
        ),
        (FLAG, "gdpr: 9-2-g", "gdpr: 9-none", "SPECIAL_GROUND"),
        (FLAG, "gdpr: 6-1-e", "gdpr: 9-2-g", "GROUND_MISSING"),
        (
            "fields.yaml",
            "    holder: toegang-jeugd\n    sensitivity: sensitive",
            "    holder: toegang-jeugd\n    sensitivity: national_id",
            "NATIONAL_ID",
        ),
        (
            "fields.yaml",
            "  contactpersoon_toegang:\n    type: string",
            "  contactpersoon_toegang:\n    type: free_text",
            "WHOLE_TEXT",
        ),
        (SCHOOL, "expect: permit", "expect: refuse, step: 0, code: X", "EXAMPLE_MISSING"),
    ],
)
def test_a_bad_fixture_is_remarked_on(
    tmp_path: Path, name: str, old: str, new: str, code: str
) -> None:
    """Each mistake that loads but should not pass a review is an error with a place."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    errors = [f for f in lint_folders(purposes, policies, TODAY) if f.severity is Severity.ERROR]

    assert code in {finding.code for finding in errors}
    assert min(finding.line for finding in errors) > 1


def test_a_secret_field_needs_the_answer_to_secrecy(tmp_path: Path) -> None:
    """A field under professional secrecy, released without a word on it, is an error."""
    purposes, policies = copy_policy(tmp_path)
    head, rest = (purposes / FLAG).read_text(encoding="utf-8").split("secrecy:", 1)
    (purposes / FLAG).write_text(
        head + "conditions:" + rest.split("conditions:", 1)[1], encoding="utf-8"
    )

    codes = {finding.code for finding in lint_folders(purposes, policies, TODAY)}

    assert "SECRECY_GROUND" in codes
