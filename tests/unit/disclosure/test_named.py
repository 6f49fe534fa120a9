"""A value that leaves as a pseudonym: named for who asks, and for what, or not at all."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import cast

import pytest

from gateway.answer import Answer
from gateway.catalogue.model import Precision
from tests.fakes_decision import catalogue
from tests.unit.disclosure.test_disclosure import make_flow, request

pytestmark = pytest.mark.anyio


async def test_a_pseudonym_is_made_for_who_asks_and_what_for() -> None:
    """The OIN of the organisation and the purpose go into it; the value itself does not leave."""
    purpose = catalogue().purposes["lichte-of-zware-hulp"]
    flag = purpose.fields["specialisatie_ingezet"]
    named = replace(flag, column="behandelplan_tekst", precision=Precision.PSEUDONYM)
    fields = MappingProxyType({**purpose.fields, flag.name: named})
    made = {**catalogue().purposes, purpose.id: replace(purpose, fields=fields)}
    flow = make_flow(policy=replace(catalogue(), purposes=MappingProxyType(made)))
    serving: list[tuple[str, str]] = []

    def pseudonyms(oin: str, purpose: str) -> Callable[[str], str]:
        serving.append((oin, purpose))
        return lambda value: f"codenaam van {len(value)} tekens"

    without = await flow.ask(request())
    flow.gate = replace(flow.gate, pseudonyms=pseudonyms)
    answer = await flow.ask(request())

    assert value_of(without) is None
    assert value_of(answer) == "codenaam van 6 tekens"
    assert serving == [("00000099000000001001", "lichte-of-zware-hulp")]


def value_of(answer: Answer) -> object:
    """Return the value of the flag in an answer."""
    data = cast("dict[str, dict[str, object]]", answer.members["data"])
    return data["specialisatie_ingezet"]["value"]
