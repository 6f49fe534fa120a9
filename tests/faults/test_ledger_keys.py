"""Keys that are lost, stolen, or belong to something else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import Receipt
from audit.errors import (
    AuditError,
    Defect,
    KeyInvalid,
    KeyMismatch,
    KeysRotated,
    SealInvalid,
    VerificationFailed,
)
from audit.keeping import keys_of_epoch, next_keys
from audit.ledger import Ledger
from audit.note import Signer, parse_vkey
from audit.proof import verify_receipt
from audit.seal import Seal, SealKeys
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import ORIGIN, SEED, VKEY, CountedRandom, make_draft, make_settings
from tests.fakes_keeping import KEYS, replayed_draft
from tests.naive_ledger import KEEPER, Ledgers


@pytest.fixture
def both() -> Iterator[Ledgers]:
    """Give a log with two gateways and a keeper, and one entry."""
    ledgers = Ledgers()
    ledgers.append("gw-1", [make_draft(ledgers.next())])
    yield ledgers
    ledgers.close()


def refused(folder: Path, **other: object) -> AuditError:
    """Give the error with which a sequencer refuses to open a ledger with these settings."""
    Ledger.open(make_settings(folder)).close()
    with pytest.raises(AuditError) as caught:
        Ledger.open(make_settings(folder, **other))
    return caught.value


def test_log_key_lost(tmp_path: Path) -> None:
    """With a fresh signing key under the old name the log is not continued."""
    assert type(refused(tmp_path, seed=b"n" * 32)) is KeyMismatch


def test_log_key_of_another_log(tmp_path: Path) -> None:
    """With the same key under the name of another log neither is this log continued."""
    assert type(refused(tmp_path, origin=ORIGIN.replace("2026", "2027"))) is KeyMismatch


def test_log_key_stolen(both: Ledgers) -> None:
    """A thief can sign, but what it signs as a new log is not the log of the auditor."""
    thief = Signer(ORIGIN.replace("2026", "2027"), SEED)
    receipt = both.naive.proofs[0]

    with pytest.raises(KeyMismatch):
        verify_receipt(receipt, thief.verifier.vkey)
    with LedgerFile.open(both.path) as file, pytest.raises(KeyMismatch):
        verify_ledger(file, vkey=thief.verifier.vkey)


def test_log_key_that_anybody_can_sign_under() -> None:
    """A key of small order, under which a signature can be forged, is refused when it is read."""
    weak = "doelpoort.example+" + "0" * 8 + "+AQ" + "A" * 42

    with pytest.raises(KeyInvalid):
        parse_vkey(weak)


def test_epoch_key_lost(both: Ledgers) -> None:
    """Without the epoch key of a subject its draft is refused alone; others are written."""
    both.end("gw-1")
    both.keys = SealKeys({1: b"x" * 32}, b"p" * 32)
    both.open("gw-1")
    other = replace(make_draft(both.next()), subject=b"999990020")

    about_known, about_new = both.append("gw-1", [make_draft(both.next()), other])

    assert isinstance(about_known, SealInvalid)
    assert isinstance(about_new, Receipt)


def test_period_key_of_another_gateway(both: Ledgers) -> None:
    """With another period key a person is not found again: nothing sealed before comes out."""
    other = Seal(SealKeys({1: b"e" * 32}, b"q" * 32), CountedRandom())
    subject = make_draft(1).subject or b""

    assert both.writers["gw-1"].store.key_of(other.lookup(subject)) is None


def test_seal_keys_of_another_gateway_open_nothing(both: Ledgers) -> None:
    """What one gateway sealed does not open under the keys of another."""
    both.append("gw-1", [replayed_draft(both.next())])
    [row] = [key for key in both.reader.subject_keys() if key.epoch == 1]
    other = Seal(SealKeys({1: b"x" * 32}, b"p" * 32), CountedRandom())

    with pytest.raises(SealInvalid):
        other.unwrap(row)


def test_keys_rotated_under_a_running_gateway(both: Ledgers) -> None:
    """A gateway with the keys of before writes nothing more; with the new ones it goes on."""
    keys = next_keys(KEYS, b"n" * 32)
    both.took(KEEPER, both.keeper().rotate(keys), [])
    with pytest.raises(KeysRotated):
        both.writers["gw-1"].appender.append_batch([make_draft(both.next())])
    both.end("gw-1")
    with pytest.raises(KeysRotated):
        both.open("gw-1")

    both.keys = keys_of_epoch(keys, 2)
    both.open("gw-1")

    [outcome] = both.append("gw-1", [make_draft(both.next())])
    assert isinstance(outcome, Receipt)
    assert both.opened() == both.naive.sealed


def test_the_key_of_a_witness_is_none_of_a_log(both: Ledgers) -> None:
    """A cosigner of the same name and seed vouches for nothing that the log must have signed."""
    name, _, rest = VKEY.partition("+")
    key_id, _, key = rest.partition("+")

    with pytest.raises(KeyInvalid):
        parse_vkey(f"{name}+{key_id}+B{key[1:]}")
    with LedgerFile.open(both.path) as file, pytest.raises((KeyMismatch, VerificationFailed)) as e:
        verify_ledger(file, vkey=Signer(ORIGIN, b"w" * 32).verifier.vkey)

    assert getattr(e.value, "defect", Defect.SIGNATURE) is Defect.SIGNATURE
