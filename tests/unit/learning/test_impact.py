"""What a draft would have done with the requests that stand in the ledger."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import anyio
import pytest

from gateway.catalogue.model import Catalogue, Condition, ConditionKind, Need, Precision
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.parties import Parties
from gateway.learning.impact import Failure, FieldImpact, impact
from gateway.learning.records import Record, RefusedPart
from tests.fakes_decision import POLICIES, catalogue
from tests.unit.catalogue_follow.world import (
    FLAG,
    SCOOTER,
    with_grant,
    with_purpose,
    without_field,
)
from tests.unit.learning.world import MET, PERMIT, RELEASED, SCOOTER_PERMIT, refusal


def decider(made: Catalogue) -> Decider:
    """Return a decider under a draft."""
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", made)
    return Decider(made, parties, EmbeddedEngine.build(made, POLICIES))


def decided(record: Record, draft: Catalogue) -> tuple[int, dict[Failure, int], list[FieldImpact]]:
    """Return how one record comes out under a draft: unchanged, failed, fields."""
    found = anyio.run(impact, [record], catalogue(), decider(draft))
    return found.unchanged, dict(found.failed), list(found.fields)


@pytest.mark.parametrize(
    "record",
    [
        PERMIT,
        replace(PERMIT, released={**RELEASED, "verwachte_duur_band": "band"}),
        SCOOTER_PERMIT,
        refusal("AGE_OUT_OF_RANGE", 4, conditions={**MET, "age": "AGE_OUT_OF_RANGE"}),
        refusal("FIELD_NEVER", 3, "behandelplan_tekst"),
        refusal("NOT_PARTY", 2),
        refusal("SUBJECT_INVALID_BSN", 0),
        refusal("PURPOSE_NOT_FOR_ROLE", 3, role="medewerker-ontzorgen"),
    ],
    ids=[
        "minimal set",
        "with a motivation",
        "without the list",
        "condition",
        "never",
        "no case",
        "outside",
        "another role",
    ],
)
def test_the_same_policy_changes_nothing(record: Record) -> None:
    """Every kind of record is decided again as it was."""
    assert decided(record, catalogue()) == (1, {}, [])


def more(purpose: str, field: str) -> list[FieldImpact]:
    """Return that one answer would have carried more."""
    return [FieldImpact(purpose, field, 1, 0)]


def less(purpose: str, field: str) -> list[FieldImpact]:
    """Return that one answer would have carried less."""
    return [FieldImpact(purpose, field, 0, 1)]


CHANGES: dict[str, tuple[Record, Callable[[], Catalogue], list[FieldImpact]]] = {
    "more precise": (
        PERMIT,
        lambda: with_grant(FLAG, "specialisatie_ingezet", precision=Precision.EXACT),
        more(FLAG, "specialisatie_ingezet"),
    ),
    "less precise": (
        SCOOTER_PERMIT,
        lambda: with_grant(SCOOTER, "hulpvraag_categorie", precision=Precision.FLAG),
        less(SCOOTER, "hulpvraag_categorie"),
    ),
    "always given": (
        PERMIT,
        lambda: with_grant(FLAG, "verwachte_duur_band", need=Need.ALWAYS),
        more(FLAG, "verwachte_duur_band"),
    ),
    "a condition dropped": (
        refusal("AGE_OUT_OF_RANGE", 4, conditions={**MET, "age": "AGE_OUT_OF_RANGE"}),
        lambda: with_purpose(FLAG, lambda purpose: replace(purpose, conditions=())),
        more(FLAG, "specialisatie_ingezet"),
    ),
    "a part of what was withheld": (
        replace(
            PERMIT,
            outcome="partial",
            refused=(RefusedPart("MOTIVATION_MISSING", 3, "verwachte_duur_band"),),
        ),
        lambda: with_grant(FLAG, "verwachte_duur_band", need=Need.ALWAYS),
        more(FLAG, "verwachte_duur_band"),
    ),
    "a field gone": (
        replace(SCOOTER_PERMIT, released={"hulpvraag_categorie": "exact"}, outcome="partial"),
        lambda: without_field(SCOOTER, "hulpvraag_categorie"),
        less(SCOOTER, "hulpvraag_categorie"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_draft_shows_what_it_would_have_changed(name: str) -> None:
    """Per field, what the answers would have carried more or less."""
    record, draft, expected = CHANGES[name]

    assert decided(record, draft()) == (0, {}, expected)


def with_mandate() -> Catalogue:
    """Return a draft that asks for a fact nobody recorded."""
    mandate = Condition("mandaat", ConditionKind.MANDATE)
    return with_purpose(FLAG, lambda purpose: replace(purpose, conditions=(mandate,)))


FAILURES: dict[str, tuple[Record, Callable[[], Catalogue], Failure]] = {
    "nothing declared": (refusal("TASK_UNKNOWN", 1, task=None), catalogue, Failure.UNDECLARED),
    "unknown party": (
        replace(PERMIT, organisation="0" * 20),
        catalogue,
        Failure.ORGANISATION_UNKNOWN,
    ),
    "failed then": (refusal("SOURCE_FAILED", 0), catalogue, Failure.FAILED_THEN),
    "another fact": (PERMIT, with_mandate, Failure.FACT_NOT_RECORDED),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_cannot_be_decided_again_counts_as_failed(name: str) -> None:
    """A request that a leaf tells too little about is never guessed at."""
    record, draft, failure = FAILURES[name]

    assert decided(record, draft()) == (0, {failure: 1}, [])


def test_a_purpose_that_the_draft_dropped_carries_nothing() -> None:
    """Every field of it would have been less."""
    rest = {name: each for name, each in catalogue().purposes.items() if name != FLAG}
    draft = replace(catalogue(), purposes=MappingProxyType(rest))

    assert decided(PERMIT, draft) == (0, {}, less(FLAG, "specialisatie_ingezet"))


def test_a_purpose_of_an_older_policy_can_be_decided_under_a_draft_that_has_it() -> None:
    """Where today's catalogue does not know the purpose, the fields are taken as they stand."""
    older = replace(catalogue(), purposes=MappingProxyType({}))

    found = anyio.run(impact, [PERMIT], older, decider(catalogue()))

    assert (found.requests, found.unchanged) == (1, 1)
