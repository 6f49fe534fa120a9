"""An answer behind a veil, told to the person: what was heard, and what a "no" may mean."""

import pytest

from audit.entry import Json
from gateway.citizen.story import tell
from tests.fakes_decision import catalogue

LEAF: dict[str, Json] = {
    "type": "disclosure",
    "time": 1_772_443_800_000,
    "organisation": "00000099000000001001",
    "role": "medewerker-vroegsignalering",
    "task": "wgs-vroegsignalering",
    "purpose": "niet-dubbel-benaderen",
    "subjects": 1,
    "outcome": "permit",
    "released": [{"field": "lopende_schuldhulp", "precision": "exists"}],
}
NO_MAY_MEAN = "Een nee kan ook betekenen dat wij niets van u weten"


def test_a_veiled_answer_promises_no_more_than_is_known() -> None:
    """It does not say that something was learned; it says what was asked and what "no" covers."""
    text = tell({**LEAF, "veiled": True}, catalogue()).text

    assert "Zij hoorden ja of nee: Of er nu schuldhulp loopt" in text.nl
    assert NO_MAY_MEAN in text.nl
    assert "Dit kregen zij te weten" not in text.nl
    assert "They heard yes or no" in text.en


@pytest.mark.parametrize("leaf", [LEAF, {**LEAF, "type": "refusal", "outcome": "refuse"}])
def test_without_a_veil_no_such_thing_is_said(leaf: dict[str, Json]) -> None:
    """Any other entry is told as it was."""
    assert NO_MAY_MEAN not in tell(leaf, catalogue()).text.nl
