"""Policy revisions kept by digest: found again as they were, or not believed."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import pack_policy
from gateway.decision.decide import Decider
from gateway.decision.model import Permit
from gateway.errors import RevisionInvalid
from gateway.replay import revisions
from gateway.replay.revisions import (
    Revisions,
    Unavailable,
    digest_of,
    keep_revision,
    load_revision,
    unpack,
)
from tests.fakes_decision import POLICIES, PURPOSES, catalogue, copy_policy, flag_question
from tests.unit.replay.world import MemoryAnnex, decider

pytestmark = pytest.mark.anyio


def packed(*files: tuple[bytes, bytes]) -> bytes:
    """Return files as they are packed."""
    parts = [part for file in files for part in file]
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


async def test_a_kept_revision_decides_as_it_did() -> None:
    """What a gateway keeps when it starts is enough to decide by, with nothing of its folders."""
    annex = MemoryAnnex()
    keep_revision(annex, PURPOSES, POLICIES, revision=catalogue().revision)

    content = annex.revision(catalogue().revision)
    again = load_revision(content or b"", catalogue().revision)

    assert again.catalogue == catalogue()
    assert isinstance(await again.decide(flag_question()), Permit)


def test_the_digest_is_the_hash_of_what_is_kept() -> None:
    """An auditor needs nothing but SHA-256 to know that a kept policy is the one of an entry."""
    content = pack_policy(PURPOSES, POLICIES)

    assert hashlib.sha256(content).hexdigest() == catalogue().revision == digest_of(content)
    assert (
        unpack(content)["policies/disclosure.rego"] == (POLICIES / "disclosure.rego").read_bytes()
    )


def test_files_that_changed_meanwhile_are_not_kept(tmp_path: Path) -> None:
    """What is kept under a revision is what is decided by, or the gateway hears of it."""
    purposes, policies = copy_policy(tmp_path)
    (policies / "parties.csv").write_text("p, x, x, x, x\n", encoding="utf-8")
    annex = MemoryAnnex()

    with pytest.raises(RevisionInvalid, match="changed"):
        keep_revision(annex, purposes, policies, revision=catalogue().revision)

    assert annex.kept == {}


def test_a_policy_that_is_too_large_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is a limit to what lies beside the ledger."""
    monkeypatch.setattr(revisions, "MAX_BYTES", 10)
    purposes, policies = copy_policy(tmp_path)
    annex = MemoryAnnex()

    with pytest.raises(RevisionInvalid, match="large"):
        keep_revision(annex, purposes, policies, revision=catalogue().revision)

    assert annex.kept == {}


def test_a_missing_file_is_not_passed_over(tmp_path: Path) -> None:
    """Half a policy is never kept."""
    purposes, policies = copy_policy(tmp_path)
    (policies / "parties.conf").unlink()

    with pytest.raises(CatalogueInvalid):
        keep_revision(MemoryAnnex(), purposes, policies, revision=catalogue().revision)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content.replace(b"allow", b"ALLOW", 1) + b"x",
        lambda _content: b"",
    ],
    ids=["shorter", "longer", "changed", "empty"],
)
def test_a_changed_revision_is_not_loaded(change: Callable[[bytes], bytes]) -> None:
    """Whoever edits a kept policy changes its hash, and so its name."""
    content = change(pack_policy(PURPOSES, POLICIES))

    with pytest.raises(RevisionInvalid, match="digest"):
        load_revision(content, catalogue().revision)


FORGED = {
    "no policy at all": packed(),
    "a name outside": packed((b"../etc/passwd", b"x")),
    "a name from the root": packed((b"/purposes/x.yaml", b"x")),
    "a name that climbs": packed((b"purposes/../../x", b"x")),
    "a name with a dot": packed((b"purposes/./x", b"x")),
    "a folder": packed((b"purposes", b"x")),
    "another folder": packed((b"src/x.py", b"x")),
    "a name of another system": packed((b"purposes\\x", b"x")),
    "a name with a zero": packed((b"purposes/\0", b"x")),
    "a name that is too long": packed((b"purposes/" + b"x" * 2_000, b"x")),
    "a name that is none": packed((b"purposes/\xff", b"x")),
    "a file twice": packed((b"purposes/x", b"1"), (b"purposes/x", b"2")),
    "a file that is a folder too": packed((b"purposes/x", b"1"), (b"purposes/x/y", b"2")),
    "a name without a file": packed((b"purposes/x", b"1"))[:-9],
    "half a length": packed((b"purposes/x", b"1")) + b"\0\0",
    "too great a length": packed((b"purposes/x", b"1")) + b"\xff" * 9,
    "no catalogue": packed((b"purposes/tasks.yaml", b"x: [")),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_policy_is_not_loaded(name: str) -> None:
    """A text that has the right hash may still be no policy, and touches no file of this host."""
    content = FORGED[name]

    with pytest.raises(RevisionInvalid):
        load_revision(content, digest_of(content))


def test_a_file_that_nobody_reads_makes_it_another_policy() -> None:
    """What is loaded is all that the digest covers."""
    content = pack_policy(PURPOSES, POLICIES) + packed((b"purposes/read.me", b"x"))

    with pytest.raises(RevisionInvalid, match="no policy files"):
        load_revision(content, digest_of(content))


def test_a_policy_that_cannot_be_in_force_is_not_loaded(tmp_path: Path) -> None:
    """Files that make no decider are no revision that anything was decided by."""
    purposes, policies = copy_policy(tmp_path)
    (policies / "disclosure.rego").write_text("package nothing {", encoding="utf-8")
    content = pack_policy(purposes, policies)

    with pytest.raises(RevisionInvalid, match="in force"):
        load_revision(content, digest_of(content))


def test_a_revision_is_loaded_once() -> None:
    """Entries of one revision share what decides them."""
    asked: list[str] = []

    def load(_content: bytes, digest: str) -> Decider:
        asked.append(digest)
        return decider()

    found = Revisions(lambda _: b"kept", load)

    assert [found.find("a"), found.find("b"), found.find("a")] == [decider()] * 3
    assert asked == ["a", "b"]


def test_a_few_revisions_are_held_and_the_one_unused_longest_goes() -> None:
    """A year of revisions does not have to fit in memory."""
    asked: list[str] = []

    def load(_content: bytes, digest: str) -> Decider:
        asked.append(digest)
        return decider()

    found = Revisions(lambda _: b"kept", load)
    for digest in "abcdaeab":
        found.find(digest)

    assert "".join(asked) == "abcdeb"


def test_a_revision_that_was_not_kept_is_missing_and_a_forged_one_forged() -> None:
    """The two are told apart: one is a gap, the other an alarm."""
    forged = Revisions({"b": b"forged"}.get)

    assert forged.find("a") is Unavailable.MISSING
    assert forged.find("b") is Unavailable.FORGED


def test_a_policy_that_cannot_be_read_is_not_packed(tmp_path: Path) -> None:
    """What is kept is whole: a file that is gone stops it."""
    with pytest.raises(CatalogueInvalid):
        pack_policy(PURPOSES, tmp_path)
