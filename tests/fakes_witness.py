"""Fakes for the witnesses: a small log that can also fork, keys, and the requests between them."""

from base64 import b64encode
from collections.abc import Sequence

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.merkle import Frontier, consistency_path, frontier_at, leaf_hash, node_hash
from audit.note import Cosigner, Signer
from audit.witness.policy import Policy, parse_policy

ORIGIN = "gemeente.example/disclosures/2026"
LOG = Signer(ORIGIN, b"s" * 32)
OTHER_LOG = Signer("other.example/log", b"o" * 32)
WITNESSES = tuple(
    Cosigner(f"witness.example/{name}", name.encode() * 32) for name in ("a", "b", "c")
)
NOW_S = 1_772_442_000


class Tree:
    """A log in memory; with another salt it is a fork from the leaf `forked` on."""

    def __init__(self, size: int, forked: int | None = None) -> None:
        forked = size if forked is None else forked
        self.size = size
        self._leaves = [leaf_hash(b"%d" % n if n < forked else b"fork %d" % n) for n in range(size)]

    def hash_at(self, level: int, index: int) -> bytes:
        """Give the root of one complete subtree."""
        if level == 0:
            return self._leaves[index]
        return node_hash(self.hash_at(level - 1, 2 * index), self.hash_at(level - 1, 2 * index + 1))

    def frontier(self, size: int) -> Frontier:
        """Give the tree over the first leaves."""
        return frontier_at(size, self.hash_at)

    def path(self, old: int, new: int) -> list[bytes]:
        """Give the consistency proof between two sizes."""
        return consistency_path(old, new, self.hash_at)

    def text(self, size: int, origin: str = ORIGIN) -> bytes:
        """Give the text of the checkpoint of one size."""
        return format_checkpoint(Checkpoint(origin, size, self.frontier(size).root))

    def note(self, size: int, log: Signer = LOG) -> bytes:
        """Give the signed checkpoint of one size."""
        return log.sign(self.text(size, log.name))

    def request(self, old: int, size: int, log: Signer = LOG) -> bytes:
        """Give the body of a call of add-checkpoint."""
        return make_request(old, self.path(old, size) if old else (), self.note(size, log))


TREE = Tree(40)
FORK = Tree(40, forked=7)


def make_request(old: int, path: Sequence[bytes], note: bytes) -> bytes:
    """Give the body of a call of add-checkpoint, sound or not."""
    lines = b"".join(b64encode(step) + b"\n" for step in path)
    return b"old %d\n%s\n%s" % (old, lines, note)


def make_policy(rule: str = "2", url: str = "") -> Policy:
    """Give the policy that so many of the three witnesses make a quorum."""
    lines = [f"log {LOG.verifier.vkey}"]
    for witness in WITNESSES:
        name = witness.name.rpartition("/")[2]
        lines.append(f"witness {name} {witness.key.vkey} {url and f'{url}/{name}'}")
    lines += [f"group all-of-them {rule} a b c", "quorum all-of-them", ""]
    return parse_policy("\n".join(lines).encode())
