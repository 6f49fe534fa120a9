"""The key directory: what a first start makes, and what every start refuses."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity.errors import KeysUnsafe
from gateway.identity.keys import (
    IDEMPOTENCY_KEY,
    LOG_KEY,
    SEAL_EPOCH_KEY,
    SEAL_PERIOD_KEY,
    TOKEN_KEY,
    KeyRing,
    add_epoch,
    destroy_epochs_before,
    ensure_keys,
)

NAMES = (IDEMPOTENCY_KEY, LOG_KEY, SEAL_EPOCH_KEY, SEAL_PERIOD_KEY, TOKEN_KEY)


def make_random(seed: str = "") -> Callable[[int], bytes]:
    """Return a source of bytes that differ at every call and are the same in every run."""
    numbers = count()
    return lambda size: sha256(f"{seed}{next(numbers)}".encode()).digest()[:size]


def never(_: int) -> bytes:
    """Stand for randomness where none may be asked for."""
    raise AssertionError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Give a place for keys that does not exist yet."""
    return tmp_path / "var" / "keys"


@pytest.fixture
def filled(directory: Path) -> Path:
    """Give a directory with good keys."""
    ensure_keys(directory, random=make_random())
    return directory


def raw(keys: KeyRing) -> tuple[bytes, ...]:
    """Return all secrets of a ring."""
    return (
        keys.token.private_bytes_raw(),
        keys.log.private_bytes_raw(),
        *keys.seal_epochs.values(),
        keys.seal_period,
        keys.idempotency,
    )


def test_a_first_start_makes_all_keys_for_their_owner_only(directory: Path) -> None:
    """The five files are closed to others, in a closed directory, with nothing beside them."""
    ensure_keys(directory, random=make_random())

    assert sorted(path.name for path in directory.iterdir()) == sorted(NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_generous_umask_opens_nothing(directory: Path) -> None:
    """The modes do not depend on how the process was started."""
    before = os.umask(0)
    try:
        ensure_keys(directory, random=make_random())
    finally:
        os.umask(before)

    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_the_keys_are_the_random_bytes(directory: Path) -> None:
    """Every key is 32 bytes of the given randomness, each its own."""
    random = make_random()
    expected = {random(32) for _ in NAMES}

    keys = ensure_keys(directory, random=make_random())

    assert set(raw(keys)) == expected


def test_a_second_start_reads_the_same_keys(filled: Path) -> None:
    """A later start gives the same keys and asks for no randomness."""
    first = ensure_keys(filled, random=never)

    second = ensure_keys(filled, random=never)

    assert raw(first) == raw(second)


def test_two_first_starts_at_once_agree(directory: Path) -> None:
    """Whoever comes second uses the keys of the first."""
    with ThreadPoolExecutor(4) as pool:
        rings = list(
            pool.map(lambda seed: ensure_keys(directory, random=make_random(seed)), "abcd")
        )

    assert len({raw(ring) for ring in rings}) == 1


def test_the_representation_shows_no_secret(filled: Path) -> None:
    """A ring that is logged by accident does not show."""
    assert repr(ensure_keys(filled, random=never)) == "KeyRing()"


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_key_is_not_replaced(filled: Path, name: str) -> None:
    """With one key missing the start names it and says what to do; nothing is made anew."""
    (filled / name).unlink()

    with pytest.raises(KeysUnsafe, match=f"{name} is missing.*restore"):
        ensure_keys(filled, random=never)
    assert not (filled / name).exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o644])
@pytest.mark.parametrize("name", NAMES)
def test_a_key_open_to_others_is_refused(filled: Path, name: str, mode: int) -> None:
    """A file that group or others can reach in any way is named, with the remedy."""
    (filled / name).chmod(mode)

    with pytest.raises(KeysUnsafe, match=f"chmod 600 .*{name}"):
        ensure_keys(filled, random=never)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o711, 0o755])
def test_a_directory_open_to_others_is_refused(filled: Path, mode: int) -> None:
    """A directory that group or others can reach is refused, with the remedy."""
    filled.chmod(mode)

    with pytest.raises(KeysUnsafe, match="chmod 700"):
        ensure_keys(filled, random=never)


@pytest.mark.parametrize("size", [0, 1, 31, 33, 4097])
@pytest.mark.parametrize("name", [IDEMPOTENCY_KEY, SEAL_EPOCH_KEY, SEAL_PERIOD_KEY])
def test_a_secret_of_another_length_is_refused(filled: Path, name: str, size: int) -> None:
    """A byte key has exactly 32 bytes."""
    (filled / name).write_bytes(os.urandom(size))

    with pytest.raises(KeysUnsafe, match=name):
        ensure_keys(filled, random=never)


@pytest.mark.parametrize("weak", [bytes(32), b"a" * 32, b"secret12" * 4, b"0101" * 8])
def test_a_weak_secret_is_refused(filled: Path, weak: bytes) -> None:
    """A key of equal or few different bytes is no random key."""
    (filled / SEAL_EPOCH_KEY).write_bytes(weak[:28] + weak[:4])

    with pytest.raises(KeysUnsafe, match="no random key"):
        ensure_keys(filled, random=never)


@pytest.mark.parametrize("name", [LOG_KEY, TOKEN_KEY])
def test_a_weak_signing_key_is_refused(filled: Path, name: str) -> None:
    """A signing key made of equal bytes is no random key."""
    (filled / name).write_bytes(pkcs8(Ed25519PrivateKey.from_private_bytes(b"k" * 32)))

    with pytest.raises(KeysUnsafe, match="no random key"):
        ensure_keys(filled, random=never)


def test_one_key_for_two_purposes_is_refused(filled: Path) -> None:
    """A key that was copied into the place of another is refused, naming both."""
    (filled / SEAL_PERIOD_KEY).write_bytes((filled / SEAL_EPOCH_KEY).read_bytes())

    with pytest.raises(KeysUnsafe, match=f"{SEAL_PERIOD_KEY} .*same key as {SEAL_EPOCH_KEY}"):
        ensure_keys(filled, random=never)


def pkcs8(
    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey,
    password: bytes | None = None,
) -> bytes:
    """Return a private key as PEM, under a password when there is one."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"\xff" * 32,
        pkcs8(ec.generate_private_key(ec.SECP256R1())),
        pkcs8(ed448.Ed448PrivateKey.generate()),
        pkcs8(Ed25519PrivateKey.generate(), password=b"secret"),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
    ids=["empty", "text", "bytes", "P-256", "Ed448", "password", "broken"],
)
@pytest.mark.parametrize("name", [LOG_KEY, TOKEN_KEY])
def test_a_signing_key_of_another_type_is_refused(filled: Path, name: str, content: bytes) -> None:
    """Only a plain Ed25519 private key signs; the file that holds anything else is named."""
    (filled / name).write_bytes(content)

    with pytest.raises(KeysUnsafe, match=f"{name} .*restore"):
        ensure_keys(filled, random=never)


def test_a_link_in_the_place_of_a_key_is_refused(filled: Path, tmp_path: Path) -> None:
    """A key file is the file itself, not a way to somewhere else."""
    (filled / SEAL_EPOCH_KEY).rename(tmp_path / "elsewhere")
    (filled / SEAL_EPOCH_KEY).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(KeysUnsafe, match=SEAL_EPOCH_KEY):
        ensure_keys(filled, random=never)


def test_a_file_in_the_place_of_the_directory_is_refused(directory: Path) -> None:
    """Where the directory should be, a file is refused with what to do."""
    directory.parent.mkdir()
    directory.write_text("")

    with pytest.raises(KeysUnsafe, match="make it a directory"):
        ensure_keys(directory, random=never)


def test_a_link_in_the_place_of_the_directory_is_refused(filled: Path, tmp_path: Path) -> None:
    """The directory is the directory itself, not a way to somewhere else."""
    (tmp_path / "link").symlink_to(filled)

    with pytest.raises(KeysUnsafe, match="no directory"):
        ensure_keys(tmp_path / "link", random=never)


def test_poor_randomness_makes_no_keys(directory: Path) -> None:
    """When the randomness is none, nothing is written."""
    with pytest.raises(KeysUnsafe, match="no random key"):
        ensure_keys(directory, random=bytes)
    assert list(directory.iterdir()) == []


def test_a_first_start_that_fails_leaves_nothing_behind(directory: Path) -> None:
    """When the last file cannot be written, the next start is a first start again."""
    obstacle = directory / f".{LOG_KEY}.new"
    directory.mkdir(mode=0o700, parents=True)
    obstacle.mkdir()
    with pytest.raises(KeysUnsafe):
        ensure_keys(directory, random=make_random())
    left = list(directory.iterdir())
    obstacle.rmdir()

    ensure_keys(directory, random=make_random())

    assert left == [obstacle]


NEXT = b"0123456789abcdefghijklmnopqrstuv"


def test_a_new_epoch_stands_beside_the_old_one(filled: Path) -> None:
    """While keys are rotated both epochs are read, each under its number."""
    (old,) = ensure_keys(filled, random=never).seal_epochs.values()

    add_epoch(filled, 2, NEXT)

    assert ensure_keys(filled, random=never).seal_epochs == {1: old, 2: NEXT}
    assert stat.S_IMODE((filled / "seal-epoch-2.key").stat().st_mode) == 0o600


def test_adding_an_epoch_again_changes_nothing(filled: Path) -> None:
    """A rotation that is taken up again after a crash finds its own key."""
    add_epoch(filled, 2, NEXT)

    add_epoch(filled, 2, NEXT)

    assert ensure_keys(filled, random=never).seal_epochs[2] == NEXT


def test_an_epoch_key_is_never_replaced(filled: Path) -> None:
    """Another key under the same number would lose whatever the first one wrapped."""
    add_epoch(filled, 2, NEXT)

    with pytest.raises(KeysUnsafe):
        add_epoch(filled, 2, NEXT[::-1])

    assert ensure_keys(filled, random=never).seal_epochs[2] == NEXT


def test_the_keys_of_earlier_epochs_are_destroyed(filled: Path) -> None:
    """After a rotation only the newest epoch is left, and the gateway starts with it."""
    add_epoch(filled, 2, NEXT)

    gone = destroy_epochs_before(filled, 2)

    assert gone == (1,)
    assert ensure_keys(filled, random=never).seal_epochs == {2: NEXT}


def test_no_epoch_is_destroyed_for_one_that_is_missing(filled: Path) -> None:
    """Without the key of the new epoch the old one is the only way to the particulars."""
    with pytest.raises(KeysUnsafe):
        destroy_epochs_before(filled, 2)

    assert list(ensure_keys(filled, random=never).seal_epochs) == [1]


def test_a_directory_that_fails_destroys_and_adds_nothing(filled: Path) -> None:
    """What the disk refuses is told, not passed over."""
    add_epoch(filled, 2, NEXT)
    (filled / SEAL_EPOCH_KEY).unlink()
    (filled / SEAL_EPOCH_KEY).mkdir()
    blocked = filled / ".seal-epoch-3.key.new"
    blocked.mkdir()

    with pytest.raises(KeysUnsafe):
        destroy_epochs_before(filled, 2)
    with pytest.raises(KeysUnsafe):
        add_epoch(filled, 3, NEXT)


def test_after_a_rotation_a_lost_epoch_key_is_not_made_anew(filled: Path) -> None:
    """A directory with other keys and no epoch key at all stops the start."""
    (filled / SEAL_EPOCH_KEY).unlink()

    with pytest.raises(KeysUnsafe, match=r"seal-epoch\.key"):
        ensure_keys(filled, random=never)
