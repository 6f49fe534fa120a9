"""The proof for one of several persons."""

from base64 import b64encode
from pathlib import Path

import pytest

from audit.entry import parse_leaf
from audit.errors import KeyMismatch, LeafInvalid, ProofInvalid
from audit.keeping import Look
from audit.merkle import EMPTY_ROOT, leaf_hash
from audit.note import Signer
from audit.seal import Particulars
from audit.subjects import PersonProof, parse_person_proof, prove_person, verify_person
from tests.fakes_audit import SUBJECT, VKEY, make_draft
from tests.fakes_keeping import ORDER, OTHERS, KeptLog, kept_log, several_draft

PERSONS = (SUBJECT, *OTHERS)
HASHES = [b64encode(bytes([number]) * 32) for number in range(14)]
SOUND = b"doelpoort/person-proof@v1\nposition 2\nsubject %s\ncontent %s\nopening %s\n%s\n" % (
    *HASHES[:3],
    b"\n".join(HASHES[3:5]),
)


class Told:
    """A receipt, and for each person of its entry the proof."""

    def __init__(self, log: KeptLog, number: int) -> None:
        subjects = [b"99990%04d" % place for place in range(number)]
        draft = several_draft(number, subjects)
        [receipt] = log.gateway.append(draft)
        look: Look = log.keeper.look(draft.request_id, "functionaris", ORDER)
        self.persons = draft.persons
        self.receipt = receipt.proof
        self.seen = look.seen
        self.proofs = [prove_person(look.seen[place], place) for place in range(number)]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Give the entry about three persons."""
    with kept_log(tmp_path) as log:
        return Told(log, 3)


@pytest.mark.parametrize("number", [2, 3, 4, 5, 8, 33])
def test_each_person_can_verify_their_own_part(tmp_path: Path, number: int) -> None:
    """Every proof leads from subject and content to the entry, whatever the shape of the tree."""
    with kept_log(tmp_path) as log:
        told = Told(log, number)

    leaves = [
        verify_person(proof, told.receipt, VKEY, subject=p.subject, content=p.content)
        for proof, p in zip(told.proofs, told.persons, strict=True)
    ]

    assert {parse_leaf(leaf)["subjects"] for leaf in leaves} == {number}


def test_a_person_who_does_not_have_the_content_can_verify_too(told: Told) -> None:
    """The commitment to it stands in the proof."""
    [person, *_] = told.persons

    leaf = verify_person(told.proofs[0], told.receipt, VKEY, subject=person.subject)

    assert parse_leaf(leaf)["subjects"] == 3


def test_a_proof_names_nobody_else(told: Told) -> None:
    """No subject, no content and no opening of another person is in it."""
    others = [
        secret
        for place in (1, 2)
        for secret in (
            told.persons[place].subject,
            told.persons[place].content,
            *map(b64encode, told.seen[place].openings.values()),
        )
    ]

    assert [secret for secret in others if secret in told.proofs[0]] == []


def test_another_subject_is_refused(told: Told) -> None:
    """Who is not in the entry cannot be shown to be, nor one person by the proof of another."""
    with pytest.raises(ProofInvalid):
        verify_person(told.proofs[0], told.receipt, VKEY, subject=told.persons[1].subject)


def test_another_content_is_refused(told: Told) -> None:
    """What was released about a person is what the entry commits to."""
    [person, *_] = told.persons

    with pytest.raises(ProofInvalid):
        verify_person(
            told.proofs[0], told.receipt, VKEY, subject=person.subject, content=b"something else"
        )


@pytest.mark.parametrize("place", [b"1", b"3", b"999"])
def test_another_place_is_refused(told: Told, place: bytes) -> None:
    """The place is bound, and lies within the number that the entry tells."""
    proof = told.proofs[0].replace(b"position 0", b"position " + place)

    with pytest.raises(ProofInvalid):
        verify_person(proof, told.receipt, VKEY, subject=told.persons[0].subject)


def test_a_receipt_of_another_entry_is_refused(tmp_path: Path) -> None:
    """A proof belongs to one entry."""
    with kept_log(tmp_path) as log:
        first, second = Told(log, 3), Told(log, 4)

    with pytest.raises(ProofInvalid):
        verify_person(first.proofs[0], second.receipt, VKEY, subject=first.persons[0].subject)


def test_a_receipt_about_one_person_is_refused(told: Told, tmp_path: Path) -> None:
    """There is no number of persons among whom one could be shown."""
    with kept_log(tmp_path) as log:
        [receipt] = log.gateway.append(make_draft(99))

    with pytest.raises(ProofInvalid):
        verify_person(told.proofs[0], receipt.proof, VKEY, subject=told.persons[0].subject)


def test_a_receipt_of_another_log_is_refused(told: Told) -> None:
    """The key comes from the one who verifies."""
    other = Signer("a.example/x", b"t" * 32).verifier.vkey

    with pytest.raises(KeyMismatch):
        verify_person(told.proofs[0], told.receipt, other, subject=told.persons[0].subject)


def test_a_receipt_whose_leaf_is_no_leaf_is_refused(told: Told) -> None:
    """The leaf is looked at in full, whoever signed the log."""
    signer = Signer("a.example/x", b"t" * 32)
    leaf = b'{"v":1}'
    note = signer.sign(b"a.example/x\n1\n%s\n" % b64encode(leaf_hash(leaf)))
    receipt = b"c2sp.org/tlog-proof@v1\nextra %s\nindex 0\n\n%s" % (b64encode(leaf), note)

    with pytest.raises(LeafInvalid):
        verify_person(told.proofs[0], receipt, signer.verifier.vkey, subject=SUBJECT)


def test_particulars_of_one_person_alone_make_no_proof() -> None:
    """Such an entry is opened by its commitments instead."""
    with pytest.raises(ProofInvalid):
        prove_person(Particulars(SUBJECT, {"subject": EMPTY_ROOT}, {}), 0)


def test_a_proof_is_read_to_its_last_byte() -> None:
    """Header, four named lines and the path."""
    proof = parse_person_proof(SOUND)

    assert proof == PersonProof(2, b"\0" * 32, b"\1" * 32, b"\2" * 32, [b"\3" * 32, b"\4" * 32])


MALFORMED = {
    "empty": b"",
    "cut": SOUND[:-1],
    "a-blank-line-behind": SOUND + b"\n",
    "more-behind": SOUND + b"x\n",
    "a-blank-line-in-front": b"\n" + SOUND,
    "another-version": SOUND.replace(b"@v1", b"@v2"),
    "a-number-with-a-zero": SOUND.replace(b"position 2", b"position 02"),
    "a-negative-number": SOUND.replace(b"position 2", b"position -1"),
    "a-number-too-large": SOUND.replace(b"position 2", b"position 1000"),
    "another-name": SOUND.replace(b"position 2", b"place 2"),
    "two-spaces": SOUND.replace(b"subject ", b"subject  "),
    "the-same-name-twice": SOUND.replace(b"opening ", b"content "),
    "a-carriage-return": SOUND.replace(b"\nopening", b"\r\nopening"),
    "no-padding": SOUND.replace(HASHES[0], HASHES[0][:-1]),
    "a-short-opening": SOUND.replace(HASHES[0], b64encode(b"short")),
    "a-short-hash": SOUND.replace(HASHES[4], b64encode(b"short")),
    "a-long-path": SOUND + b"\n".join(HASHES[5:]) + b"\n",
    "too-long": SOUND + b"A" * 2000 + b"\n",
    "a-line-less": b"\n".join(SOUND.split(b"\n")[:4]) + b"\n",
}


@pytest.mark.parametrize("proof", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_proof_is_refused(proof: bytes) -> None:
    """Nothing in front, nothing behind, one spelling only, and bounded."""
    with pytest.raises(ProofInvalid):
        parse_person_proof(proof)
