"""Tessera's own checker of tiled logs reads what we wrote: software that we did not write."""

import subprocess
from pathlib import Path

import pytest

from audit.bundle import write_bundle
from tests.fakes_audit import VKEY, make_signer
from tests.go_programs import build
from tests.made_ledger import make_ledger, story

TIMEOUT_S = 60
FLIPPED = [
    "tile/0/000",
    "tile/0/002.p/8",
    "tile/1/000.p/2",
    "tile/entries/001",
    "tile/entries/002.p/8",
    "checkpoint",
]


@pytest.fixture(scope="session")
def fsck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the checker."""
    return build("fsck", tmp_path_factory.mktemp("go"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Write a bundle with full and partial tiles on two levels."""
    write_bundle(make_ledger(story(520), [256]).store(), tmp_path / "bundle")
    return tmp_path / "bundle"


def accepted(fsck: Path, bundle: Path, vkey: str = VKEY) -> bool:
    """Tell whether the checker finds the log of this bundle sound."""
    command = [str(fsck), str(bundle), vkey]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    return done.returncode == 0 and done.stdout == b"sound\n"


def test_a_whole_bundle_is_a_log_to_tessera(fsck: Path, bundle: Path) -> None:
    """Its checkpoint, its tiles and its entries are those of one tree."""
    assert accepted(fsck, bundle)


@pytest.mark.parametrize("path", FLIPPED)
def test_a_flipped_bit_is_found_by_tessera_too(fsck: Path, bundle: Path, path: str) -> None:
    """A checker that accepts everything would prove nothing."""
    data = bytearray((bundle / path).read_bytes())
    data[60] ^= 1
    (bundle / path).write_bytes(data)

    assert not accepted(fsck, bundle)


def test_a_bundle_under_another_key_is_refused_by_tessera(fsck: Path, bundle: Path) -> None:
    """The key comes from the auditor there as well."""
    other = make_signer(b"o" * 32).verifier.vkey

    assert not accepted(fsck, bundle, other)
