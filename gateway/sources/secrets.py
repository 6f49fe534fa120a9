"""Secrets of sources: each in a file of its own, read when it is needed."""

from pathlib import Path

from gateway.errors import SourceInvalid

# No password or client secret is longer; a longer file is not one.
_LONGEST = 4_096


def read_secret(path: Path) -> str:
    """Return the one line that a secret is.

    Raises: SourceInvalid when the file is not there, or holds no single line.
    """
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.read(_LONGEST + 1).removesuffix("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceInvalid(
            f"het geheim van een bron is niet te lezen: {path.name}"
            f" / the secret of a source cannot be read: {path.name}"
        ) from exc
    if not secret or len(secret) > _LONGEST or "\n" in secret:
        raise SourceInvalid(
            f"het geheim van een bron is een enkele regel: {path.name}"
            f" / the secret of a source is one line: {path.name}"
        )
    return secret
