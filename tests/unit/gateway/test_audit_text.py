"""How the outcomes of the audit commands are told: both languages, and never too much."""

from collections import Counter

import pytest

from audit.entry import Receipt
from audit.keeping import ErasureReport, Look
from audit.seal import Particulars
from gateway.cli.audit_text import (
    moment,
    reconciled_text,
    replayed_text,
    rotated,
    seen_out,
    status_text,
)
from gateway.cli.erase_commands import Erasure
from gateway.cli.erase_text import erased_text
from gateway.log.access import Rotation
from gateway.replay.reconcile import ALARMS, Finding, Reconciliation
from gateway.replay.replay import Difference, Report, Undecided

RECEIPT = Receipt("log", 7, "0" * 32, b"{}", b"")


def test_a_few_differences_are_shown_and_the_rest_counted() -> None:
    """A person reads twenty; a program gets them all."""
    difference = Difference(1, "a" * 32, ("released",), {"released": []}, {})
    report = Report(same=0, different=25, differences=[difference] * 25)

    told = replayed_text(report)

    assert told.count("vastgelegd (recorded): []") == 20
    assert told.count("opnieuw (again):       -") == 20
    assert "5 meer (more)" in told


@pytest.mark.parametrize("reason", Undecided)
def test_every_reason_is_told_in_both_languages(reason: Undecided) -> None:
    """Why an entry was not decided again is never a code alone."""
    told = replayed_text(Report(undecided=Counter({reason: 3})))

    assert "3 niet opnieuw besloten" in told
    assert told.endswith(")")


@pytest.mark.parametrize("finding", Finding)
def test_every_finding_is_told_and_alarms_stand_out(finding: Finding) -> None:
    """Who reads it knows what is wrong, where, and whether to act at once."""
    places = tuple(str(number) for number in range(30))

    told = reconciled_text(Reconciliation(1, 1, 1, {finding: (30, places)}))

    assert ("ALARM" in told) is (finding in ALARMS)
    assert "30 x " in told
    assert told.endswith("18, 19 ...")


@pytest.mark.parametrize(("emptied", "copied"), [(True, False), (False, True)])
def test_an_erasure_says_what_is_left(emptied: bool, copied: bool) -> None:  # noqa: FBT001 - a case
    """The database may hold a copy for as long as somebody reads it, and backups hold theirs."""
    report = ErasureReport(RECEIPT, b"k" * 16, emptied)

    told = erased_text(Erasure({2026: report}, beside=None, files=0, undone=()))

    assert ("oude kopie" in told) is copied
    assert "audit rotate" in told


def test_a_rotation_without_an_old_key_says_so() -> None:
    """What was destroyed before is not told again."""
    assert "vernietigd: -" in rotated(Rotation(2, ()))


def test_what_is_no_text_is_shown_in_hex() -> None:
    """Whatever was committed to can be shown."""
    look = Look(RECEIPT, 3, {0: Particulars(None, {}, {"content": b"\xff\x00", "request": b"x"})})

    assert seen_out(look) == [
        {"position": 0, "subject": None, "values": {"content": "ff00", "request": "x"}}
    ]


def test_what_is_not_there_is_a_dash() -> None:
    """A log without witnesses says so."""
    assert status_text({"cosigned": None}) == "cosigned  -"
    assert moment(None) is None
    assert moment(0) == "1970-01-01T00:00:00.000+00:00"
