"""The key under which persons stand in what is counted of answers."""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY: Final = b"doelpoort counting key 1"
_KEY_BYTES: Final = 32


def counting_key(secret: bytes) -> bytes:
    """Return the key that belongs to a secret of the key ring.

    Trust:   the secret cannot be found from the key, nor other keys made of it. Gateways that share
             a database count together only if they share the secret.
    Source:  RFC 5869, HKDF with SHA-256.
    """
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_KEY).derive(secret)
