"""Signed notes and keys."""

from base64 import b64encode
from hashlib import sha256

import pytest

from audit.errors import KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid
from audit.note import MAX_NOTE_BYTES, Signer, decode_base64, open_note, parse_skey, parse_vkey
from tests.fakes_audit import ORIGIN, VKEY, make_signer

TEXT = "één regel\n\nnog een\n".encode()
NOTE = make_signer().sign(TEXT)
LINE = NOTE.split(b"\n")[-2]
OTHER = make_signer(b"o" * 32).verifier.vkey
_P = 2**255 - 19


def test_a_signed_note_opens() -> None:
    """The text that was signed comes back, blank lines included."""
    assert open_note(NOTE, [OTHER, VKEY]) == TEXT


def test_a_note_by_another_key_does_not_open() -> None:
    """Without a known signature there is no text."""
    with pytest.raises(KeyMismatch):
        open_note(NOTE, [OTHER])


def test_an_altered_text_does_not_open() -> None:
    """A known signature that is wrong is an error, not an unknown one."""
    with pytest.raises(SignatureInvalid):
        open_note(NOTE.replace(b"nog", b"nou"), [VKEY])


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    """The same key twice is the caller's mistake."""
    with pytest.raises(KeyInvalid):
        open_note(NOTE, [VKEY, VKEY])


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT,
        TEXT + b"\n",
        NOTE + b"x",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"rest\n",
        b"\x00" + NOTE,
        b"\xff" + NOTE,
        TEXT + b"\n" + LINE + b"\xff\n",
        TEXT + b"\n" + LINE.replace(b" ", b"  ") + b"\n",
        TEXT + b"\n" + "— a+b AAAAAAAA\n".encode(),
        TEXT + b"\n" + "— a AAAA\n".encode(),
        NOTE + "— a\x01b AAAAAAAA\n".encode(),
        TEXT + b"\n" + LINE + b"\r\n",
        TEXT + b"\n" + "— a AAAAAAB=\n".encode(),
        TEXT + b"\n" + (LINE + b"\n") * 101,
        b"x" * MAX_NOTE_BYTES + NOTE,
    ],
)
def test_a_malformed_note_is_refused(note: bytes) -> None:
    """Every byte of a note is accounted for."""
    with pytest.raises(NoteInvalid):
        open_note(note, [VKEY])


@pytest.mark.parametrize("text", [b"", b"no newline", b"tab\t\n", b"\xff\n"])
def test_only_clean_text_is_signed(text: bytes) -> None:
    """A signer never makes a note that it could not open."""
    with pytest.raises(NoteInvalid):
        make_signer().sign(text)


def test_keys_have_one_text_form() -> None:
    """A key is read back from its text as it was."""
    signer = make_signer()

    assert parse_skey(signer.skey()).skey() == signer.skey()
    assert parse_vkey(VKEY).vkey == VKEY
    assert signer.name == ORIGIN


@pytest.mark.parametrize(
    "skey",
    [
        VKEY,
        "PRIVATE+KEY+" + VKEY,
        make_signer().skey() + "\n",
        "PRIVATE+KEY+a+00000000+" + b64encode(b"\x01" + b"s" * 32).decode(),
        "PRIVATE+KEY+a+00000000+" + b64encode(b"\x02" + b"s" * 32).decode(),
        "PRIVATE+KEY+a+00000000+" + b64encode(b"\x01" + b"s" * 33).decode(),
    ],
)
def test_a_malformed_signing_key_is_refused(skey: str) -> None:
    """Prefix, id and type must fit."""
    with pytest.raises(KeyInvalid):
        parse_skey(skey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\n"])
def test_a_name_that_a_note_cannot_carry_is_refused(name: str) -> None:
    """Names have no spaces and no plus."""
    with pytest.raises(KeyInvalid):
        Signer(name, b"s" * 32)


def test_a_seed_has_32_bytes() -> None:
    """A shorter seed is no key."""
    with pytest.raises(KeyInvalid):
        Signer("a", b"s" * 31)


def _square_root(value: int) -> int | None:
    root = pow(value, (_P + 3) // 8, _P)
    candidates = (root, root * pow(2, (_P - 1) // 4, _P) % _P)
    return next((r for r in candidates if r * r % _P == value % _P), None)


def _y_of_order_8() -> list[int]:
    """Solve the curve equation for the points whose double has y = 0: d y^4 + 2 y^2 - 1 = 0."""
    d = -121665 * pow(121666, -1, _P) % _P
    root = _square_root(1 + d) or 0
    squares = [(sign * root - 1) * pow(d, -1, _P) % _P for sign in (1, -1)]
    roots = [root for root in map(_square_root, squares) if root is not None]
    return sorted({y for root in roots for y in (root, _P - root)})


def test_the_curve_has_two_such_points() -> None:
    """The equation was solved: the test below is not vacuous."""
    assert len(_y_of_order_8()) == 2


@pytest.mark.parametrize("sign", [0, 1 << 255])
@pytest.mark.parametrize("y", [0, 1, _P - 1, _P, _P + 1, *_y_of_order_8()])
def test_a_small_order_or_second_spelling_of_a_key_is_refused(y: int, sign: int) -> None:
    """Under such a key anybody could sign."""
    public = (y | sign).to_bytes(32, "little")
    key_id = sha256(b"a\n\x01" + public).digest()[:4].hex()
    key = b64encode(b"\x01" + public).decode()

    with pytest.raises(KeyInvalid, match="small order or"):
        parse_vkey(f"a+{key_id}+{key}")


@pytest.mark.parametrize("text", ["QQ", "QR==", "Q Q=", "QQ==\n", "é"])
def test_base64_has_one_spelling(text: str) -> None:
    """Missing padding, loose bits, spaces and foreign characters are refused."""
    with pytest.raises(ValueError, match=r".+"):
        decode_base64(text)


def test_a_signature_by_a_known_key_counts_once() -> None:
    """A repeated line adds nothing and costs nothing."""
    assert open_note(NOTE + LINE + b"\n", [VKEY]) == TEXT


def test_a_known_key_under_another_id_is_unknown() -> None:
    """Name and id together name the key."""
    other = make_signer(b"o" * 32).sign(TEXT)

    assert open_note(other + LINE + b"\n", [VKEY]) == TEXT
    with pytest.raises(KeyMismatch):
        open_note(other, [VKEY])


def test_no_keys_open_no_note() -> None:
    """Who trusts nobody learns nothing."""
    with pytest.raises(KeyMismatch):
        open_note(NOTE, [])
