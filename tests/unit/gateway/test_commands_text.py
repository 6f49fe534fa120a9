"""A text that comes from elsewhere is shown as it is, whatever it looks like to a terminal."""

from typing import Any, Final

import pytest

from gateway.cli.commands import show_answer
from gateway.cli.policy_commands import show_explanation
from gateway.decision.condition_words import Words
from gateway.decision.explain import Explanation, Step, StepState
from gateway.decision.model import Permit

ODD: Final = "[/] [red]rood[/red] :warning: [x]\\"
"""The end of a style, a style and a picture; but somebody wrote it, and meant nothing by it."""


def both(*names: str) -> dict[str, str]:
    """Return these texts of an answer, in two languages."""
    return {member: ODD for name in names for member in (name, f"{name}_en")}


def times_shown(capsys: pytest.CaptureFixture[str]) -> int:
    """Count how often the odd text can be read, whole."""
    return capsys.readouterr().out.count(ODD)


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        pytest.param(both("title", "detail"), 4, id="a problem"),
        pytest.param(
            {**both("message"), "outcome": "pending", "until": ODD, "disclosure_id": ODD},
            4,
            id="a request that waits",
        ),
        pytest.param(
            {"data": {ODD: {"value": ODD, "precision": ODD, "as_of": ODD}}}, 4, id="a value"
        ),
        pytest.param(
            {"data": {"veld": {"value": [{"naam": ODD}], "precision": "p", "as_of": "t"}}},
            1,
            id="a table",
        ),
        pytest.param(
            {"emergency": {**both("message"), "valid_until": ODD, "review_by": ODD}},
            4,
            id="an emergency",
        ),
        pytest.param({**both("no_means")}, 2, id="what no means"),
        pytest.param(
            {"reasons": [{"code": ODD, "field": ODD, "message": ODD, "instead": [ODD]}]},
            4,
            id="a reason",
        ),
        pytest.param({"withheld": [{"code": "C", "message": ODD}]}, 1, id="what is withheld"),
        pytest.param({"errors": [{"member": ODD, "message": ODD}]}, 2, id="a fault"),
        pytest.param({"receipt": {"index": 1, "log": ODD}}, 1, id="a receipt"),
    ],
)
def test_an_answer_is_shown_as_it_came(
    capsys: pytest.CaptureFixture[str], answer: dict[str, Any], times: int
) -> None:
    """Nothing that a gateway sends takes a style from the terminal, or makes the command fail."""
    show_answer(answer)

    assert times_shown(capsys) == times


def test_an_explanation_is_shown_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does what was declared, or what a policy file says."""
    words = Words(ODD, f"{ODD}.")
    step = Step(1, words, (ODD,), (words,), StepState.PASSED)
    permit = Permit((ODD,), (), (), (), "r")

    show_explanation(Explanation(permit, (step, step)))

    assert times_shown(capsys) == 5
