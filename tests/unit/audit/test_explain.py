"""What one receipt proves, told in two languages."""

from base64 import b64encode
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.entry import EntryType, Json
from audit.explain import _KINDS, OTHER_KEY, TOLD, UNSOUND, UNUSABLE, _moment
from audit.merkle import inclusion_path
from audit.proof import TlogProof, format_proof
from audit.reading import StoredTree
from audit.subjects import prove_person
from tests.fakes_audit import START_MS, SUBJECT, VKEY, make_draft, make_signer
from tests.fakes_keeping import ORDER, OTHERS, kept_log, several_draft
from tests.made_ledger import disclosure, genesis, make_ledger, retention

Capture = pytest.CaptureFixture[str]
HASH = "A" * 43 + "="


def receipt(folder: Path, leaf: dict[str, Json]) -> str:
    """Write the receipt of one entry, and give its path."""
    made = make_ledger([genesis(), leaf])
    path = inclusion_path(1, 2, StoredTree(made.store().hashes).hash_at)
    proof = format_proof(TlogProof(1, path, made.notes[2], made.entries[1].leaf or b""))
    (folder / "receipt").write_bytes(proof)
    return str(folder / "receipt")


def test_a_disclosure_is_told_in_two_languages(tmp_path: Path, capsys: Capture) -> None:
    """When, who, why, on what ground, and what, in which detail; Dutch first."""
    status = main(["explain", receipt(tmp_path, disclosure(1)), "--key", VKEY])

    text = capsys.readouterr().out
    assert status == TOLD
    assert text.index("een verstrekking van gegevens") < text.index("a disclosure of data")
    assert "op 2 maart 2026, 09:00:00 (UTC)" in text
    assert "on 2 March 2026, 09:00:00 (UTC)" in text
    assert "organisatie (OIN): 00000099000000001000" in text
    assert "jeugdhulp_traject.specialisatie_ingezet: alleen ja of nee" in text
    assert "jeugdhulp_traject.specialisatie_ingezet: only yes or no" in text
    assert "- age: aan voldaan" in text
    assert "- Jeugdwet 7.4.0 lid 1 a" in text
    assert "- inform_subject" in text
    assert "Ze kloppen." in text


def test_what_it_does_not_prove_is_told_as_well(tmp_path: Path, capsys: Capture) -> None:
    """The person is not in it, and whether the data were right it does not say."""
    main(["explain", receipt(tmp_path, disclosure(1)), "--key", VKEY])

    text = capsys.readouterr().out
    assert "er staan geen gegevens van de persoon in" in text
    assert "no data of the person are in it" in text
    assert "Of de gegevens juist waren" in text


def test_without_a_key_it_is_told_as_not_verified(tmp_path: Path, capsys: Capture) -> None:
    """Nobody is to take it for a proof."""
    status = main(["explain", receipt(tmp_path, disclosure(1))])

    text = capsys.readouterr().out
    assert status == TOLD
    assert "niet gecontroleerd (not verified)" in text
    assert "Wat dit bewijst, zodra het is gecontroleerd" in text
    assert "Ze kloppen." not in text


def test_a_refusal_is_told_with_its_reasons(tmp_path: Path, capsys: Capture) -> None:
    """The fields by name, the rest by number; nothing was disclosed."""
    refused: list[Json] = [
        {"code": "NOT_NEEDED", "step": 4, "field": "inkomen.bedrag"},
        {"code": "UNKNOWN_FIELD", "step": 2, "count": 3},
        {"code": "CONDITION", "step": 4},
    ]
    leaf = disclosure(1, type="refusal", refused=refused, released=[])
    del leaf["released"]

    main(["explain", receipt(tmp_path, leaf)])

    text = capsys.readouterr().out
    assert "een weigering: er zijn geen gegevens verstrekt" in text
    assert "- NOT_NEEDED (inkomen.bedrag)" in text
    assert "- UNKNOWN_FIELD x 3" in text
    assert "- CONDITION\n" in text


def test_a_precision_without_a_word_is_told_as_it_stands(tmp_path: Path, capsys: Capture) -> None:
    """A later catalogue may know more of them."""
    released: list[Json] = [{"field": "adres.postcode", "precision": "area"}]

    main(["explain", receipt(tmp_path, disclosure(1, released=released))])

    assert "- adres.postcode: area" in capsys.readouterr().out


def test_an_entry_about_several_persons_says_so(tmp_path: Path, capsys: Capture) -> None:
    """Each of them can get a proof of their own."""
    leaf = disclosure(1, subjects=3, commitments={"persons": HASH})

    main(["explain", receipt(tmp_path, leaf)])

    assert "Ieder van hen kan een eigen bewijs krijgen." in capsys.readouterr().out


@pytest.mark.parametrize("kind", list(EntryType))
def test_every_kind_of_entry_has_words(kind: EntryType) -> None:
    """Whatever stands in the ledger can be told, in both languages."""
    nl, en = _KINDS[kind]

    assert nl
    assert en
    assert nl != en


def test_other_entries_are_told_too(tmp_path: Path, capsys: Capture) -> None:
    """Also what is done to the log itself has receipts."""
    main(["explain", receipt(tmp_path, retention(1, 256))])

    text = capsys.readouterr().out
    assert "het opruimen van oude regels na hun bewaartermijn" in text
    assert "opgeruimd tot regel: 256" in text


def test_a_forged_receipt_is_told(tmp_path: Path, capsys: Capture) -> None:
    """With a key it is refused, and nothing of it is told."""
    path = receipt(tmp_path, disclosure(1))
    Path(path).write_bytes(Path(path).read_bytes().replace(b"index 1", b"index 0"))

    status = main(["explain", path, "--key", VKEY])

    output = capsys.readouterr()
    assert status == UNSOUND
    assert output.out == ""
    assert "Dit bewijsstuk klopt niet" in output.err


def test_another_key_has_a_status_of_its_own(tmp_path: Path, capsys: Capture) -> None:
    """The reader is asked to check the key."""
    other = make_signer(b"o" * 32).verifier.vkey

    status = main(["explain", receipt(tmp_path, disclosure(1)), "--key", other])

    assert status == OTHER_KEY
    assert "Controleer de sleutel" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["none"], ["RECEIPT", "--key", "no key"], ["JUNK"]])
def test_what_cannot_be_read_has_a_status_of_its_own(
    tmp_path: Path, capsys: Capture, arguments: list[str]
) -> None:
    """A file that is none, a key that is none, and bytes that are no receipt."""
    places = {"RECEIPT": receipt(tmp_path, disclosure(1)), "JUNK": str(tmp_path / "junk")}
    (tmp_path / "junk").write_bytes(b"junk")

    status = main(["explain", *(places.get(argument, argument) for argument in arguments)])

    assert status == UNUSABLE
    assert "Dit bewijsstuk is niet te lezen" in capsys.readouterr().err


def test_a_moment_that_no_calendar_has_is_told_as_a_number() -> None:
    """The schema allows times that the calendar of the machine does not."""
    assert _moment(2**53 - 1, 0) == "9007199254740991 ms"
    assert _moment(START_MS, 1) == "2 March 2026, 09:00:00"


@pytest.fixture
def several(tmp_path: Path) -> tuple[Path, Path]:
    """Give the receipt of an entry about three persons, and the proof for the first of them."""
    draft = several_draft(1, (SUBJECT, *OTHERS))
    with kept_log(tmp_path) as log:
        [made] = log.gateway.append(draft)
        seen = log.keeper.look(draft.request_id, "functionaris", ORDER).seen
    given, proof = tmp_path / "given", tmp_path / "proof"
    given.write_bytes(made.proof)
    proof.write_bytes(prove_person(seen[0], 0))
    return given, proof


@pytest.mark.parametrize(
    ("named", "status", "told"),
    [(SUBJECT, TOLD, "gaat (ook) over de persoon"), (OTHERS[0], UNSOUND, "klopt niet")],
    ids=["the-person", "another"],
)
def test_the_proof_of_one_person_is_checked(
    several: tuple[Path, Path],
    named: bytes,
    status: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    """Who is named on standard input is the person of the proof, or the proof is not sound."""
    given, proof = several
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(named + b"\n")))

    found = main(["explain", str(given), "--key", VKEY, "--person", str(proof)])

    captured = capsys.readouterr()
    assert found == status
    assert told in captured.out + captured.err


def test_the_proof_of_a_person_needs_the_key(several: tuple[Path, Path]) -> None:
    """Without the key of the ledger nothing about a person is shown to be true."""
    given, proof = several

    assert main(["explain", str(given), "--person", str(proof)]) == UNUSABLE


@pytest.fixture
def alone(tmp_path: Path) -> tuple[Path, bytes]:
    """Give the receipt of an entry about one person, and what opens whom it is about."""
    draft = make_draft(1)
    with kept_log(tmp_path) as log:
        [made] = log.gateway.append(draft)
        seen = log.keeper.look(draft.request_id, "functionaris", ORDER).seen
    given = tmp_path / "given"
    given.write_bytes(made.proof)
    return given, b64encode(seen[0].openings["subject"])


@pytest.mark.parametrize(
    ("named", "changed", "status"),
    [(SUBJECT, b"", TOLD), (OTHERS[0], b"", UNSOUND), (SUBJECT, b"!", UNSOUND)],
    ids=["the-person", "another", "no-opening"],
)
def test_the_opening_of_the_only_person_is_checked(
    alone: tuple[Path, bytes],
    named: bytes,
    changed: bytes,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a citizen's report gives with a line shows offline whom the line is about."""
    given, opening = alone
    proof = given.with_name("opening")
    proof.write_bytes(opening + changed + b"\n")
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(named + b"\n")))

    assert main(["explain", str(given), "--key", VKEY, "--person", str(proof)]) == status
