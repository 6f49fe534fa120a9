"""Published vectors that we did not write; read where they stand, never copied."""

import json
import os
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import parse_checkpoint
from audit.entry import canonical
from audit.errors import (
    AuditError,
    KeyInvalid,
    KeyMismatch,
    LeafInvalid,
    NoteInvalid,
    ProofInvalid,
    StampInvalid,
)
from audit.merkle import EMPTY_ROOT, leaf_hash, node_hash, verify_inclusion
from audit.note import open_note, parse_skey, parse_vkey, parse_witness_vkey
from audit.proof import TlogProof, format_proof, parse_proof
from audit.timestamp import Stamp, verify_stamp
from audit.witness.witness import parse_request

_SHARED = os.environ.get("DOELPOORT_SHARED") or Path(__file__).parents[4] / "shared"
VECTORS = Path(_SHARED) / "vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"no published vectors in {VECTORS}")


def _load(name: str) -> Any:  # noqa: ANN401  Each file has a shape of its own.
    path = VECTORS / name
    return json.loads(path.read_text()) if path.exists() else {}


def _cases(name: str, key: str) -> list[Any]:
    return list(_load(name).get(key, []))


INCLUSION = sorted(VECTORS.glob("merkle/inclusion/**/*.json"))
NOTES = _load("tlog/signed_note.json")
GOOD_VKEY = str(NOTES.get("good_vkey", ""))
NEVER_VKEYS = [
    *NOTES.get("bad_vkeys", []),
    *(GOOD_VKEY[i:j] for i in range(len(GOOD_VKEY)) for j in (len(GOOD_VKEY) - 1, i + 9)),
    *(
        GOOD_VKEY[:i] + chr(ord(letter) + 1) + GOOD_VKEY[i + 1 :]
        for i, letter in enumerate(GOOD_VKEY)
    ),
]


def _decode(text: str | None) -> bytes:
    return b64decode(text or "")


@pytest.mark.parametrize("path", INCLUSION, ids=lambda p: str(p.relative_to(VECTORS)))
def test_inclusion(path: Path) -> None:
    """Each inclusion proof is accepted or refused as its publisher says."""
    case = json.loads(path.read_text())
    accepted = True
    try:
        verify_inclusion(
            leaf=_decode(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            path=[_decode(step) for step in case["proof"] or []],
            root=_decode(case["root"]),
        )
    except (ProofInvalid, ValueError):
        accepted = False

    assert accepted is not case["wantErr"]


def test_the_inclusion_vectors_are_all_there() -> None:
    """An empty folder would prove nothing."""
    assert len(INCLUSION) == 98


@pytest.mark.parametrize("case", _cases("tlog/rfc6962_hash.json", "vectors"))
def test_hashes(case: dict[str, str]) -> None:
    """Leaves and nodes hash as in RFC 6962."""
    wanted = bytes.fromhex(case["hex"]) if "hex" in case else _decode(case["b64"])
    text = case["desc"].removeprefix("leaf ")
    ours: dict[bool, Callable[[], bytes]] = {
        "left_ascii" in case: lambda: node_hash(
            case["left_ascii"].encode(), case["right_ascii"].encode()
        ),
        case["desc"] == "empty root": lambda: EMPTY_ROOT,
    }

    result = ours.get(True, lambda: leaf_hash(case.get("leaf_ascii", text).encode()))()

    assert result == wanted


def _note(case: dict[str, Any]) -> bytes:
    return _decode(case["note_b64"]) if "note_b64" in case else str(case["note"]).encode()


@pytest.mark.parametrize(
    "case", [c for c in NOTES.get("open", []) if c["ok"]], ids=lambda c: c["desc"]
)
def test_sound_notes_open(case: dict[str, Any]) -> None:
    """A note with a known signature gives its text, whatever unknown ones stand beside it."""
    text = open_note(_note(case), case["vkeys"])

    assert _note(case).startswith(text + b"\n")


@pytest.mark.parametrize(
    "case", [c for c in NOTES.get("open", []) if not c["ok"]], ids=lambda c: c["desc"]
)
def test_unsound_notes_do_not_open(case: dict[str, Any]) -> None:
    """A note that the reference refuses is refused."""
    with pytest.raises(AuditError):
        open_note(_note(case), case["vkeys"])


def test_signing() -> None:
    """Our signature is the reference's, byte for byte."""
    case = NOTES["signing"]

    assert parse_skey(case["skey"]).sign(case["text"].encode()) == case["want"].encode()


def test_the_good_vkey_is_read() -> None:
    """The twin of the refusals below."""
    assert parse_vkey(GOOD_VKEY).vkey == GOOD_VKEY


@pytest.mark.parametrize("vkey", sorted({v for v in NEVER_VKEYS if v != GOOD_VKEY}))
def test_bad_vkeys(vkey: str) -> None:
    """No part of a key, and no key with one letter changed, is a key."""
    with pytest.raises(KeyInvalid):
        parse_vkey(vkey)


@pytest.mark.parametrize("vkey", _cases("tlog/cosignature_vkeys.json", "ed25519_type1"))
def test_log_keys_are_read(vkey: str) -> None:
    """Keys of type 1 are log keys."""
    assert parse_vkey(vkey).vkey == vkey


@pytest.mark.parametrize("vkey", _cases("tlog/cosignature_vkeys.json", "ed25519_type4"))
def test_witness_keys_are_no_log_keys(vkey: str) -> None:
    """Keys of type 4 sign another message and must never pass for a log key."""
    with pytest.raises(KeyInvalid):
        parse_vkey(vkey)


@pytest.mark.parametrize("vkey", _cases("tlog/cosignature_vkeys.json", "ed25519_type4"))
def test_witness_keys_are_read(vkey: str) -> None:
    """They are keys of witnesses, also among those that open a note."""
    assert parse_witness_vkey(vkey).vkey == vkey
    with pytest.raises(KeyMismatch):
        open_note(_note(NOTES["open"][0]), [vkey])


@pytest.mark.parametrize("case", _cases("tlog/checkpoint_parse.json", "bad"), ids=lambda c: c[0])
def test_bad_checkpoints(case: list[str]) -> None:
    """What the reference refuses is refused."""
    with pytest.raises(NoteInvalid):
        parse_checkpoint(case[1].encode())


@pytest.mark.parametrize("text", _cases("tlog/checkpoint_parse.json", "ok")[:2])
def test_good_checkpoints_with_a_root_of_the_right_length(text: str) -> None:
    """The reference does not check the length of the root; with 32 bytes we read the same."""
    origin, size, root, _ = text.split("\n")
    with_hash = f"{origin}\n{size}\n{'A' * 43}=\n"

    assert parse_checkpoint(with_hash.encode()).size == int(size)
    with pytest.raises(NoteInvalid):
        parse_checkpoint(text.encode())
    assert root != "A" * 43 + "="


@pytest.mark.parametrize("text", _cases("tlog/checkpoint_parse.json", "ok"))
def test_a_witness_reads_the_checkpoints_of_other_logs(text: str) -> None:
    """With extension lines, and with the root that the specification wants."""
    origin, size, _, *more = text.split("\n")
    checkpoint = "\n".join([origin, size, "A" * 43 + "=", *more])
    note = parse_skey(NOTES["signing"]["skey"]).sign(checkpoint.encode())

    request = parse_request(b"old 0\n\n" + note)

    assert (request.checkpoint.origin, request.checkpoint.size) == (origin, int(size))


STAMPS = VECTORS / "rfc3161/test/fixtures"
SOUND_STAMPS = {
    "identrust/issue-104.tsr": 1_741_683_128,
    "sigstage/response-no-embedded-cert.tsr": 1_750_234_382,
    "sigstage/response-sha256.tsr": 1_746_791_935,
    "sigstage/response-sha384.tsr": 1_746_791_935,
    "sigstage/response-sha512.tsr": 1_746_791_936,
    # The certificate has expired since; it was valid when it stamped, which is what counts.
    "sigstore.mock/response-expired.tsr": 1_675_209_600,
    # The certificates that were put in beside the true one change nothing.
    "test_tsa/response-injected-certs.tsr": 1_728_402_032,
    "test_tsa/response.tsr": 1_728_402_032,
}
# A wrong signature, and an authority of another chain.
UNSOUND_STAMPS = ["sigstage/response-invalid-signature.tsr", "test_tsa/other_response.tsr"]
STAMP_NOW_MS = 1_800_000_000_000


def _stamp(name: str, message: bytes | None = None) -> Stamp:
    path = STAMPS / name
    payload = path.parent / "payload"
    told = payload.read_bytes() if payload.exists() else b"hello"
    return verify_stamp(
        path.read_bytes(),
        told if message is None else message,
        chain=(path.parent / "ts_chain.pem").read_bytes(),
        now_ms=STAMP_NOW_MS,
    )


@pytest.mark.parametrize("name", SOUND_STAMPS)
def test_sound_stamps(name: str) -> None:
    """Each tells its time, and is over its own message only."""
    assert _stamp(name).at_ms == SOUND_STAMPS[name] * 1000
    with pytest.raises(StampInvalid):
        _stamp(name, b"other")


@pytest.mark.parametrize("name", UNSOUND_STAMPS)
def test_unsound_stamps(name: str) -> None:
    """What its publisher calls wrong is refused."""
    with pytest.raises(StampInvalid):
        _stamp(name)


def test_the_stamps_are_all_there() -> None:
    """No published stamp is left out."""
    found = {path.relative_to(STAMPS).as_posix() for path in STAMPS.glob("*/*.tsr")}

    assert found == {*SOUND_STAMPS, *UNSOUND_STAMPS}


@pytest.mark.parametrize("case", _cases("tlog/tlog_proof.json", "ok"))
def test_good_proofs(case: dict[str, Any]) -> None:
    """A proof is read and written as the reference does."""
    proof = TlogProof(
        case["index"],
        [_decode(h) for h in case["hashes"]],
        case["checkpoint"].encode(),
        case.get("extra_ascii", "").encode(),
    )

    assert parse_proof(case["text"].encode()) == proof
    assert format_proof(proof) == case["text"].encode()


@pytest.mark.parametrize("case", _cases("tlog/tlog_proof.json", "bad"), ids=lambda c: c[0])
def test_bad_proofs(case: list[str]) -> None:
    """What the reference refuses is refused."""
    with pytest.raises(ProofInvalid):
        parse_proof(case[1].encode())


@pytest.mark.parametrize("path", sorted(VECTORS.glob("jcs/input/*.json")), ids=lambda p: p.stem)
def test_jcs_is_outside_the_subset_as_a_whole(path: Path) -> None:
    """Each published input holds a float, a null or a foreign key, which a leaf never does."""
    with pytest.raises(LeafInvalid):
        canonical(json.loads(path.read_text()))


def test_jcs_texts() -> None:
    """The texts of the published inputs are escaped as RFC 8785 wants."""
    source = json.loads((VECTORS / "jcs/input/values.json").read_text())["string"]
    wanted = json.loads((VECTORS / "jcs/output/values.json").read_text())["string"]
    written = (VECTORS / "jcs/output/values.json").read_bytes()

    data = canonical({"string": source})

    assert source == wanted
    assert data[1:-1] in written
    assert sha256(data).digest() != sha256(written).digest()
