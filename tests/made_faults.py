"""Faults an auditor may meet, each as a ledger or a bundle that has it and nothing else."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.bundle import Enclosed, Scope, write_bundle
from audit.entry import Json, canonical
from audit.errors import Defect
from audit.merkle import inclusion_path, leaf_hash
from audit.proof import TlogProof, format_proof
from audit.reading import StoredTree
from audit.storage.contract import Entry
from audit.verifier.opening import Opening
from audit.verifier.signed import Demands
from audit.witness.policy import parse_policy
from tests.fakes_audit import START_MS
from tests.made_ledger import (
    POLICY,
    Made,
    disclosure,
    genesis,
    make_ledger,
    retention,
    sign,
    story,
)

SIZES = (1, 4, 250, 256, 512)
SIZE = 520
_ALL = Scope()


@dataclass(frozen=True)
class Fault:
    """A fault by its name, how it is made in a folder, and what the verifier must say of it."""

    name: str
    index: int
    defect: Defect
    make: Callable[[Path], Path]
    demands: Demands = field(default_factory=Demands)


def sound() -> Made:
    """Give a sound ledger, to be spoiled."""
    return make_ledger(story(SIZE), SIZES)


def told(*leaves: Mapping[str, Json] | bytes) -> Callable[[Path], Path]:
    """Give what writes a ledger that was truly signed over these leaves."""
    return lambda folder: make_ledger(leaves).write(folder / "ledger.db")


def spoiled(spoil: Callable[[Made], object]) -> Callable[[Path], Path]:
    """Give what spoils a sound ledger before it is written."""

    def make(folder: Path) -> Path:
        made = sound()
        spoil(made)
        return made.write(folder / "ledger.db")

    return make


def recomputed(spoil: Callable[[list[Mapping[str, Json]]], object]) -> Callable[[Path], Path]:
    """Give what edits the leaves and recomputes everything but the signatures and the head."""

    def make(folder: Path) -> Path:
        signed, leaves = sound(), list[Mapping[str, Json]](story(SIZE))
        spoil(leaves)
        made = make_ledger(leaves, SIZES)
        made.notes, made.head = signed.notes, signed.head
        return made.write(folder / "ledger.db")

    return make


def bundled(spoil: Callable[[Path], object], scope: Scope = _ALL) -> Callable[[Path], Path]:
    """Give what spoils a bundle after it was written."""

    def make(folder: Path) -> Path:
        target = folder / "bundle"
        opening = Opening(1, "subject", b"r" * 32, b"other")
        enclosed = Enclosed(openings=[opening] if spoil is nothing else ())
        write_bundle(sound().store(), target, scope=scope, enclosed=enclosed)
        spoil(target)
        return target

    return make


def nothing(_folder: Path) -> None:
    """Leave it as it is."""


def flip(path: str, at: int) -> Callable[[Path], None]:
    """Give what flips a bit of one file of a bundle."""

    def spoil(folder: Path) -> None:
        data = bytearray((folder / path).read_bytes())
        data[at] ^= 1
        (folder / path).write_bytes(data)

    return spoil


def cut(path: str, count: int) -> Callable[[Path], None]:
    """Give what takes the last bytes of one file of a bundle."""

    def spoil(folder: Path) -> None:
        (folder / path).write_bytes((folder / path).read_bytes()[:-count])

    return spoil


def add(data: bytes) -> Callable[[Path], None]:
    """Give what adds to the selection of a bundle."""

    def spoil(folder: Path) -> None:
        with (folder / "selection").open("ab") as file:
            file.write(data)

    return spoil


def _prepend(folder: Path) -> None:
    path = folder / "selection"
    path.write_bytes(b"3 {}\n" + path.read_bytes())


def gone(path: str) -> Callable[[Path], None]:
    """Give what takes one file away."""
    return lambda folder: (folder / path).unlink()


def _link(folder: Path) -> None:
    (folder / "openings").symlink_to("/dev/zero")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "openings")


def _entry(made: Made, at: int, **other: object) -> None:
    made.entries[at] = replace(made.entries[at], **other)  # type: ignore[arg-type]


def _flip_leaf(made: Made) -> None:
    leaf = made.entries[7].leaf or b""
    _entry(made, 7, leaf=leaf.replace(b'"trace":"0', b'"trace":"1'))


def _flip_signature(made: Made) -> None:
    note = made.notes[256]
    made.notes[256] = note[:-20] + (b"A" if note[-20:-19] != b"A" else b"B") + note[-19:]


def _file_elsewhere(made: Made) -> None:
    made.notes[255] = made.notes.pop(256)


def _insert(made: Made) -> None:
    leaf = canonical(disclosure(SIZE))
    made.entries.append(Entry(SIZE, f"{SIZE:032x}", leaf, leaf_hash(leaf)))


def _edit(leaves: list[Mapping[str, Json]]) -> None:
    leaves[300] = {**leaves[300], "role": "consulent-wmo"}


def _swap(leaves: list[Mapping[str, Json]]) -> None:
    leaves[300], leaves[301] = leaves[301], leaves[300]


def receipt_of(made: Made, index: int) -> bytes:
    """Give the receipt of one entry under the newest checkpoint."""
    store = made.store()
    path = inclusion_path(index, SIZE, StoredTree(store.hashes).hash_at)
    return format_proof(TlogProof(index, path, made.notes[SIZE], made.entries[index].leaf or b""))


def forged_receipt() -> bytes:
    """Give the receipt of an entry under the index of another."""
    return receipt_of(sound(), 5).replace(b"index 5", b"index 6")


def foreign_receipt() -> bytes:
    """Give a receipt, truly signed, of a log that only one auditor was shown."""
    leaves = story(SIZE)
    leaves[300]["role"] = "consulent-wmo"
    return receipt_of(make_ledger(leaves, SIZES), 5)


PART = Scope(stop_ms=START_MS + 300)
CHOICE = Scope(wanted=lambda members: members["counter"] != 9)
SPACED = canonical(disclosure(1)).replace(b'"v":1', b'"v": 1')


def _set_note(size: int, note: bytes) -> Callable[[Made], None]:
    return lambda made: made.notes.update({size: note})


def _fork(made: Made) -> None:
    made.cosigned[256] = sign(256, b"0" * 32)


def _end_at(count: int) -> Callable[[Made], None]:
    def spoil(made: Made) -> None:
        made.entries = made.entries[:count]

    return spoil


def _renumber(made: Made) -> None:
    _entry(made, SIZE - 1, index=9999)


def _move_head(made: Made) -> None:
    made.head = (SIZE - 1, made.head[1])


def _zero_node(made: Made) -> None:
    made.nodes[1] = (8, 1, b"0" * 32)


def _unwritten_prune(folder: Path) -> Path:
    made = make_ledger([*story(600), retention(600, 256)])
    return made.prune(512).write(folder / "ledger.db")


def _lost_and_bundled(folder: Path) -> Path:
    write_bundle(sound().prune(256).store(), folder / "bundle")
    return folder / "bundle"


def _cosigned_by_another(folder: Path) -> Path:
    made = sound().cosign(512)
    made.cosigned[512] = made.cosigned[512][:-20] + b"AAAA" + made.cosigned[512][-16:]
    return made.write(folder / "ledger.db")


_SECOND_GENESIS = {**genesis(), "id": "01" * 16, "counter": 1}

FAULTS = [
    Fault("note_malformed", 255, Defect.CHECKPOINT_FORM, spoiled(_set_note(256, b"x"))),
    Fault("note_filed_elsewhere", 254, Defect.CHECKPOINT_FORM, spoiled(_file_elsewhere)),
    Fault("signature_bit_flipped", 255, Defect.SIGNATURE, spoiled(_flip_signature)),
    Fault("fork_of_one_size", 255, Defect.FORK, spoiled(_fork)),
    Fault("no_witness", SIZE - 1, Defect.QUORUM, spoiled(bool), Demands(parse_policy(POLICY))),
    Fault(
        "cosignature_forged",
        SIZE - 1,
        Defect.QUORUM,
        _cosigned_by_another,
        Demands(parse_policy(POLICY)),
    ),
    Fault(
        "stale",
        SIZE - 1,
        Defect.STALE,
        spoiled(bool),
        Demands(now_ms=START_MS + 100_000, max_age_ms=1_000),
    ),
    Fault(
        "not_stamped",
        SIZE - 1,
        Defect.STAMP,
        spoiled(bool),
        Demands(check_stamp=lambda _note, _response: 0),
    ),
    Fault("leaf_bit_flipped", 7, Defect.LEAF_HASH, spoiled(_flip_leaf)),
    Fault("entry_renumbered", SIZE - 1, Defect.MISSING, spoiled(_renumber)),
    Fault("tail_truncated", 515, Defect.MISSING, spoiled(_end_at(515))),
    Fault("row_edited_and_all_recomputed", 256, Defect.ROOT, recomputed(_edit)),
    Fault("entry_dropped", 256, Defect.ROOT, recomputed(lambda leaves: leaves.__delitem__(300))),
    Fault("entry_inserted", 256, Defect.ROOT, recomputed(lambda le: le.insert(300, le[301]))),
    Fault("entries_reordered", 256, Defect.ROOT, recomputed(_swap)),
    Fault("node_changed", 256, Defect.NODE, spoiled(_zero_node)),
    Fault("leaf_spelled_otherwise", 1, Defect.LEAF_FORM, told(genesis(), SPACED)),
    Fault("number_in_a_role", 1, Defect.SCHEMA, told(genesis(), disclosure(1, role="999990019"))),
    Fault(
        "filed_under_another_id",
        1,
        Defect.ID,
        spoiled(lambda made: _entry(made, 1, request_id="0e" * 16)),
    ),
    Fault("second_genesis", 1, Defect.GENESIS, told(genesis(), _SECOND_GENESIS)),
    Fault("genesis_of_another_log", 0, Defect.GENESIS, told({**genesis(), "origin": "other.nl"})),
    Fault("no_genesis", 0, Defect.GENESIS, told(disclosure(0))),
    Fault("clock_back", 1, Defect.TIME, told(genesis(), disclosure(1, time=START_MS - 1))),
    Fault("counter_with_a_gap", 1, Defect.COUNTER, told(genesis(), disclosure(2))),
    Fault(
        "counter_twice",
        2,
        Defect.COUNTER,
        told(genesis(), disclosure(1), disclosure(1, id="0f" * 16)),
    ),
    Fault("retention_of_the_future", 1, Defect.RETENTION, told(genesis(), retention(1, 256))),
    Fault("pruned_without_an_entry", 256, Defect.RETENTION, _unwritten_prune),
    Fault("lost_and_bundled", 0, Defect.RETENTION, _lost_and_bundled),
    Fault(
        "id_twice",
        2,
        Defect.ID,
        told(genesis(), disclosure(1), disclosure(2, id=f"{1:032x}")),
    ),
    Fault("head_behind", SIZE, Defect.HEAD, spoiled(_move_head)),
    Fault("more_than_signed", SIZE, Defect.HEAD, spoiled(_insert)),
    Fault("opening_of_another_value", 1, Defect.OPENING, bundled(nothing)),
    Fault("tile_bit_flipped", 5, Defect.LEAF_HASH, bundled(flip("tile/0/000", 170))),
    Fault("upper_tile_bit_flipped", 0, Defect.NODE, bundled(flip("tile/1/000.p/2", 3))),
    Fault("tile_cut", 256, Defect.MISSING, bundled(cut("tile/0/001", 1))),
    Fault("tile_gone", 512, Defect.MISSING, bundled(gone("tile/0/002.p/8"))),
    Fault("upper_tile_gone", 0, Defect.NODE, bundled(gone("tile/1/000.p/2"))),
    Fault("entry_bit_flipped", 0, Defect.LEAF_HASH, bundled(flip("tile/entries/000", 40))),
    Fault("entries_gone", 256, Defect.RETENTION, bundled(gone("tile/entries/001"))),
    Fault("entries_cut", 0, Defect.BUNDLE_FORM, bundled(cut("tile/entries/000", 1), PART)),
    Fault(
        "newest_checkpoint_older_than_others",
        SIZE,
        Defect.HEAD,
        bundled(
            lambda folder: (folder / "checkpoint").write_bytes(
                (folder / "checkpoints" / "256").read_bytes()
            )
        ),
    ),
    Fault("selection_cut", SIZE - 1, Defect.BUNDLE_FORM, bundled(cut("selection", 1), CHOICE)),
    Fault("selection_out_of_order", 300, Defect.BUNDLE_FORM, bundled(add(b"3 {}\n"), PART)),
    Fault("selection_without_a_place", 3, Defect.BUNDLE_FORM, bundled(_prepend, PART)),
    Fault("openings_linked", 0, Defect.BUNDLE_FORM, bundled(_link)),
    Fault("openings_piped", 0, Defect.BUNDLE_FORM, bundled(_pipe)),
]
