"""The token endpoint: which forms get a token, and under which hat."""

import pytest

from gateway.identity.assertions import sign_assertion
from gateway.identity.errors import (
    AssertionInvalid,
    GrantUnsupported,
    HatNotOwned,
    RequestInvalid,
    RequestMalformed,
)
from tests.unit.identity.world import CONSULENT, HELPER, ISSUER, NOW, World, make_client


def test_a_good_form_gets_a_token_that_verifies(world: World) -> None:
    """The token of the endpoint names the client, the hat and the person of the form."""
    answer = world.endpoint.exchange(world.form(), now=NOW)

    caller = world.verifier.verify(answer.token, now=NOW)

    assert (caller.client_id, caller.organisation, caller.role, caller.professional) == (
        "gem-jeugd",
        CONSULENT.organisation,
        CONSULENT.role,
        "medewerker-17",
    )
    assert answer.expires_in == 600


@pytest.mark.parametrize(
    "changes",
    [
        {"organisation": ""},
        {"role": ""},
        {"client_id": "gem-jeugd"},
        {"scope": "anything"},
        {"professional": "A" * 64},
        {"professional": "999912411"},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_optional_may_differ(world: World, changes: dict[str, str]) -> None:
    """One of organisation and role is enough where it decides; unknown parameters are ignored."""
    answer = world.endpoint.exchange(world.form(**changes), now=NOW)

    assert world.verifier.verify(answer.token, now=NOW).role == CONSULENT.role


def test_a_client_with_one_hat_need_not_name_it(world: World) -> None:
    """The only hat of a client is the one it wears."""
    world.registry.add(make_client(world.client_key, "brug", HELPER))
    assertion = sign_assertion(
        world.client_key, client_id="brug", audience=ISSUER, jti="1", now=NOW
    )
    form = world.form(client_assertion=assertion, organisation="", role="")

    answer = world.endpoint.exchange(form, now=NOW)

    assert world.verifier.verify(answer.token, now=NOW).organisation == HELPER.organisation


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": ""}, RequestMalformed),
        ({"grant_type": "password"}, GrantUnsupported),
        ({"client_assertion_type": ""}, RequestMalformed),
        ({"client_assertion_type": "saml2-bearer"}, RequestMalformed),
        ({"client_assertion": ""}, RequestMalformed),
        ({"client_assertion": "a.b.c"}, AssertionInvalid),
        ({"client_id": "brug"}, AssertionInvalid),
        ({"professional": ""}, RequestMalformed),
        ({"professional": "Jan Jansen"}, RequestMalformed),
        ({"professional": "A" * 65}, RequestMalformed),
        ({"professional": "x\n"}, RequestMalformed),
        ({"professional": "é"}, RequestMalformed),
        ({"professional": "999912410"}, RequestMalformed),
        ({"professional": "9999.12.410"}, RequestMalformed),
        ({"role": "jeugdhulpverlener"}, HatNotOwned),
        ({"role": "gemeentesecretaris"}, HatNotOwned),
        ({"organisation": "school-het-baken"}, HatNotOwned),
        ({"organisation": "", "role": ""}, RequestMalformed),
    ],
    ids=lambda value: str(value)[:50],
)
def test_another_form_is_refused(
    world: World, changes: dict[str, str], error: type[RequestInvalid]
) -> None:
    """Every parameter that is missing, wrong or not the client's own has its own refusal."""
    with pytest.raises(error):
        world.endpoint.exchange(world.form(**changes), now=NOW)


def test_a_parameter_that_stands_twice_is_refused(world: World) -> None:
    """Two values for one parameter are refused, even when they are equal."""
    form = [*world.form(), ("role", CONSULENT.role)]

    with pytest.raises(RequestMalformed, match="twice"):
        world.endpoint.exchange(form, now=NOW)


def test_an_assertion_gets_one_token(world: World) -> None:
    """The assertion of a form is used up, so the same form gets nothing more."""
    form = world.form()
    world.endpoint.exchange(form, now=NOW)

    with pytest.raises(AssertionInvalid, match="before"):
        world.endpoint.exchange(form, now=NOW)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AssertionInvalid, "invalid_client"),
        (RequestMalformed, "invalid_request"),
        (GrantUnsupported, "unsupported_grant_type"),
        (HatNotOwned, "invalid_scope"),
    ],
)
def test_every_refusal_has_its_word_of_oauth(error: type[RequestInvalid], code: str) -> None:
    """The code is the one that RFC 6749 gives to the reason."""
    assert error.code == code


@pytest.mark.parametrize(
    "name",
    [
        "grant_type",
        "client_assertion_type",
        "client_assertion",
        "organisation",
        "role",
        "professional",
        "client_id",
    ],
)
def test_no_refusal_repeats_what_was_sent(world: World, name: str) -> None:
    """The text of a refusal holds nothing of the form."""
    with pytest.raises(RequestInvalid) as caught:
        world.endpoint.exchange(world.form(**{name: "Zeer-Geheim-99 "}), now=NOW)

    assert "Geheim" not in str(caught.value)
