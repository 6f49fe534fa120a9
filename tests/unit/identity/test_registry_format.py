"""The form of the registry file: what is written comes back, anything else is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identity.clients import Client, Hat
from gateway.identity.errors import RegistryInvalid
from gateway.identity.registry import format_registry, parse_registry
from tests.unit.identity.world import CONSULENT, HELPER, make_client

Document = dict[str, object]


@pytest.fixture
def client(client_key: Ed25519PrivateKey) -> Client:
    """Give a client that is not registered."""
    return make_client(client_key, "brug", CONSULENT, HELPER)


def item_of(client: Client) -> Document:
    """Return the client as the file has it."""
    document = json.loads(format_registry((client,)))
    item: Document = document["clients"][0]
    return item


def document_of(*items: object, **changes: object) -> bytes:
    """Return a registry file with these items and some members changed."""
    return json.dumps({"format": 1, "clients": list(items)} | changes).encode()


def test_a_time_in_another_zone_is_the_same_time(client: Client) -> None:
    """A time written by hand in another zone is read as the same moment."""
    at = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    item = item_of(client) | {"revoked_at": at.isoformat()}

    parsed = parse_registry(document_of(item))

    assert parsed["brug"].revoked_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7},
        {"id": ""},
        {"name": None},
        {"public_keys": "pem"},
        {"public_keys": [7]},
        {"public_keys": ["pem"]},
        {"hats": {}},
        {"hats": ["hat"]},
        {"hats": [{"organisation": "a"}]},
        {"hats": [{"organisation": "a", "role": "b", "more": "c"}]},
        {"hats": [{"organisation": "a", "role": 7}]},
        {"hats": [{"organisation": "a", "role": "b"}] * 2},
        {"revoked_at": ""},
        {"revoked_at": 0},
        {"revoked_at": "2026-03-02T09:30:00"},
        {"revoked_at": "yesterday"},
        {"more": 1},
    ],
    ids=str,
)
def test_an_item_out_of_form_is_refused(client: Client, changes: Document) -> None:
    """One wrong member of one client refuses the whole file and says which client it is."""
    good = item_of(client) | {"id": "good"}

    with pytest.raises(RegistryInvalid, match="client number 2"):
        parse_registry(document_of(good, item_of(client) | changes))


@pytest.mark.parametrize("member", ["id", "name", "public_keys", "hats", "revoked_at"])
def test_every_member_is_needed(client: Client, member: str) -> None:
    """No member of a client has a default."""
    item = {name: value for name, value in item_of(client).items() if name != member}

    with pytest.raises(RegistryInvalid):
        parse_registry(document_of(item))


def test_a_client_that_stands_twice_is_refused(client: Client) -> None:
    """Two clients with one id are refused."""
    with pytest.raises(RegistryInvalid, match="twice"):
        parse_registry(document_of(item_of(client), item_of(client)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"clients": []}',
        b'{"format": 2, "clients": []}',
        b'{"format": "1", "clients": []}',
        b'{"format": 1, "clients": {}}',
        b'{"format": 1, "clients": [7]}',
        b'{"format": 1, "clients": [], "more": 1}',
        b'{"format": 1, "clients": [], "clients": []}',
        b'{"format": 1, "clients": []} x',
        b'{"format": NaN, "clients": []}',
        b"[" * 100_000,
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_file_out_of_form_is_refused(content: bytes) -> None:
    """Whatever is not exactly a registry of this format is refused."""
    with pytest.raises(RegistryInvalid):
        parse_registry(content)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
            st.none() | st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=5,
        unique_by=lambda member: member[0],
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_what_was_written_gives_the_same_clients(
    client: Client, members: list[tuple[str, str, datetime | None]]
) -> None:
    """Any set of clients comes back from its file as it was."""
    clients = tuple(
        Client(client_id, name, client.public_keys, frozenset({Hat(client_id, "rol")}), revoked)
        for client_id, name, revoked in members
    )

    assert parse_registry(format_registry(clients)) == {c.id: c for c in clients}
