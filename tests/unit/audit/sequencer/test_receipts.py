"""Receipts that were made together are those that would have been made one by one."""

import pytest

from audit.entry import Receipt
from audit.merkle import Frontier, frontier_at, grow, leaf_hash, node_hash
from audit.proof import TlogProof, format_proof
from audit.sequencer.receipts import placed, receipt_of
from audit.storage.contract import Entry

NOTE = b"origin\n1\nroot\n\n\xe2\x80\x94 origin AAAA\n"
HASHES = [leaf_hash(b"%d" % number) for number in range(300)]


def _hash_at(level: int, index: int) -> bytes:
    if level == 0:
        return HASHES[index]
    return node_hash(_hash_at(level - 1, 2 * index), _hash_at(level - 1, 2 * index + 1))


@pytest.mark.parametrize("old", [0, 1, 2, 3, 5, 7, 8, 100, 255, 256])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 44])
def test_a_batch_gets_the_proofs_of_its_entries(old: int, count: int) -> None:
    """Whatever the size of the tree and of the batch, to the byte."""
    growth = grow(frontier_at(old, _hash_at) if old else Frontier(), HASHES[old : old + count])
    entries = [
        Entry(index, f"{index:032x}", b"leaf %d" % index, HASHES[index])
        for index in range(old, old + count)
    ]

    places = placed(entries, growth)
    made = [receipt_of("origin", f"{place[0]:032x}", place, NOTE) for place in places]

    assert made == [
        Receipt(
            "origin",
            entry.index,
            entry.request_id,
            entry.leaf or b"",
            format_proof(TlogProof(entry.index, growth.path(entry.index), NOTE, entry.leaf or b"")),
        )
        for entry in entries
    ]
