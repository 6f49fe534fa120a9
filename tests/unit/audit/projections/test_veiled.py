"""An answer behind a veil in the three logs: neither a release nor a refusal, for nobody to see."""

import pytest

from audit.projections.lines import Kind, project
from tests.fakes_projections import CONTEXT, YUSUF, Leaf, make_leaf, make_log, make_refusal


def line_of(leaf: Leaf, kind: Kind) -> Leaf:
    """Return the one line of this kind about Yusuf."""
    (line,) = project(make_log((leaf, (YUSUF,))), kind, 0, 1, CONTEXT)
    return line


@pytest.mark.parametrize(
    ("leaf", "name"),
    [
        (make_leaf(veiled=True), "beantwoording van een vraag met ja of nee"),
        (make_leaf(), "verstrekking van gegevens"),
        (make_refusal(), "weigering van een verzoek om gegevens"),
    ],
)
def test_the_name_tells_what_everybody_may_know(leaf: Leaf, name: str) -> None:
    """LDV and VNG say that a question was answered, not that something was given."""
    ldv, vng = line_of(leaf, Kind.LDV), line_of(leaf, Kind.VNG)

    assert ldv["name"] == name
    assert vng["verwerkingsactie"]["actieNaam"].lower() == name


def test_the_decision_says_that_it_is_veiled() -> None:
    """ADL shows the member beside the outcome, so that nobody takes it for a plain permit."""
    line = line_of(make_leaf(veiled=True), Kind.ADL)

    assert line["body"]["adl.core.response"]["context"]["veiled"] is True
