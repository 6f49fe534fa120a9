"""A part around the gate that fails in a way nobody foresaw: a recorded refusal, without values."""

from dataclasses import replace
from typing import Any, Never

import pytest

from gateway.answer import Answer
from gateway.cases.finder import FactFinder
from gateway.disclosure import Gate, disclose
from tests.fakes_decision import catalogue, permitting
from tests.unit.disclosure.test_disclosure import (
    ENVELOPE,
    Flow,
    caller,
    make_flow,
    reasons,
    request,
)

pytestmark = pytest.mark.anyio

VALUE = "geheime waarde"
SURPRISES = [KeyError, ValueError, RuntimeError]


class Surprising:
    """A part around a gate that raises what nobody foresaw, with a value in its text."""

    def __init__(self, kind: type[Exception]) -> None:
        self._kind = kind

    def fail(self, *_args: object) -> Never:
        """Raise."""
        raise self._kind(VALUE)

    rows = cases = fail


async def told_by(gate: Gate, flow: Flow, caplog: pytest.LogCaptureFixture) -> Answer:
    """Ask for the flag, and find nothing of the secret in what is answered, kept or logged."""
    answer, receipt = await disclose(gate, caller(), request(), ENVELOPE)
    seen = f"{answer} {receipt} {flow.draft} {caplog.text}"
    assert VALUE not in seen
    assert receipt.request_id == flow.draft.request_id
    return answer


@pytest.mark.parametrize("kind", SURPRISES)
async def test_a_source_that_fails_in_a_way_nobody_foresaw_refuses(
    caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    """After the permit the refusal is of a failed source, recorded, and tells no value."""
    flow = make_flow(permitting(catalogue().revision))
    surprising: Any = Surprising(kind)
    gate = replace(flow.gate, source=surprising)

    answer = await told_by(gate, flow, caplog)

    assert (answer.status, reasons(answer)) == (403, ["SOURCE_FAILED"])
    assert f"in a way nobody foresaw: {kind.__name__}" in caplog.text


@pytest.mark.parametrize("kind", SURPRISES)
@pytest.mark.parametrize("part", ["cases", "registers"])
async def test_a_fact_that_fails_in_a_way_nobody_foresaw_refuses(
    caplog: pytest.LogCaptureFixture, part: str, kind: type[Exception]
) -> None:
    """Before the decision such a fact is unknown, whether a case or a birth date."""
    flow = make_flow()
    surprising: Any = Surprising(kind)
    parts: dict[str, Any] = {"cases": flow.cases, "registers": flow.source, part: surprising}
    gate = replace(flow.gate, facts=FactFinder(**parts))

    answer = await told_by(gate, flow, caplog)

    assert answer.status == 403
    assert f"in a way nobody foresaw: {kind.__name__}" in caplog.text
