"""Time stamps, by a small authority of our own."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from audit.errors import StampInvalid, StampToolMissing
from audit.timestamp import MAX_AHEAD_MS, MAX_STAMP_BYTES, request_stamp, verify_stamp
from tests.fakes_witness import TREE

NOTE = TREE.note(9)
START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER_MS = 10**13
_CONFIG = """\
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(named(issuer), named(name), key.public_key())
    builder = builder.serial_number(len(name)).not_valid_before(START)
    builder = builder.not_valid_after(START + timedelta(days=36_500))
    root = name == issuer
    builder = builder.add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
    if not root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


@dataclass(frozen=True)
class Authority:
    """A time stamping authority in a folder, run by openssl."""

    folder: Path
    chain: bytes

    def stamp(self, query: bytes) -> bytes:
        """Give the reply to a request."""
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "config", "-section", "own"]
        command += ["-queryfile", "query", "-inkey", "key", "-signer", "signer", "-out", "reply"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=30)
        return (self.folder / "reply").read_bytes()


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("root", root_key, "root", root_key)
    signer = _certificate("authority", key, "root", root_key)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key").write_bytes(private)
    (folder / "signer").write_bytes(signer.public_bytes(pem))
    (folder / "serial").write_text("01")
    (folder / "config").write_text(_CONFIG.format(folder=folder))
    return Authority(folder, signer.public_bytes(pem) + root.public_bytes(pem))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority."""
    if which("openssl") is None:
        pytest.skip("no openssl on this machine")
    return _authority(tmp_path_factory.mktemp("stamps") / "one")


@pytest.fixture(scope="module")
def stamped(authority: Authority) -> tuple[bytes, int]:
    """Give a stamp over the note, and the nonce of its request."""
    request = request_stamp(NOTE)
    return authority.stamp(request.body), request.nonce


Stamped = tuple[bytes, int]


def test_a_stamp_tells_when_the_note_existed(authority: Authority, stamped: Stamped) -> None:
    """From the request to the verified time."""
    response, nonce = stamped

    stamp = verify_stamp(response, NOTE, chain=authority.chain, now_ms=NEVER_MS, nonce=nonce)

    assert stamp.at_ms > START.timestamp() * 1000
    assert verify_stamp(response, NOTE, chain=authority.chain, now_ms=NEVER_MS) == stamp


def test_one_root_is_enough_when_the_stamp_brings_its_certificate(
    authority: Authority, stamped: Stamped
) -> None:
    """As DER too."""
    *_, root = x509.load_pem_x509_certificates(authority.chain)
    chain = root.public_bytes(serialization.Encoding.DER)

    assert verify_stamp(stamped[0], NOTE, chain=chain, now_ms=NEVER_MS).at_ms > 0


def test_a_stamp_over_another_note_is_refused(authority: Authority, stamped: Stamped) -> None:
    """The message is part of what was stamped."""
    with pytest.raises(StampInvalid):
        verify_stamp(stamped[0], TREE.note(8), chain=authority.chain, now_ms=NEVER_MS)


def test_a_stamp_for_another_request_is_refused(authority: Authority, stamped: Stamped) -> None:
    """An old answer cannot be replayed to a new request."""
    nonce = stamped[1] + 1

    with pytest.raises(StampInvalid):
        verify_stamp(stamped[0], NOTE, chain=authority.chain, now_ms=NEVER_MS, nonce=nonce)


def test_a_stamp_by_another_authority_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    """Who verifies says whom to believe."""
    other = _authority(tmp_path / "other")

    with pytest.raises(StampInvalid):
        verify_stamp(stamped[0], NOTE, chain=other.chain, now_ms=NEVER_MS)


def test_a_stamp_from_the_future_is_refused(authority: Authority, stamped: Stamped) -> None:
    """Some minutes are allowed for the clocks, and no more."""
    at_ms = verify_stamp(stamped[0], NOTE, chain=authority.chain, now_ms=NEVER_MS).at_ms
    soonest = at_ms - MAX_AHEAD_MS

    assert verify_stamp(stamped[0], NOTE, chain=authority.chain, now_ms=soonest).at_ms == at_ms
    with pytest.raises(StampInvalid, match="future"):
        verify_stamp(stamped[0], NOTE, chain=authority.chain, now_ms=soonest - 1)


@pytest.mark.parametrize("response", [b"", b"x", b"x" * (MAX_STAMP_BYTES + 1)], ids=len)
def test_what_is_no_stamp_is_refused(authority: Authority, response: bytes) -> None:
    """Of any length."""
    with pytest.raises(StampInvalid):
        verify_stamp(response, NOTE, chain=authority.chain, now_ms=NEVER_MS)


def test_a_chain_without_a_root_is_refused(authority: Authority, stamped: Stamped) -> None:
    """The certificate of the authority alone convinces nobody."""
    signer, _ = x509.load_pem_x509_certificates(authority.chain)
    chain = signer.public_bytes(serialization.Encoding.PEM)

    with pytest.raises(StampInvalid):
        verify_stamp(stamped[0], NOTE, chain=chain, now_ms=NEVER_MS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("place", range(0, 900, 7))
def test_no_flipped_bit_moves_the_time(authority: Authority, stamped: Stamped, place: int) -> None:
    """A changed stamp is refused, or proves the very same time."""
    whole = verify_stamp(stamped[0], NOTE, chain=authority.chain, now_ms=NEVER_MS)
    changed = bytearray(stamped[0])
    changed[place % len(changed)] ^= 1

    assert _outcome(
        lambda: verify_stamp(bytes(changed), NOTE, chain=authority.chain, now_ms=NEVER_MS)
    ) in {whole, None}


def _outcome(verify: Callable[[], object]) -> object:
    try:
        return verify()
    except StampInvalid:
        return None


def test_a_stamp_without_its_certificate_needs_it_in_the_chain(authority: Authority) -> None:
    """Who verifies may hold the certificate of the authority already."""
    query = ["openssl", "ts", "-query", "-data", "note", "-sha256", "-out", "bare"]
    (authority.folder / "note").write_bytes(NOTE)
    subprocess.run(query, cwd=authority.folder, check=True, capture_output=True, timeout=30)
    response = authority.stamp((authority.folder / "bare").read_bytes())
    *_, root = x509.load_pem_x509_certificates(authority.chain)
    alone = root.public_bytes(serialization.Encoding.PEM)

    assert verify_stamp(response, NOTE, chain=authority.chain, now_ms=NEVER_MS).at_ms > 0
    with pytest.raises(StampInvalid):
        verify_stamp(response, NOTE, chain=alone, now_ms=NEVER_MS)


def test_a_missing_package_is_told_in_two_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the verifier does without it."""
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)

    with pytest.raises(StampToolMissing, match=r"tijdstempels .* time stamps need"):
        request_stamp(NOTE)
