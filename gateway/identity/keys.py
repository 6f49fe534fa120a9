"""The gateway's own keys: made on the first start, afterwards only read, never shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity.errors import KeysUnsafe
from gateway.identity.files import (
    locked,
    read_private,
    replace_private,
    require_private_directory,
)

TOKEN_KEY: Final = "token-signing.pem"  # noqa: S105 - a file name
LOG_KEY: Final = "log-signing.pem"
SEAL_EPOCH_KEY: Final = "seal-epoch.key"
SEAL_PERIOD_KEY: Final = "seal-period.key"
IDEMPOTENCY_KEY: Final = "idempotency.key"

KEY_BYTES: Final = 32

_SIGNING: Final = (TOKEN_KEY, LOG_KEY)
_SECRETS: Final = (SEAL_EPOCH_KEY, SEAL_PERIOD_KEY, IDEMPOTENCY_KEY)
_NAMES: Final = _SIGNING + _SECRETS
_LIMIT: Final = 4096
_MIN_DISTINCT: Final = 8  # 32 random bytes fall below this less than once in 2^100 times


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every secret the gateway works with; `repr` shows none of them.

    Shapes: the byte keys are 32 bytes each.
    """

    token: Ed25519PrivateKey = field(repr=False)
    log: Ed25519PrivateKey = field(repr=False)
    seal_epoch: bytes = field(repr=False)
    seal_period: bytes = field(repr=False)
    idempotency: bytes = field(repr=False)


def ensure_keys(directory: Path, *, random: Callable[[int], bytes]) -> KeyRing:
    """Return the keys of the directory, after making all of them when it holds none yet.

    A lost key is never replaced silently: with another log key the log would be another log, and
    with another seal key the sealed particulars could not be read any more.

    Trust:   `random` gives bytes that nobody can predict.
    Effects: on the first start five files (0600) in a directory (0700), durable before return.
    Raises:  KeysUnsafe naming the file and what to do about it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_private_directory(directory, failure=KeysUnsafe)
        with locked(directory):
            if not any((directory / name).exists() for name in _NAMES):
                _generate(directory, random)
    except OSError as exc:
        raise KeysUnsafe(
            f"{directory} cannot be used for keys; make it a directory of the gateway's own user"
        ) from exc
    return _load(directory)


def _generate(directory: Path, random: Callable[[int], bytes]) -> None:
    contents: Mapping[str, bytes] = {name: random(KEY_BYTES) for name in _NAMES}
    _require_strong({directory / name: content for name, content in contents.items()})
    files = {name: contents[name] for name in _SECRETS} | {
        name: _pem(Ed25519PrivateKey.from_private_bytes(contents[name])) for name in _SIGNING
    }
    try:
        for name, content in files.items():
            replace_private(directory / name, content)
    except OSError:
        # Half a set would look like lost keys at the next start.
        for name in files:
            (directory / name).unlink(missing_ok=True)
        raise


def _load(directory: Path) -> KeyRing:
    token, log = (_signing_key(directory / name) for name in _SIGNING)
    epoch, period, idempotency = (_secret(directory / name) for name in _SECRETS)
    raw = (token.private_bytes_raw(), log.private_bytes_raw(), epoch, period, idempotency)
    _require_strong({directory / name: key for name, key in zip(_NAMES, raw, strict=True)})
    return KeyRing(token, log, epoch, period, idempotency)


def _signing_key(path: Path) -> Ed25519PrivateKey:
    content = _read(path)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise KeysUnsafe(_restore(path, "is no PEM private key without a password")) from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysUnsafe(_restore(path, "is no Ed25519 key"))
    return key


def _secret(path: Path) -> bytes:
    content = _read(path)
    if len(content) != KEY_BYTES:
        raise KeysUnsafe(_restore(path, f"does not hold exactly {KEY_BYTES} bytes"))
    return content


def _read(path: Path) -> bytes:
    try:
        return read_private(path, limit=_LIMIT, failure=KeysUnsafe)
    except FileNotFoundError as exc:
        raise KeysUnsafe(
            _restore(path, "is missing while other keys are there")
            + "; when nothing was recorded yet, remove the whole directory instead"
        ) from exc


def _require_strong(keys: Mapping[Path, bytes]) -> None:
    owners: dict[bytes, Path] = {}
    for path, key in keys.items():
        if len(set(key)) < _MIN_DISTINCT:
            raise KeysUnsafe(_restore(path, "is no random key"))
        if key in owners:
            raise KeysUnsafe(_restore(path, f"holds the same key as {owners[key].name}"))
        owners[key] = path


def _restore(path: Path, defect: str) -> str:
    return f"{path} {defect}; restore it from the backup of the keys"


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
