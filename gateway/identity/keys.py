"""The gateway's own keys: made on the first start, afterwards only read, never shown."""

import os
import re
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
SEAL_EPOCH_KEY: Final = "seal-epoch.key"  # that of epoch 1; later ones have their number
SEAL_PERIOD_KEY: Final = "seal-period.key"
IDEMPOTENCY_KEY: Final = "idempotency.key"

KEY_BYTES: Final = 32

_SIGNING: Final = (TOKEN_KEY, LOG_KEY)
_SECRETS: Final = (SEAL_PERIOD_KEY, IDEMPOTENCY_KEY)
_NAMES: Final = (*_SIGNING, SEAL_EPOCH_KEY, *_SECRETS)
_EPOCH: Final = re.compile(r"seal-epoch(?:-([1-9][0-9]{0,8}))?\.key")
_LIMIT: Final = 4096
_MIN_DISTINCT: Final = 8  # 32 random bytes fall below this less than once in 2^100 times


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every secret the gateway works with; `repr` shows none of them.

    Shapes: the byte keys are 32 bytes each. seal_epochs: by epoch; more than one only while the
            sealing keys are being rotated.
    """

    token: Ed25519PrivateKey = field(repr=False)
    log: Ed25519PrivateKey = field(repr=False)
    seal_epochs: Mapping[int, bytes] = field(repr=False)
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
            if not any((directory / name).exists() for name in _NAMES) and not _epochs(directory):
                _generate(directory, random)
    except OSError as exc:
        raise KeysUnsafe(
            f"{directory} cannot be used for keys; make it a directory of the gateway's own user"
        ) from exc
    return _load(directory)


def add_epoch(directory: Path, epoch: int, key: bytes) -> None:
    """Keep the key of a new epoch beside those that are there.

    Effects: one file (0600), durable before return. A key of this epoch that is there stays.
    Raises:  KeysUnsafe if another key of this epoch is there, or the directory fails.
    """
    path = directory / _epoch_name(epoch)
    try:
        with locked(directory):
            if not path.exists():
                replace_private(path, key)
    except OSError as exc:
        raise KeysUnsafe(f"{path} cannot be written") from exc
    if _secret(path) != key:
        raise KeysUnsafe(f"{path} holds another key than the new one")


def destroy_epochs_before(directory: Path, epoch: int) -> tuple[int, ...]:
    """Destroy the keys of all earlier epochs, and tell which: what they wrap cannot be read again.

    Effects: the files are overwritten and removed, durable before return. A medium that keeps
             earlier copies of a block, or a backup of this directory, may still hold them.
    Raises:  KeysUnsafe if the key of `epoch` is not there, or the directory fails.
    """
    found = _epochs(directory)
    if epoch not in found:
        raise KeysUnsafe(_restore(directory / _epoch_name(epoch), "is missing"))
    earlier = tuple(sorted(each for each in found if each < epoch))
    try:
        with locked(directory):
            for each in earlier:
                _destroy(found[each])
    except OSError as exc:
        raise KeysUnsafe(f"{directory} still holds the key of an earlier epoch") from exc
    return earlier


def _destroy(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _epochs(directory: Path) -> dict[int, Path]:
    matches = ((_EPOCH.fullmatch(path.name), path) for path in directory.iterdir())
    return {int(match[1] or 1): path for match, path in matches if match}


def _epoch_name(epoch: int) -> str:
    return SEAL_EPOCH_KEY if epoch == 1 else f"seal-epoch-{epoch}.key"


def _generate(directory: Path, random: Callable[[int], bytes]) -> None:
    contents: Mapping[str, bytes] = {name: random(KEY_BYTES) for name in _NAMES}
    _require_strong({directory / name: content for name, content in contents.items()})
    files = {name: contents[name] for name in (SEAL_EPOCH_KEY, *_SECRETS)} | {
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
    # Without any epoch key the one of the first is what a backup must bring back.
    paths = _epochs(directory) or {1: directory / SEAL_EPOCH_KEY}
    epochs = {epoch: _secret(path) for epoch, path in sorted(paths.items())}
    period, idempotency = (_secret(directory / name) for name in _SECRETS)
    others = (token.private_bytes_raw(), log.private_bytes_raw(), period, idempotency)
    _require_strong(
        {paths[epoch]: key for epoch, key in epochs.items()}
        | {directory / n: key for n, key in zip((*_SIGNING, *_SECRETS), others, strict=True)}
    )
    return KeyRing(token, log, epochs, period, idempotency)


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
