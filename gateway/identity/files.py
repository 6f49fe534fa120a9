"""Private files: read only when nobody else can, replaced whole or not at all."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

Failure = Callable[[str], Exception]
"""Makes the error that says what is wrong with a file, in the tree of whose file it is."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory against every other process and thread that asks for this lock."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_private(path: Path, *, limit: int, failure: Failure) -> bytes:
    """Return the bytes of a plain file that only its owner can reach.

    Units:  limit in bytes.
    Trust:  links are not followed; owner, kind and mode are those of the opened file itself.
    Raises: FileNotFoundError when there is none; `failure` when it is unsafe or unreadable.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise failure(f"{path} cannot be opened as a plain file; check its kind and owner") from exc
    try:
        _require_private(path, os.fstat(handle), failure)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise failure(f"{path} is larger than {limit} bytes")
    return content


def require_private_directory(path: Path, *, failure: Failure) -> None:
    """Refuse a directory that others can look into or write in."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise failure(f"{path} is no directory")
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
        raise failure(f"{path} is open to others; run: chmod 700 {path}, as the gateway's own user")


def replace_private(path: Path, content: bytes) -> None:
    """Put `content` in the place of the file, whole and durable, readable by its owner only.

    Trust:   the caller holds `locked(path.parent)`.
    Effects: the bytes and the name are on disk before this returns; on failure the old file stays.
    """
    fresh = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _require_private(path: Path, status: os.stat_result, failure: Failure) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise failure(f"{path} is no plain file")
    if status.st_uid != os.geteuid():
        raise failure(f"{path} belongs to another user; it must belong to the gateway's own")
    if status.st_mode & _OTHERS:
        raise failure(
            f"{path} is open to others; run: chmod 600 {path}, then replace what was seen"
        )
