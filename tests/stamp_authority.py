"""A time stamping authority of the tests' own: OpenSSL answers under certificates made for it."""

import datetime as dt
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)
_CONFIG = """\
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class StampAuthority:
    """Stamps what it is posted, by the clock of the machine."""

    def __init__(self, folder: Path, now: dt.datetime) -> None:
        """Make the certificates, valid from yesterday."""
        self._folder = folder
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("root", root_key, "root", root_key, now)
        authority = _certificate("tsa", key, "root", root_key, now)
        self.chain = root.public_bytes(serialization.Encoding.PEM)
        (folder / "root.pem").write_bytes(self.chain)
        (folder / "tsa.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        (folder / "tsa.key").write_bytes(_pem(key))
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))

    def stamp(self, query: bytes) -> bytes:
        """Give the response to a query."""
        query_file, answer = self._folder / "query", self._folder / "answer"
        query_file.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", str(self._folder / "tsa.cnf")]
        files = ["-queryfile", str(query_file), "-out", str(answer)]
        subprocess.run([*command, *files], check=True, capture_output=True)
        return answer.read_bytes()


def require_openssl() -> None:
    """Skip where there is no OpenSSL, and fail where servers are required."""
    if shutil.which("openssl") is None:
        if os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1":
            pytest.fail("OpenSSL is required here")
        pytest.skip("no openssl on the PATH")


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
    )
    if name != issuer:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
