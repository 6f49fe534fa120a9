"""Later uses of a token: the registry counts every time, the signature is checked once."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.identity.clients import Client, Hat
from gateway.identity.errors import (
    ClientRevoked,
    ClientUnknown,
    HatWithdrawn,
    IdentityUnavailable,
)
from gateway.identity.registry import format_registry
from gateway.identity.tokens import TokenVerifier
from tests.unit.identity.world import AUDIENCE, CONSULENT, HELPER, ISSUER, NOW, World

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_revoked_client_is_refused_at_its_next_use(world: World, *, seen_before: bool) -> None:
    """Revoking a client stops its tokens at once, remembered or not."""
    token = world.token()
    if seen_before:
        world.verifier.verify(token, now=NOW)
    world.registry.revoke(world.client.id, at=NOW)

    with pytest.raises(ClientRevoked):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_client_that_left_the_registry_is_refused(
    world: World, registry_path: Path, *, seen_before: bool
) -> None:
    """Removing a client from the file stops its tokens at once."""
    token = world.token()
    if seen_before:
        world.verifier.verify(token, now=NOW)
    registry_path.unlink()

    with pytest.raises(ClientUnknown):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_withdrawn_hat_is_refused(
    world: World, registry_path: Path, *, seen_before: bool
) -> None:
    """Taking one hat away stops the tokens under that hat."""
    token = world.token()
    if seen_before:
        world.verifier.verify(token, now=NOW)
    rewrite(registry_path, with_hats(world.client, HELPER))

    with pytest.raises(HatWithdrawn):
        world.verifier.verify(token, now=NOW)


def test_a_kept_hat_goes_on_and_shows_the_new_set(world: World, registry_path: Path) -> None:
    """A remembered token shows the hats that the client has now, not those it had."""
    token = world.token()
    before = world.verifier.verify(token, now=NOW)
    rewrite(registry_path, with_hats(world.client, CONSULENT))

    after = world.verifier.verify(token, now=NOW)

    assert before.hats == {CONSULENT, HELPER}
    assert after.hats == {CONSULENT}


def test_a_broken_registry_refuses_everybody(world: World, registry_path: Path) -> None:
    """A remembered token does not count while the registry cannot be read."""
    token = world.token()
    world.verifier.verify(token, now=NOW)
    registry_path.write_text("{")

    with pytest.raises(IdentityUnavailable):
        world.verifier.verify(token, now=NOW)


def test_a_token_that_is_used_often_is_opened_once(world: World) -> None:
    """A second use gives the very same caller, so the signature was not checked again."""
    token = world.token()

    first = world.verifier.verify(token, now=NOW)

    assert world.verifier.verify(token, now=NOW + SECOND) is first


def test_the_memory_of_tokens_is_bounded_and_forgets_the_least_used(world: World) -> None:
    """With room for two, the token that was used longest ago is the one opened again."""
    verifier = TokenVerifier(
        key=world.gateway_key.public_key(),
        issuer=ISSUER,
        audience=AUDIENCE,
        registry=world.registry,
        cache_size=2,
    )
    tokens = [world.token(now=NOW - i * SECOND) for i in range(3)]
    first, second = (verifier.verify(token, now=NOW) for token in tokens[:2])
    verifier.verify(tokens[0], now=NOW)
    verifier.verify(tokens[2], now=NOW)

    assert verifier.verify(tokens[0], now=NOW) is first
    assert verifier.verify(tokens[1], now=NOW) is not second


def with_hats(client: Client, *hats: Hat) -> Client:
    """Return the client with other hats."""
    return Client(client.id, client.name, client.public_keys, frozenset(hats))


def rewrite(path: Path, *clients: Client) -> None:
    """Put another registry in the place of the old one, by hand."""
    path.write_bytes(format_registry(clients))
