"""What the receipts of one batch need, made together: what their proofs share is written once."""

from binascii import b2a_base64
from collections.abc import Sequence
from typing import TypeAlias

from audit.entry import Receipt
from audit.merkle import Growth
from audit.proof import format_proof_around
from audit.storage.contract import Entry

# The index, the leaf, and the lines of the inclusion path: plain values, ready for the wire.
Placed: TypeAlias = tuple[int, bytes, bytes]


def placed(entries: Sequence[Entry], growth: Growth) -> list[Placed]:
    """Give the place in the tree of each entry of a batch, in order.

    Shapes:  entries: all that the batch added, with their leaves.
    """
    return [
        (entry.index, entry.leaf or b"", path)
        for entry, path in zip(entries, _paths(growth), strict=True)
    ]


def receipt_of(origin: str, request_id: str, place: Placed, note: bytes) -> Receipt:
    """Give the receipt of one entry of a batch.

    Shapes:  note: the checkpoint that was signed for the batch.
    """
    index, leaf, path = place
    return Receipt(origin, index, request_id, leaf, format_proof_around(index, path, note, leaf))


def _paths(growth: Growth) -> list[bytes]:
    """Give for each new leaf the lines of its inclusion path, from leaf to root.

    From the root down each node takes over the lines of its parent and adds its own sibling. So
    the upper lines, which all paths of a batch share, are joined once instead of once a leaf.
    """
    size = growth.frontier.size
    top = (size - 1).bit_length()
    above = [b""]
    for level in range(top - 1, -1, -1):
        first, last = growth.old_size >> level, (size - 1) >> level
        parent = growth.old_size >> (level + 1)
        above = [
            _sibling(growth, level, index, last) + above[(index >> 1) - parent]
            for index in range(first, last + 1)
        ]
    return above


def _sibling(growth: Growth, level: int, index: int, last: int) -> bytes:
    (start, nodes), ragged = growth.rows[level], growth.ragged[level]
    if index & 1:
        return b2a_base64(nodes[index - 1 - start])
    if index == last:
        return b""  # Nothing stands to the right of it: the node goes up as it is.
    right = index + 1 - start
    return b2a_base64(nodes[right] if right < len(nodes) or ragged is None else ragged)
