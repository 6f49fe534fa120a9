"""The Merkle tree of RFC 6962: hashes, growth by batches, and the verification of proofs; pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NewType

from audit.errors import ProofInvalid

LeafHash = NewType("LeafHash", bytes)
RootHash = NewType("RootHash", bytes)

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = RootHash(sha256(b"").digest())
STORED_LEVELS: Final = (8, 16, 24, 32, 40, 48, 56)  # The heights at which tlog-tiles cuts a tree.

HashAt = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> LeafHash:
    """Give the hash of one entry; the prefix keeps it apart from every node."""
    return LeafHash(sha256(b"\x00" + leaf).digest())


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of the node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Prove that `leaf` is entry number `index` of the tree of `size` leaves.

    Shapes:  leaf (a leaf hash), root, every path element: 32 bytes. path: from leaf to root.
    Units:   index zero-based; size in leaves; 0 <= index < size.
    Trust:   leaf, index, path may come from an attacker; size and root from a verified checkpoint
             only: a proof does not bind the size.
    Raises:  ProofInvalid if the path does not lead from leaf to root.
             ValueError if shapes or units are broken (the caller's bug).
    Source:  RFC 9162 section 2.1.3.2, same steps, same letters.
    """
    _check_hashes(leaf, root, *path)
    if not 0 <= index < size:
        raise ValueError("index must be within the tree")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            raise ProofInvalid("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofInvalid("the inclusion proof is too short")
    if r != root:
        raise ProofInvalid("the inclusion proof does not lead to the root")


def verify_consistency(
    *, old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Prove that the tree of `new_size` leaves begins with the tree of `old_size` leaves.

    Shapes:  roots and every path element: 32 bytes.
    Units:   sizes in leaves; 0 < old_size <= new_size. Everything follows nothing, so size 0
             proves nothing and is refused.
    Trust:   path may come from an attacker; sizes and roots from verified checkpoints only.
    Raises:  ProofInvalid if the path does not lead to both roots.
             ValueError if shapes or units are broken (the caller's bug).
    Source:  RFC 9162 section 2.1.4.2, same steps, same letters.
    """
    _check_hashes(old_root, new_root, *path)
    if not 0 < old_size <= new_size:
        raise ValueError("the old tree must be non-empty and no larger than the new one")
    if old_size == new_size:
        if path or old_root != new_root:
            raise ProofInvalid("trees of one size are the same tree")
        return
    complete = old_size & (old_size - 1) == 0
    steps = iter((old_root, *path) if complete else path)
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = next(steps, None)
    if first is None:
        raise ProofInvalid("the consistency proof is empty")
    fr, sr = _climb(fn, sn, first, steps)
    if fr != old_root or sr != new_root:
        raise ProofInvalid("the consistency proof does not lead to both roots")


def _climb(fn: int, sn: int, first: bytes, steps: Iterator[bytes]) -> tuple[bytes, bytes]:
    fr = sr = first
    for c in steps:
        if sn == 0:
            raise ProofInvalid("the consistency proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofInvalid("the consistency proof is too short")
    return fr, sr


def _check_hashes(*hashes: bytes) -> None:
    if any(type(h) is not bytes or len(h) != HASH_BYTES for h in hashes):
        raise ValueError("every hash must be 32 bytes")


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, the largest first.

    Shapes:  one peak of 32 bytes for every one-bit of size.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    @property
    def root(self) -> RootHash:
        """The root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return RootHash(root)


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree after a batch of leaves, able to prove each leaf of that batch.

    Shapes:  rows: per level the index of the first complete node held, and the nodes from there
             on. ragged: per level the root of the incomplete subtree at the right, if any.
    """

    old_size: int
    frontier: Frontier
    rows: tuple[tuple[int, Sequence[bytes]], ...]
    ragged: tuple[bytes | None, ...]

    def path(self, index: int) -> list[bytes]:
        """Give the inclusion path, leaf to root, of a leaf that this batch added.

        Units:   index zero-based in the whole tree; old_size <= index < frontier.size.
        """
        path = []
        last = self.frontier.size - 1
        for (start, nodes), ragged in zip(self.rows, self.ragged, strict=True):
            if not last:
                break
            if index & 1:
                path.append(nodes[index - 1 - start])
            elif index < last:
                right = index + 1 - start
                path.append(nodes[right] if right < len(nodes) or ragged is None else ragged)
            index, last = index >> 1, last >> 1
        return path

    def stored_nodes(self) -> Iterator[tuple[int, int, bytes]]:
        """Give (level, index, hash) of each subtree of stored height now complete."""
        for level in range(STORED_LEVELS[0], len(self.rows), STORED_LEVELS[0]):
            start, nodes = self.rows[level]
            first = self.old_size >> level
            for index in range(first, start + len(nodes)):
                yield level, index, nodes[index - start]


def grow(old: Frontier, leaves: Sequence[bytes]) -> Growth:
    """Add a batch of leaf hashes to a tree of which only the right edge is known.

    Shapes:  leaves: leaf hashes of 32 bytes, at least one.
    """
    size = old.size + len(leaves)
    peaks = list(old.peaks)
    rows: list[tuple[int, Sequence[bytes]]] = []
    ragged: list[bytes | None] = []
    row, start, edge = list(leaves), old.size, None
    new_peaks: list[bytes] = []
    for level in range(size.bit_length()):
        if old.size >> level & 1:
            row.insert(0, peaks.pop())
            start -= 1
        rows.append((start, row))
        ragged.append(edge)
        if size >> level & 1:
            new_peaks.append(row[-1])
            edge = row[-1] if edge is None else node_hash(row[-1], edge)
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        start >>= 1
    frontier = Frontier(size, tuple(reversed(new_peaks)))
    return Growth(old.size, frontier, tuple(rows), tuple(ragged))


def frontier_at(size: int, hash_at: HashAt) -> Frontier:
    """Give the right edge of the first `size` leaves from a source of complete subtrees.

    Units:   hash_at(level, index) is the root over leaves index * 2^level and the 2^level - 1 next.
    """
    return Frontier(size, tuple(hash_at(*place) for place in _cover(0, size)))


def inclusion_path(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """Give the inclusion path, leaf to root, of any leaf in any tree.

    Units:   0 <= index < size; hash_at as in `frontier_at`.
    Source:  RFC 6962 section 2.1.1.
    """
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + (1 << (stop - start - 1).bit_length() - 1)
        if index < middle:
            path.append(_range_root(middle, stop, hash_at))
            stop = middle
        else:
            path.append(_range_root(start, middle, hash_at))
            start = middle
    path.reverse()
    return path


def consistency_path(old_size: int, new_size: int, hash_at: HashAt) -> list[bytes]:
    """Give the proof that the tree of `new_size` leaves begins with that of `old_size` leaves.

    Units:   0 < old_size <= new_size; hash_at as in `frontier_at`.
    Source:  RFC 9162 section 2.1.4.1.
    """
    path: list[bytes] = []
    start, stop = 0, new_size
    while stop != old_size:
        middle = start + (1 << (stop - start - 1).bit_length() - 1)
        if old_size <= middle:
            path.append(_range_root(middle, stop, hash_at))
            stop = middle
        else:
            path.append(_range_root(start, middle, hash_at))
            start = middle
    if start:  # The old tree ends within this one; otherwise its root is known to the verifier.
        path.append(_range_root(start, stop, hash_at))
    path.reverse()
    return path


def _range_root(start: int, stop: int, hash_at: HashAt) -> bytes:
    peaks = tuple(hash_at(*place) for place in _cover(start, stop))
    return Frontier(stop - start, peaks).root


def _cover(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a range that begins at a subtree border into complete subtrees, the largest first."""
    while start < stop:
        level = (stop - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level
