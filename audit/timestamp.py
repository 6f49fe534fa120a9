"""Time stamps of RFC 3161 over checkpoints: asking for one and verifying it; no network here.

The package that speaks the format is optional and is looked for when it is needed.
"""

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.errors import StampInvalid, StampToolMissing

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MAX_STAMP_BYTES: Final = 65_536  # A stamp with its chain has a few thousand.
MAX_AHEAD_MS: Final = 300_000  # What the clocks of an authority and a verifier may differ.
_MISSING: Final = (
    "voor tijdstempels is het pakket rfc3161-client nodig / "
    "time stamps need the package rfc3161-client"
)


@dataclass(frozen=True, slots=True)
class StampRequest:
    """What is posted to an authority, and the nonce that its answer must carry.

    Shapes:  body: DER, to be posted as application/timestamp-query.
    """

    body: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a verified time stamp proves: its message existed at this time.

    Units:   ms since 1970, by the clock of the authority.
    """

    at_ms: int


def request_stamp(note: bytes) -> StampRequest:
    """Give the request for a stamp over the SHA-256 of this note.

    Trust:   the note is as the log signed it; a cosignature that is added later makes another note.
             The nonce is drawn by the package, which takes none from outside.
    Raises:  StampToolMissing.
    """
    client = _client()
    builder = client.TimestampRequestBuilder().data(note)
    request = builder.hash_algorithm(client.HashAlgorithm.SHA256).build()
    return StampRequest(request.as_bytes(), request.nonce)


def verify_stamp(
    response: bytes, note: bytes, *, chain: bytes, now_ms: int, nonce: int | None = None
) -> Stamp:
    """Give the time at which an authority of this chain saw this note.

    Shapes:  chain: certificates as PEM, or one as DER; those that issued themselves are the roots.
    Units:   now_ms in ms since 1970: a stamp from the future is refused.
    Trust:   response may come from an attacker; the chain comes from the one who verifies.
             Certificates need to be valid at the time of the stamp; revocation is not looked up.
             With a nonce the stamp is the answer to that very request; without, any stamp counts.
    Raises:  StampInvalid, StampToolMissing.
    Source:  RFC 3161 sections 2.2 and 2.4.2.
    """
    client = _client()
    if len(response) > MAX_STAMP_BYTES:
        raise StampInvalid("the time stamp is too long")
    try:
        stamp = client.decode_timestamp_response(response)
        verifier = client.VerifierBuilder(
            tsa_certificate=_authority(chain, stamp),
            intermediates=[each for each in _certificates(chain) if not _is_root(each)],
            roots=[each for each in _certificates(chain) if _is_root(each)],
            nonce=nonce,
        ).build()
        verifier.verify_message(stamp, note)
        at_ms = round(stamp.tst_info.gen_time.timestamp() * 1000)
    except Exception as error:  # Whatever the package or a hostile certificate comes up with.
        raise StampInvalid("the time stamp is malformed, wrong, or not over this note") from error
    if at_ms > now_ms + MAX_AHEAD_MS:
        raise StampInvalid("the time stamp is from the future")
    return Stamp(at_ms)


def _client() -> ModuleType:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError as error:
        raise StampToolMissing(_MISSING) from error


def _certificates(chain: bytes) -> list[x509.Certificate]:
    if chain.startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificates(chain)
    return [x509.load_der_x509_certificate(chain)]


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _authority(chain: bytes, stamp: "TimeStampResponse") -> x509.Certificate | None:
    """Give the certificate that signs stamps, when the stamp brings none itself."""
    if stamp.signed_data.certificates:
        return None
    return next((each for each in _certificates(chain) if _stamps(each)), None)


def _stamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage.value
