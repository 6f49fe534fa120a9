"""A look at a case or a question in plain words, and from when it may be told."""

import datetime as dt

import pytest

from audit.entry import Json
from gateway.citizen.embargo import tell_from, time_of
from gateway.citizen.looks import is_look, tell_look
from gateway.citizen.policies import KeptCatalogues, Policies
from tests.fakes_decision import catalogue

CASE: dict[str, Json] = {
    "type": "case",
    "step": "read",
    "time": 1_772_443_800_000,
    "organisation": "00000099000000004001",
    "role": "regisseur-wijkteam",
    "case": "a" * 32,
    "kind": "werkplan",
    "beginning": "own_request",
    "policy": catalogue().revision,
}
QUESTION: dict[str, Json] = {
    "type": "case",
    "step": "question_read",
    "time": 1_772_443_800_000,
    "organisation": "00000099000000002002",
    "role": "spv-ggz",
    "question": "b" * 32,
    "purpose": "lichte-of-zware-hulp",
    "policy": catalogue().revision,
}
POLICIES = Policies(catalogue(), KeptCatalogues(lambda _digest: None))


def test_a_look_at_a_case_reads_as_sentences() -> None:
    """Who, when, at which case, and why it is allowed, in Dutch and in English."""
    text = tell_look(CASE, catalogue()).text

    assert text.nl == (
        "Op 2 maart 2026 om 10:30 heeft Wijkteam Noord (rol: regisseur van het wijkteam) uw "
        "casus bekeken of opgezocht. Waar het over gaat: Werkplan bij problemen op meer gebieden. "
        "Dit mag omdat zij meedoen in deze casus. De wet daarbij: Wmo 2015 2.3.2 "
        "lid 4 f, 2.3.5 lid 5, 5.1.1 lid 4, AVG artikel 6 lid 1 letter e (dit hoort bij een "
        "publieke taak)."
    )
    assert text.en.startswith(
        "On 2 March 2026 at 10:30 Wijkteam Noord (role: neighbourhood team coordinator) "
    )
    assert "GDPR article 6(1)(e) (this belongs to a public task)." in text.en


def test_a_look_at_a_question_says_what_it_was_for() -> None:
    """The question itself and its answer are not told."""
    line = tell_look(QUESTION, catalogue())

    assert (line.outcome, line.got, line.basis[0].nl[:10]) == ("looked", (), "Jeugdwet 2")
    assert (
        "heeft GGZ Rivierzicht (rol: verpleegkundige in de ggz) een vraag over u gelezen."
        in line.text.nl
    )
    assert catalogue().purposes["lichte-of-zware-hulp"].title in line.text.nl


@pytest.mark.parametrize(
    ("changes", "task"),
    [({"kind": "vergeten"}, None), ({"beginning": "vergeten"}, None), ({}, "Afstemmen van")],
)
def test_words_that_the_policy_forgot_do_no_harm(
    changes: dict[str, Json], task: str | None
) -> None:
    """What can no longer be told is left out, and the look is told."""
    line = tell_look({**CASE, **changes}, catalogue())

    assert (line.task or "").startswith(task or "")
    assert (line.task is None, line.basis == ()) == (task is None, task is None)
    assert "uw casus bekeken" in line.text.nl


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (CASE, True),
        (QUESTION, True),
        ({**CASE, "step": "joined"}, False),
        ({"type": "access", "ground": "worklist"}, False),
    ],
)
def test_a_look_is_told_and_a_step_is_not(leaf: dict[str, Json], *, expected: bool) -> None:
    """Told is that somebody looked; what is done in a case stands in the case."""
    assert is_look(leaf) is expected


@pytest.mark.parametrize(("kind", "days"), [("werkplan", 0), ("jeugdhulp", 28), ("vergeten", 28)])
def test_a_look_waits_as_long_as_what_may_be_asked_in_the_case(kind: str, days: int) -> None:
    """Where safety may be asked about, a look may tell of it; of an unknown kind everything may."""
    leaf = {**CASE, "kind": kind}

    assert tell_from(leaf, POLICIES) - time_of(leaf) == dt.timedelta(days=days)
