"""Who may speak: tokens of this gateway, in the header, alive, of a client in good order."""

import base64
import datetime as dt
import json

import httpx
import pytest

from gateway.identity.clients import Hat
from gateway.identity.tokens import TokenIssuer
from gateway.openings import registry_of
from tests.builders import CONSULTANT, NOW, URL, House, client_key, flag, make_client

pytestmark = pytest.mark.anyio

PATHS = ("/v1/purposes", "/v1/purposes/lichte-of-zware-hulp", f"/v1/disclosures/{'0' * 32}/receipt")


def issuer(house: House, **changes: object) -> TokenIssuer:
    """Return an issuer that differs from the gateway's own in some way."""
    own = house.issuer
    made: dict[str, object] = {
        "key": own._key,
        "issuer": URL,
        "audience": URL,
        "oins": {},
        "random": bytes,
    }
    return TokenIssuer(**(made | changes))  # type: ignore[arg-type]


def tampered(token: str, **changes: object) -> str:
    """Return the token with another header, and no signature."""
    header, claims, _ = token.split(".")
    members = json.loads(base64.urlsafe_b64decode(header + "==")) | changes
    fresh = base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()
    return f"{fresh}.{claims}."


async def ask_with(house: House, header: str | None) -> httpx.Response:
    """Ask with this Authorization header, or with none."""
    headers = {} if header is None else {"authorization": header}
    return await house.http.post("/v1/disclosures", json=flag(), headers=headers)


def assert_unauthenticated(house: House, response: httpx.Response, before: int) -> None:
    """Check that nobody was recognised and nothing happened."""
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["type"] == "urn:doelpoort:problem:unauthenticated"
    assert house.size == before


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic dGVhbTp0ZWFt", "Bearer x"]
)
async def test_without_a_token_nobody_is_heard(shared_house: House, header: str | None) -> None:
    """A missing or misshapen token is 401, with the challenge."""
    before = shared_house.size

    response = await ask_with(shared_house, header)

    assert_unauthenticated(shared_house, response, before)


@pytest.mark.parametrize("path", PATHS)
async def test_every_guarded_path_asks_for_a_token(shared_house: House, path: str) -> None:
    """The other guarded resources are 401 as well."""
    response = await shared_house.http.get(path)

    assert_unauthenticated(shared_house, response, shared_house.size)


async def test_a_token_in_the_query_does_not_count(shared_house: House) -> None:
    """A token anywhere but in the header is ignored."""
    before = shared_house.size

    response = await shared_house.http.post(
        "/v1/disclosures", json=flag(), params={"access_token": shared_house.token()}
    )

    assert_unauthenticated(shared_house, response, before)
    assert shared_house.token() not in response.text


async def test_a_token_for_another_audience_does_not_count(shared_house: House) -> None:
    """A good signature for somebody else is no token here."""
    other = issuer(shared_house, audience="https://elders.example")
    token = other.issue(shared_house.clients["team"], CONSULTANT, "m", now=NOW).token
    before = shared_house.size

    response = await ask_with(shared_house, f"Bearer {token}")

    assert_unauthenticated(shared_house, response, before)


async def test_a_token_of_another_issuer_does_not_count(shared_house: House) -> None:
    """A token signed by a key that is not the gateway's is no token."""
    other = issuer(shared_house, key=client_key("vreemd"))
    token = other.issue(shared_house.clients["team"], CONSULTANT, "m", now=NOW).token
    before = shared_house.size

    response = await ask_with(shared_house, f"Bearer {token}")

    assert_unauthenticated(shared_house, response, before)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256"])
async def test_a_token_without_a_signature_does_not_count(
    shared_house: House, algorithm: str
) -> None:
    """`alg: none` and its like are refused."""
    token = tampered(shared_house.token(), alg=algorithm)
    before = shared_house.size

    response = await ask_with(shared_house, f"Bearer {token}")

    assert_unauthenticated(shared_house, response, before)


async def test_an_expired_token_does_not_count(house: House) -> None:
    """A token that was good ten minutes ago is refused, also after it was accepted."""
    header = f"Bearer {house.token()}"
    accepted = await ask_with(house, header)
    house.clock.at += dt.timedelta(minutes=10)
    before = house.size

    response = await ask_with(house, header)

    assert accepted.status_code == 200
    assert_unauthenticated(house, response, before)


async def test_a_revoked_client_is_not_heard_any_more(house: House) -> None:
    """Revoking a client ends its tokens at their next use."""
    header = f"Bearer {house.token()}"
    accepted = await ask_with(house, header)
    registry_of(house.settings).revoke("team", at=NOW)
    before = house.size

    response = await ask_with(house, header)

    assert accepted.status_code == 200
    assert_unauthenticated(house, response, before)


async def test_a_broken_registry_recognises_nobody(house: House) -> None:
    """While the registry cannot be read the answer is 503, and nothing is decided."""
    token = house.token()
    (house.settings.home / "clients.json").write_text("{}")
    before = house.size

    response = await ask_with(house, f"Bearer {token}")

    assert response.status_code == 503
    assert response.json()["type"] == "urn:doelpoort:problem:identity-unavailable"
    assert house.size == before


async def test_a_stranger_hears_no_more_than_that(shared_house: House) -> None:
    """Who is not authenticated does not learn which members a request has."""
    response = await shared_house.http.post("/v1/disclosures", json={"task": ""})

    assert response.status_code == 401
    assert "errors" not in response.json()


async def test_an_organisation_that_the_policy_lost_is_not_heard(house: House) -> None:
    """A client registered for an organisation that the catalogue does not know is refused."""
    hat = Hat("gem-elders", "consulent-jeugd")
    client = make_client("elders", frozenset({hat}))
    registry_of(house.settings).add(client)
    token = house.issuer.issue(client, hat, "medewerker-1", now=NOW).token
    headers = {"authorization": f"Bearer {token}"}
    before = house.size

    asked = await house.http.post("/v1/disclosures", json=flag(), headers=headers)
    read = await house.http.get(f"/v1/disclosures/{'0' * 32}/receipt", headers=headers)
    listed = await house.http.get("/v1/purposes", headers=headers)

    assert_unauthenticated(house, asked, before)
    assert_unauthenticated(house, read, before)
    assert_unauthenticated(house, listed, before)
