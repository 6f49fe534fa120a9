"""The token endpoint without HTTP: a form comes in, an access token or an OAuth error goes out."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from gateway.identity.assertions import ASSERTION_TYPE, AssertionVerifier
from gateway.identity.clients import ID, Client, Hat
from gateway.identity.errors import (
    AssertionInvalid,
    GrantUnsupported,
    HatNotOwned,
    RequestMalformed,
)
from gateway.identity.tokens import AccessToken, TokenIssuer
from gateway.subject import passes_for_bsn

GRANT_TYPE: Final = "client_credentials"


class TokenEndpoint:
    """Exchanges a client's assertion for an access token under one of its hats."""

    def __init__(self, *, assertions: AssertionVerifier, issuer: TokenIssuer) -> None:
        self._assertions = assertions
        self._issuer = issuer

    def exchange(self, form: Iterable[tuple[str, str]], *, now: datetime) -> AccessToken:
        """Return a token for the hat and the acting person that the client names.

        Shapes:  the decoded pairs of the form in their order, repeated names kept.
        Trust:   every value is a stranger's until the assertion in it is verified.
        Effects: the assertion is used up.
        Raises:  a leaf of RequestInvalid, `code` being the OAuth error; IdentityUnavailable.
        Source:  RFC 6749 sections 3.2, 4.4 and 5.2; RFC 7523 section 2.2.
        """
        parameters = _parameters(form)
        if _needed(parameters, "grant_type") != GRANT_TYPE:
            raise GrantUnsupported(f"the only grant here is {GRANT_TYPE}")
        if _needed(parameters, "client_assertion_type") != ASSERTION_TYPE:
            raise RequestMalformed("client_assertion_type is not the one for a signed assertion")
        assertion = _needed(parameters, "client_assertion")
        professional = _needed(parameters, "professional")
        if not ID.fullmatch(professional):
            raise RequestMalformed("professional is an id of at most 64 letters, digits, . _ -")
        if passes_for_bsn(professional):
            raise RequestMalformed("professional is an id of your own, never a BSN")
        client = self._assertions.verify(assertion, now=now)
        if parameters.get("client_id", client.id) != client.id:
            raise AssertionInvalid("client_id and the assertion name different clients")
        hat = _choose_hat(client, parameters.get("organisation"), parameters.get("role"))
        return self._issuer.issue(client, hat, professional, now=now)


def _parameters(form: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return the form by name; an empty value counts as absent, as RFC 6749 section 3.2 says."""
    pairs = [(name, value) for name, value in form if value]
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise RequestMalformed("a parameter stands twice")
    return parameters


def _needed(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise RequestMalformed(f"{name} is needed")
    return value


def _choose_hat(client: Client, organisation: str | None, role: str | None) -> Hat:
    fitting = [
        hat
        for hat in client.hats
        if organisation in {None, hat.organisation} and role in {None, hat.role}
    ]
    if not fitting:
        raise HatNotOwned("the client is not registered for this organisation and role")
    if len(fitting) > 1:
        raise RequestMalformed("the client has several hats: name the organisation and the role")
    return fitting[0]
