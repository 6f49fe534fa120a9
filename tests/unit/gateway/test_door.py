"""What a gateway answers through a door: what it did, what it refused, and what is no answer."""

from pathlib import Path

import httpx
import pytest

from gateway.cli.door import Door, Outcome
from gateway.cli.door_cli import door_of
from gateway.errors import PartnerFailed
from gateway.partner import Hat, private_pem
from tests.builders import URL, client_key


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Give a door with a key."""
    key = tmp_path / "team.pem"
    key.write_bytes(private_pem(client_key("team")))
    return Door(URL, "team", key, Hat("gem-regie", "casuscoordinator", "m-1"))


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response) -> None:
    """Let every partner talk to a gateway that gives this answer."""
    real = httpx.Client

    def play(request: httpx.Request) -> httpx.Response:
        is_token = request.url.path == "/oauth/token"
        return httpx.Response(200, json={"access_token": "t"}) if is_token else answer

    def client(**named: object) -> httpx.Client:
        return real(base_url=str(named["base_url"]), transport=httpx.MockTransport(play))

    monkeypatch.setattr("gateway.partner.httpx.Client", client)


@pytest.mark.parametrize(
    ("status", "is_done"),
    [(200, True), (201, True), (202, True), (400, False), (403, False), (409, False), (429, False)],
)
def test_a_refusal_is_an_answer(
    monkeypatch: pytest.MonkeyPatch,
    door: Door,
    status: int,
    is_done: bool,  # noqa: FBT001
) -> None:
    """What a gateway says of a refused request is told, so that whoever asked can mend it."""
    answer_with(monkeypatch, httpx.Response(status, json={"a": 1}))

    assert door.send("GET", "/v1/inbox") == Outcome({"a": 1}, is_done)


@pytest.mark.parametrize(
    "answer", [httpx.Response(503, json={}), httpx.Response(200, content=b"<html>")]
)
def test_what_is_no_answer_fails(
    monkeypatch: pytest.MonkeyPatch, door: Door, answer: httpx.Response
) -> None:
    """A gateway that cannot, or that is none, has refused nothing."""
    answer_with(monkeypatch, answer)

    with pytest.raises(PartnerFailed):
        door.send("GET", "/v1/inbox")


@pytest.mark.parametrize(
    ("pet", "hat"),
    [
        ("gem-regie:casuscoordinator", Hat("gem-regie", "casuscoordinator", "m-1")),
        ("", Hat(None, None, "m-1")),
    ],
)
def test_a_hat_is_named_or_left_to_the_client(pet: str, hat: Hat) -> None:
    """A client with one hat need not say which."""
    assert door_of(URL, "team", Path("team.pem"), pet, "m-1").hat == hat
