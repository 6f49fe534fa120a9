"""The outcome of a verification in words."""

from dataclasses import replace

from audit.checkpoint import Checkpoint
from audit.merkle import RootHash
from audit.verifier.report import instant, members_of, summary_text
from audit.verifier.signed import Dated, Stamped
from audit.verifier.verify import Summary
from tests.fakes_audit import ORIGIN, START_MS, VKEY

SUMMARY = Summary(
    vkey=VKEY,
    origin=ORIGIN,
    size=9,
    root=b"r" * 32,
    checkpoints=2,
    counts={"genesis": 1, "disclosure": 5, "erasure": 2, "access": 1},
    first_ms=START_MS,
    last_ms=START_MS + 9,
    partial=False,
    absent=0,
    pruned_below=0,
    openings=0,
    dated=Dated(START_MS + 9, None, Stamped(7, START_MS + 8)),
)


def test_a_time_stamp_is_told() -> None:
    """How much of the log an authority saw, and when."""
    told = members_of(SUMMARY) | {"receipts": 0}

    text = summary_text(told)

    assert (told["stamped"], told["stamped_at"]) == (7, instant(START_MS + 8))
    assert "Een tijdstempeldienst zag de eerste 7 regels" in text
    assert "A time stamp authority saw the first 7 entries" in text


def test_erasures_and_looks_are_counted() -> None:
    """What was done with the data behind the entries is in the summary."""
    text = summary_text(members_of(SUMMARY) | {"receipts": 0})

    assert "2 keer het wissen van de gegevens van een persoon" in text
    assert "1 keer inzage" in text
    assert "2 erasures" in text


def test_what_a_log_comes_after_is_told() -> None:
    """The log before, its size and its root, so that an auditor can hold that log against it."""
    before = Checkpoint("waterveen.example/disclosures/2025", 88, RootHash(b"\1" * 32))
    told = members_of(replace(SUMMARY, continues=before)) | {"receipts": 0}

    text = summary_text(told)

    assert (told["continues"], told["continues_size"]) == (before.origin, 88)
    assert "Het gaat verder na waterveen.example/disclosures/2025: dat logboek moet bij 88" in text
    assert str(told["continues_root"]) in text


def test_a_log_that_comes_after_none_says_so() -> None:
    """Silence would leave open whether it was looked at."""
    assert "zegt niet dat er een logboek aan voorafging" in summary_text(
        members_of(SUMMARY) | {"receipts": 0}
    )
