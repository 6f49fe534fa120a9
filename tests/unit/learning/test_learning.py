"""What use teaches: records out of leaves, proposals that come and go, counts of unknowns."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from audit.entry import EntryType, Json
from audit.errors import LeafInvalid
from gateway.catalogue.model import Catalogue, Purpose, Requester
from gateway.errors import SettingsInvalid
from gateway.learning.records import RefusedPart, read_records, records_of
from gateway.learning.tally import ENOUGH, Tally
from gateway.learning.unused import Kind, Proposal, unused
from tests.fakes_audit import START_MS
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import CONSULTANT, FLAG, SCHOOL, with_purpose
from tests.unit.learning.world import (
    PERMIT,
    RELEASED,
    YEAR,
    leaf,
    members,
    refusal,
    write_ledger,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Give a ledger with a permit, and a minute later a refusal."""
    refused: Json = [{"code": "AGE_OUT_OF_RANGE", "step": 4}, {"code": "FIELD_UNKNOWN", "step": 3}]
    conditions: Json = [{"name": "age", "outcome": "not_met", "code": "AGE_OUT_OF_RANGE"}]
    later = members(outcome="refuse", refused=refused, conditions=conditions)
    del later["released"]
    path = tmp_path / "ledger.db"
    write_ledger(path, (EntryType.DISCLOSURE, members()), (EntryType.REFUSAL, later))
    return path


def test_a_ledger_gives_its_decisions(ledger: Path) -> None:
    """Permits and refusals come out with fields, reasons and outcomes; the genesis does not."""
    permit, refused = read_records(ledger, 0)

    assert permit == PERMIT
    assert refused.refused == (
        RefusedPart("AGE_OUT_OF_RANGE", 4, None),
        RefusedPart("FIELD_UNKNOWN", 3, None),
    )
    assert refused.conditions == {"age": "AGE_OUT_OF_RANGE"}


def test_a_ledger_can_be_read_from_a_moment_on(ledger: Path) -> None:
    """What happened before the period is left out."""
    [record] = read_records(ledger, START_MS + 1)

    assert record.outcome == "refuse"


def test_members_of_another_type_count_as_absent() -> None:
    """A leaf from elsewhere gives an empty record rather than a wrong one."""
    odd = leaf(time="x", role=1, released="x", refused=[{"code": 1, "step": "x"}], subjects=0)

    [record] = records_of([odd])

    assert (record.time, record.role, record.released) == (0, "", {})
    assert record.refused == (RefusedPart("", 0, None),)
    assert not record.about_a_person


def test_a_leaf_that_is_none_is_refused() -> None:
    """Nothing is learned from what is no leaf."""
    with pytest.raises(LeafInvalid):
        list(records_of([b"{}x"]))


def few(*names: str) -> Catalogue:
    """Return the catalogue with these purposes only."""
    purposes = {name: catalogue().purposes[name] for name in names}
    return replace(catalogue(), purposes=MappingProxyType(purposes))


def test_a_purpose_that_nobody_used_is_proposed_to_go() -> None:
    """Without a single request there is one proposal, for the whole purpose."""
    assert unused([], few(FLAG), YEAR) == (Proposal(Kind.PURPOSE_UNUSED, FLAG, None, None, 0),)


def test_a_field_that_nobody_asked_is_proposed_to_go() -> None:
    """Of a purpose in use, the field that never occurs is named with the number of requests."""
    found = unused([PERMIT, PERMIT], few(FLAG), YEAR)

    assert found == (Proposal(Kind.FIELD_NEVER_ASKED, FLAG, "verwachte_duur_band", None, 2),)


def test_a_proposal_disappears_when_it_is_no_longer_true() -> None:
    """One refused wish for the field is enough to show that somebody needs it."""
    asked = refusal("MOTIVATION_MISSING", 3, "verwachte_duur_band")
    undeclared = refusal("TASK_UNKNOWN", 1, purpose=None)

    assert unused([PERMIT, asked, undeclared], few(FLAG), YEAR) == ()


def test_a_role_that_never_asked_is_proposed_to_go() -> None:
    """Of four requesters of the school, the three that never asked are named."""
    baken = catalogue().organisations["school-het-baken"].oin
    record = replace(
        PERMIT,
        organisation=baken,
        role="zorgcoordinator-school",
        purpose=SCHOOL,
        released=dict.fromkeys(catalogue().purposes[SCHOOL].fields, "exact"),
    )

    found = unused([record], few(SCHOOL), YEAR)

    assert {each.kind for each in found} == {Kind.ROLE_UNUSED}
    assert {each.requester for each in found} == set(catalogue().purposes[SCHOOL].requesters) - {
        Requester("zorgcoordinator-school", "school-het-baken")
    }


def test_a_field_whose_source_was_always_empty_is_proposed_to_go() -> None:
    """What was asked but never known is named, once enough answers show it."""
    both = replace(PERMIT, released={**RELEASED, "verwachte_duur_band": "band"})
    empty = frozenset({(FLAG, "verwachte_duur_band")})

    found = unused([both], few(FLAG), YEAR, empty)

    assert found == (Proposal(Kind.FIELD_ALWAYS_EMPTY, FLAG, "verwachte_duur_band", None, 1),)


@pytest.mark.parametrize(
    "changes",
    [{"valid_from": dt.date(2027, 1, 1)}, {"valid_until": dt.date(2025, 12, 31)}],
    ids=["later", "before"],
)
def test_what_could_not_be_used_is_left_alone(changes: dict[str, Any]) -> None:
    """A purpose outside the period is no evidence of anything."""

    def make(purpose: Purpose) -> Purpose:
        return replace(purpose, **changes)

    made = with_purpose(FLAG, make)
    only = replace(made, purposes=MappingProxyType({FLAG: made.purposes[FLAG]}))

    assert unused([], only, YEAR) == ()


def test_a_bill_is_never_called_unused() -> None:
    """What refuses because its law is not in force could not be used."""
    assert unused([], few("meervoudige-problematiek-vaststellen"), YEAR) == ()


@pytest.mark.parametrize("kind", Kind)
def test_a_proposal_is_a_question_in_two_languages(kind: Kind) -> None:
    """Each kind names its purpose and asks, rather than decides."""
    proposal = Proposal(kind, FLAG, "adres", CONSULTANT, 3)

    assert FLAG in proposal.nl
    assert FLAG in proposal.en
    assert proposal.nl.endswith("?")
    assert Proposal(kind, FLAG, None, None, 0).en.endswith("?")


def note(tally: Tally, times: int, value: object, day: dt.date = YEAR[0]) -> None:
    """Count the same answer a number of times."""
    for _ in range(times):
        tally.note(day, FLAG, {"specialisatie_ingezet": value})


def test_a_source_that_never_knew_is_told_when_there_are_enough_answers(tmp_path: Path) -> None:
    """Ten unknowns are about a group; nine say nothing yet."""
    few_answers, enough = Tally(tmp_path / "a"), Tally(tmp_path / "b")
    note(few_answers, ENOUGH - 1, None)
    note(enough, ENOUGH, None)

    assert few_answers.always_empty(YEAR[0]) == frozenset()
    assert enough.always_empty(YEAR[0]) == {(FLAG, "specialisatie_ingezet")}


def test_one_known_answer_ends_it(tmp_path: Path) -> None:
    """Also "no" is known."""
    tally = Tally(tmp_path / "tally")
    note(tally, ENOUGH, None)
    note(tally, 1, value=False)

    assert tally.always_empty(YEAR[0]) == frozenset()


def test_months_before_the_period_do_not_count(tmp_path: Path) -> None:
    """What was known last year does not hide that it is never known now, nor the other way."""
    tally = Tally(tmp_path / "tally")
    note(tally, ENOUGH, value=True, day=dt.date(2025, 12, 31))
    note(tally, ENOUGH, None)

    assert tally.always_empty(YEAR[0]) == {(FLAG, "specialisatie_ingezet")}
    assert tally.always_empty(dt.date(2025, 12, 1)) == frozenset()


def test_a_tally_survives_a_restart(tmp_path: Path) -> None:
    """What was counted and saved is there again, and counting goes on."""
    path = tmp_path / "tally.json"
    first = Tally.open(path)
    note(first, ENOUGH - 1, None)
    first.save()

    again = Tally.open(path)
    note(again, 1, None)

    assert again.always_empty(YEAR[0]) == {(FLAG, "specialisatie_ingezet")}


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"version":2,"counts":[]}', b'{"version":1,"counts":[1]}']
)
def test_a_broken_tally_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file that is no tally is never taken for an empty one."""
    path = tmp_path / "tally.json"
    path.write_bytes(content)

    with pytest.raises(SettingsInvalid):
        Tally.open(path)
