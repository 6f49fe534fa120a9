"""The key under which persons stand in what is counted of answers, and the mark of that key."""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY: Final = b"doelpoort counting key 1"
_MARK: Final = b"doelpoort counting mark 1"
_KEY_BYTES: Final = 32


def counting_key(secret: bytes) -> bytes:
    """Return the key that belongs to a secret of the key ring.

    Trust:   the secret cannot be found from the key, nor other keys made of it. Gateways that share
             a database count together only if they share the secret.
    Source:  RFC 5869, HKDF with SHA-256.
    """
    return _derived(secret, _KEY)


def mark_of(secret: bytes) -> str:
    """Return what tells two secrets of key rings apart, and nothing else about them.

    Shapes:  64 hex digits.
    Trust:   neither the secret nor a key that is made of it can be found from the mark.
    Source:  RFC 5869, HKDF with SHA-256.
    """
    return _derived(secret, _MARK).hex()


def _derived(secret: bytes, label: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=label).derive(secret)
