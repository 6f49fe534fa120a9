"""A catalogue of any size: the made-up one of the bench is sound and permits."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from bench.catalogue_scale import FIELDS, write_catalogue
from gateway.catalogue.lint import lint
from gateway.catalogue.load import read_catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import Permit
from gateway.decision.parties import Parties
from tests.fakes_decision import POLICIES


@pytest.mark.parametrize("number", [1, 250])
def test_a_made_up_catalogue_is_read_linted_and_decided_on(tmp_path: Path, number: int) -> None:
    """So many purposes of twenty fields load without a finding, and the first one permits."""
    scale = write_catalogue(tmp_path, POLICIES, number)

    reading = read_catalogue(scale.purposes, scale.policies)
    catalogue = reading.catalogue
    parties = Parties.load(
        scale.policies / "parties.conf", scale.policies / "parties.csv", catalogue
    )
    decider = Decider(catalogue, parties, EmbeddedEngine.build(catalogue, scale.policies))
    decision = asyncio.run(decider.decide(scale.question))

    assert reading.findings == ()
    assert lint(reading, dt.date(2026, 3, 2)) == ()
    assert {len(purpose.fields) for purpose in catalogue.purposes.values()} == {FIELDS}
    assert isinstance(decision, Permit)
