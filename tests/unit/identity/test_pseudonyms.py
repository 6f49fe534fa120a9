"""Pseudonyms: stable for one organisation and one purpose, and strangers to all others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.pseudonyms import Pseudonyms
from tests.builders import House

HERE = Pseudonyms.from_secret(bytes(range(32)))
OTHER = Pseudonyms.from_secret(bytes(range(1, 33)))
SCHOOL, TEAM = "00000099000000001001", "00000099000000001002"


texts = st.text(st.characters(), max_size=20)


def test_a_pseudonym_is_the_same_every_time() -> None:
    """The bytes are pinned: another way of making them would break what partners hold."""
    assert HERE.known_to(SCHOOL, "onderzoek")("cliënt-17") == "3abq32eaiolio3mjqdhgviuir22iicvm"
    assert Pseudonyms.from_secret(bytes(range(32))) == HERE


@given(texts)
def test_a_pseudonym_is_a_text_of_160_bits(value: str) -> None:
    """Whatever is named, the token has 32 characters of five bits each."""
    assert re.fullmatch("[a-z2-7]{32}", HERE.known_to(SCHOOL, "onderzoek")(value))


@given(texts, texts, texts)
def test_nobody_else_has_the_same_pseudonym(value: str, organisation: str, purpose: str) -> None:
    """Another organisation, another purpose and another key each give another token."""
    makers = [
        HERE.known_to(organisation, purpose),
        HERE.known_to(organisation + "0", purpose),
        HERE.known_to(organisation, purpose + "0"),
        HERE.known_to("1" + organisation, purpose),
        OTHER.known_to(organisation, purpose),
    ]

    tokens = {make(value) for make in makers}

    assert len(tokens) == len(makers)


@pytest.mark.parametrize(
    ("left", "right"),
    [(("ab", "c", "d"), ("a", "bc", "d")), (("a", "bc", "d"), ("a", "b", "cd"))],
)
def test_where_a_part_ends_matters(left: tuple[str, str, str], right: tuple[str, str, str]) -> None:
    """The same characters in a row, cut elsewhere, give another token."""
    assert HERE.known_to(*left[:2])(left[2]) != HERE.known_to(*right[:2])(right[2])


def test_thousands_of_values_share_no_pseudonym() -> None:
    """Ten thousand values at two organisations give twenty thousand tokens."""
    makers = (HERE.known_to(SCHOOL, "onderzoek"), HERE.known_to(TEAM, "onderzoek"))

    tokens = {make(f"cliënt-{number}") for make in makers for number in range(10_000)}

    assert len(tokens) == 20_000


def test_the_key_is_not_shown() -> None:
    """Whoever logs a maker of pseudonyms logs no key, and the key is not the secret itself."""
    assert repr(HERE) == "Pseudonyms()"
    assert HERE.key != bytes(range(32))


@pytest.mark.anyio
async def test_a_gateway_names_by_the_secret_in_its_key_ring(house: House) -> None:
    """No key file of their own: the same ring gives the same pseudonyms after a restart."""
    services = house.services

    token = services.gate.pseudonyms(SCHOOL, "onderzoek")

    expected = Pseudonyms.from_secret(services.idempotency_key).known_to(SCHOOL, "onderzoek")
    assert token is not None
    assert token("cliënt-17") == expected("cliënt-17")
