"""The registry on disk: closed to others, safe together, and every change is seen."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity.clients import Client
from gateway.identity.errors import IdentityUnavailable, RegistryInvalid
from gateway.identity.registry import Registry, format_registry
from tests.unit.identity.world import CONSULENT, HELPER, NOW, make_client

Document = dict[str, object]


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """Give a registry whose file does not exist yet."""
    return Registry(registry_path)


@pytest.fixture
def client(client_key: Ed25519PrivateKey) -> Client:
    """Give a client that is not registered."""
    return make_client(client_key, "brug", CONSULENT, HELPER)


def test_without_a_file_nobody_is_registered(registry: Registry) -> None:
    """A first start has an empty registry and no failure."""
    registry.load()

    assert registry.clients() == ()
    assert registry.find("brug") is None


def test_a_registered_client_is_found(registry: Registry, client: Client) -> None:
    """What was added is found, by this registry and by one opened afterwards."""
    registry.add(client)

    assert registry.find("brug") == client
    assert Registry(registry._path).find("brug") == client


def test_another_id_is_not_found(registry: Registry, client: Client) -> None:
    """An id that is not registered is nobody's."""
    registry.add(client)

    assert registry.find("Brug") is None


def test_the_file_is_for_its_owner_only(registry: Registry, client: Client) -> None:
    """File and directory are closed to others, and no half-written file stays behind."""
    registry.add(client)
    path = registry._path

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_an_id_is_taken_once(registry: Registry, client: Client) -> None:
    """A second client with the same id is refused and the first one stays."""
    registry.add(client)
    before = registry._path.read_bytes()

    with pytest.raises(RegistryInvalid, match="already"):
        registry.add(client)
    assert registry._path.read_bytes() == before


def test_a_revoked_client_stays_visible_as_revoked(registry: Registry, client: Client) -> None:
    """Revocation marks the client with its time and touches nobody else."""
    registry.add(client)
    registry.add(Client("other", "Ander", client.public_keys, client.hats))
    registry.revoke("brug", at=NOW)

    found = registry.find("brug")
    other = registry.find("other")

    assert found is not None
    assert found.revoked_at == NOW
    assert other is not None
    assert other.revoked_at is None


def test_the_first_revocation_counts(registry: Registry, client: Client) -> None:
    """Revoking again changes nothing."""
    registry.add(client)
    registry.revoke("brug", at=NOW)
    registry.revoke("brug", at=NOW + timedelta(days=1))

    found = registry.find("brug")

    assert found is not None
    assert found.revoked_at == NOW


def test_an_unknown_client_cannot_be_revoked(registry: Registry, client: Client) -> None:
    """Revoking somebody who is not there is an error, so a typing mistake is noticed."""
    registry.add(client)

    with pytest.raises(RegistryInvalid):
        registry.revoke("bruh", at=NOW)


def test_without_a_directory_nobody_can_be_revoked(registry: Registry) -> None:
    """Revoking before anything was registered is the same error, and makes no directory."""
    with pytest.raises(RegistryInvalid):
        registry.revoke("brug", at=NOW)
    assert not registry._path.parent.exists()


def test_another_process_is_noticed_at_the_next_request(registry: Registry, client: Client) -> None:
    """A running gateway sees a registration and a revocation made elsewhere."""
    elsewhere = Registry(registry._path)
    registry.load()
    elsewhere.add(client)
    first = registry.find("brug")
    elsewhere.revoke("brug", at=NOW)
    second = registry.find("brug")

    assert first == client
    assert second is not None
    assert second.revoked_at == NOW


def test_the_file_is_read_once_while_it_stays_the_same(registry: Registry, client: Client) -> None:
    """Looking twice gives the very same client, so a request costs one stat."""
    registry.add(client)

    assert registry.find("brug") is registry.find("brug")


def test_concurrent_additions_all_count(registry: Registry, client: Client) -> None:
    """Sixteen callers with a registry of their own lose nothing to one another."""
    clients = [Client(f"c{i}", "C", client.public_keys, client.hats) for i in range(16)]
    registry.add(client)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda added: Registry(registry._path).add(added), clients))

    assert len(registry.clients()) == 17


def test_of_two_equal_additions_one_counts(registry: Registry, client: Client) -> None:
    """When two callers take the same id at once, one of them is told."""
    registry._path.parent.mkdir(mode=0o700)

    def add(_: int) -> str:
        try:
            Registry(registry._path).add(client)
        except RegistryInvalid:
            return "refused"
        return "added"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(add, range(2)))

    assert outcomes == ["added", "refused"]


def test_a_broken_edit_refuses_until_it_is_repaired(registry: Registry, client: Client) -> None:
    """After a broken edit nobody is found, not even from the old copy; a repair is noticed."""
    registry.add(client)
    good = registry._path.read_bytes()
    registry.find("brug")
    registry._path.write_bytes(good[:-5])

    for _ in range(2):
        with pytest.raises(IdentityUnavailable):
            registry.find("brug")
    with pytest.raises(RegistryInvalid):
        registry.load()
    registry._path.write_bytes(good)

    assert registry.find("brug") == client


def test_a_broken_file_is_not_written_over(registry: Registry, client: Client) -> None:
    """Adding to a broken file is refused and leaves it for a person to look at."""
    registry._path.parent.mkdir(mode=0o700)
    registry._path.write_text("{")
    registry._path.chmod(0o600)

    with pytest.raises(RegistryInvalid):
        registry.add(client)
    assert registry._path.read_text() == "{"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_file_open_to_others_is_refused(registry: Registry, client: Client, mode: int) -> None:
    """A change of mode alone is noticed, refused with the remedy, and a repair is noticed."""
    registry.add(client)
    registry.find("brug")
    registry._path.chmod(mode)

    with pytest.raises(IdentityUnavailable):
        registry.find("brug")
    with pytest.raises(RegistryInvalid, match="chmod 600"):
        registry.load()
    registry._path.chmod(0o600)

    assert registry.find("brug") == client


def make_directory(path: Path) -> None:
    """Put a directory in the place of the file."""
    path.mkdir()


def make_link(path: Path) -> None:
    """Put a link to a good registry in the place of the file."""
    path.symlink_to(path.parent / "elsewhere.json")


def make_loop(path: Path) -> None:
    """Put a link to itself in the place of the file."""
    path.symlink_to(path)


def make_pipe(path: Path) -> None:
    """Put a pipe that nobody writes to in the place of the file."""
    os.mkfifo(path, 0o600)


def make_huge(path: Path) -> None:
    """Put a file over the limit in the place of the file."""
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    path.chmod(0o600)


@pytest.mark.parametrize("make", [make_directory, make_link, make_loop, make_pipe, make_huge])
def test_anything_but_a_plain_file_is_refused(
    registry: Registry, make: Callable[[Path], None]
) -> None:
    """A directory, a link, a pipe or an enormous file in its place is refused at once."""
    registry._path.parent.mkdir(mode=0o700)
    (registry._path.parent / "elsewhere.json").write_bytes(format_registry(()))
    make(registry._path)

    with pytest.raises((RegistryInvalid, IdentityUnavailable)):
        registry.load()
    with pytest.raises(IdentityUnavailable):
        registry.find("brug")


def test_a_file_of_another_user_is_refused(registry: Registry, client: Client) -> None:
    """A file that belongs to somebody else is not believed."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    registry.add(client)
    os.chown(registry._path, 65534, 65534)

    with pytest.raises(RegistryInvalid, match="another user"):
        registry.load()


def test_an_unreachable_path_is_unavailable(tmp_path: Path) -> None:
    """When the way to the file is no directory, the registry is unavailable, not empty."""
    (tmp_path / "file").write_text("")

    with pytest.raises(IdentityUnavailable):
        Registry(tmp_path / "file" / "clients.json").find("brug")


def test_a_file_that_cannot_be_replaced_stays_as_it_was(registry: Registry, client: Client) -> None:
    """When writing fails, the old registry counts on."""
    registry.add(client)
    (registry._path.parent / ".clients.json.new").mkdir()

    with pytest.raises(OSError, match=r"clients\.json\.new"):
        registry.revoke("brug", at=NOW)
    assert registry.find("brug") == client


def test_a_left_over_of_a_crash_is_no_obstacle(registry: Registry, client: Client) -> None:
    """A half-written file of an earlier crash is replaced."""
    registry._path.parent.mkdir(mode=0o700)
    (registry._path.parent / ".clients.json.new").write_text("half")

    registry.add(client)

    assert registry.find("brug") == client
