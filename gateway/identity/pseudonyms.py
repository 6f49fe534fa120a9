"""Pseudonyms: the token by which one organisation knows a value, for one purpose and no other."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Another number here gives everybody other pseudonyms.
_KEY: Final = b"doelpoort pseudonym key 1"
_TOKEN: Final = b"doelpoort pseudonym 1"
_KEY_BYTES: Final = 32
# 160 bits: no two values share a token, and the text needs no padding.
_TOKEN_BYTES: Final = 20
_LENGTH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms that hold as long as the secret of the gateway does; `repr` hides the key.

    A pseudonym is personal data still: who holds it can follow somebody, and tell one from another.
    Two organisations cannot link theirs, nor can one organisation link those of two purposes.
    """

    key: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "Pseudonyms":
        """Return the pseudonyms that belong to a secret of the key ring.

        Trust:   the secret itself cannot be found from the key, nor other keys made of it.
        Source:  RFC 5869, HKDF with SHA-256.
        """
        return cls(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_KEY).derive(secret))

    def known_to(self, organisation: str, purpose: str) -> Callable[[str], str]:
        """Return what names values to this organisation, for this purpose.

        Shapes:  organisation: its OIN; a token is 32 characters of a-z and 2-7.
        """

        def pseudonym(value: str) -> str:
            parts = (_TOKEN, *(_bytes(each) for each in (organisation, purpose, value)))
            framed = b"".join(len(part).to_bytes(_LENGTH_BYTES) + part for part in parts)
            digest = hmac.digest(self.key, framed, hashlib.sha256)
            return base64.b32encode(digest[:_TOKEN_BYTES]).decode("ascii").lower()

        return pseudonym


def _bytes(text: str) -> bytes:
    """Return the text as bytes, one way for each text, half characters included."""
    return text.encode("utf-8", "surrogatepass")
