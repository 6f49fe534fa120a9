"""A small signed log in memory with its receipts, as recipients and an auditor would hold them."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import Json, canonical
from audit.merkle import Frontier, grow, leaf_hash
from audit.note import Signer
from audit.proof import TlogProof, format_proof
from audit.storage.contract import Entry

ORIGIN = "poort.waterveen.example/disclosures/2026"
SIGNER = Signer(ORIGIN, b"s" * 32)
VKEY = SIGNER.verifier.vkey
STRANGER = Signer(ORIGIN, b"t" * 32)
OTHER_YEAR = Signer("poort.waterveen.example/disclosures/2025", b"s" * 32)
START_MS = 1_772_449_200_000


def leaf_of(number: int, **changes: Json) -> bytes:
    """Return the leaf of a disclosure; every entry has its own id, trace and second."""
    members: dict[str, Json] = {
        "type": "disclosure",
        "id": f"{number:032x}",
        "time": START_MS + number * 1_000,
        "trace": trace_of(number),
    }
    return canonical({**members, **changes})


def trace_of(number: int) -> str:
    """Return the trace of an entry."""
    return f"{number + 0xA0:032x}"


@dataclass(frozen=True)
class Log:
    """These leaves, signed as one batch."""

    leaves: Sequence[bytes]
    signer: Signer = SIGNER

    @property
    def entries(self) -> list[Entry]:
        """The entries as a store gives them."""
        return [
            Entry(index, f"{index:032x}", leaf, leaf_hash(leaf))
            for index, leaf in enumerate(self.leaves)
        ]

    def note(self) -> bytes:
        """Return the checkpoint over all leaves."""
        grown = grow(Frontier(), [leaf_hash(leaf) for leaf in self.leaves])
        root = grown.frontier.root
        text = format_checkpoint(Checkpoint(self.signer.name, len(self.leaves), root))
        return self.signer.sign(text)

    def receipt(self, index: int) -> bytes:
        """Return the receipt of one entry."""
        grown = grow(Frontier(), [leaf_hash(leaf) for leaf in self.leaves])
        proof = TlogProof(index, grown.path(index), self.note(), self.leaves[index])
        return format_proof(proof)
