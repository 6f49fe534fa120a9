"""The two scripts of the check: what counts as audited, and what counts as covered."""

import json

import pytest

from tests.audit_dependencies import Audit, parse_report
from tests.coverage_floor import FULL, WHOLE, shortfalls

COVERED = {
    "audit/merkle.py": 100.0,
    "gateway/aggregates/hiding.py": 100.0,
    "gateway/decision/decide.py": 100.0,
    "gateway/catalogue/load.py": 100.0,
    "gateway/declaring.py": 100.0,
    "gateway/disclosure.py": 100.0,
    "gateway/outcome.py": 100.0,
    "gateway/cli/main.py": 40.0,
}


def test_a_report_tells_audited_skipped_and_vulnerable() -> None:
    """A dependency that was skipped is not counted as audited, and a vulnerable one is named."""
    report = {
        "dependencies": [
            {"name": "good", "version": "1", "vulns": []},
            {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]},
            {"name": "unseen", "skip_reason": "not found"},
        ],
        "fixes": [],
    }

    audit = parse_report(json.dumps(report))

    assert audit == Audit(2, ("unseen",), ("bad 2: PYSEC-1", "bad 2: PYSEC-2"))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "Traceback"], ids=repr)
def test_no_report_is_no_audit(text: str) -> None:
    """Output that is no report never counts as a clean one."""
    assert parse_report(text) is None


def test_a_run_above_every_floor_has_no_shortfall() -> None:
    """Full where it must be and enough as a whole is enough."""
    assert shortfalls(WHOLE, COVERED) == []


@pytest.mark.parametrize("path", [path for path in COVERED if path.startswith(FULL)])
def test_one_missed_branch_is_a_shortfall(path: str) -> None:
    """Where every branch must be covered, almost is not enough."""
    found = shortfalls(WHOLE, COVERED | {path: 99.99})

    assert found == [f"{path} is covered for 99.99 %, not wholly"]


def test_a_whole_below_its_floor_is_a_shortfall() -> None:
    """The whole has a floor of its own."""
    assert shortfalls(WHOLE - 0.01, COVERED) == ["the whole is covered for 89.99 %, below 90 %"]


@pytest.mark.parametrize("place", FULL)
def test_a_place_that_was_not_measured_is_a_shortfall(place: str) -> None:
    """A measurement that forgot a place does not pass."""
    left = {path: percent for path, percent in COVERED.items() if not path.startswith(place)}

    assert shortfalls(WHOLE, left) == [f"{place} was not measured at all"]
