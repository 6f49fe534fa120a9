"""The witness itself: what it takes to be cosigned, as C2SP tlog-witness lists it; no HTTP here.

In the order of the specification:

1. the request is well-formed                                           (else 400)
2. the origin is one of the logs that are watched                       (else 404)
3. one of the keys of that log signed, and none of them wrongly         (else 403)
4. the old size is not above the size of the checkpoint                 (else 400)
5. the old size is the one that was cosigned last                       (else 409 with that size)
6. the new tree begins with the old one                                 (else 422)
7. at the same size the root is the same                                (else 409)

5 to 7 and the record of what is cosigned now are one transaction; the cosignature comes after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint, parse_number
from audit.errors import KeyMismatch, NoteInvalid, ProofInvalid, SignatureInvalid
from audit.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from audit.note import (
    Cosigner,
    Verifier,
    decode_base64,
    open_with,
    parse_signature_line,
    split_note,
)
from audit.witness.state import Seen, WitnessState

MAX_REQUEST_BYTES: Final = 65_536  # 63 proof lines and a checkpoint with a dozen long signatures.
MAX_PROOF_LINES: Final = 63  # C2SP tlog-witness, "add-checkpoint".
MAX_SIZE: Final = 2**63 - 1  # What the state can hold; no log comes near it.
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Request:
    """One call of `add-checkpoint`, well-formed but with nothing verified.

    Units:   old in leaves.
    """

    old: int
    path: Sequence[bytes]
    note: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the status, and the body with its type."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """Cosigns checkpoints of the logs that it watches, each consistent with all before it."""

    def __init__(
        self,
        cosigner: Cosigner,
        logs: Mapping[str, Sequence[Verifier]],
        state: WitnessState,
        clock_s: Callable[[], int],
    ) -> None:
        self._cosigner = cosigner
        self._logs = logs
        self._state = state
        self._clock_s = clock_s

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request: a cosignature line, or the refusal that the specification names.

        Trust:   body comes from anybody.
        Effects: on 200 the checkpoint is recorded, durable before return.
        Raises:  sqlite3.Error if the state cannot be read or written; then nothing is cosigned.
        """
        try:
            request = parse_request(body)
        except (NoteInvalid, ProofInvalid) as error:  # 1
            return _refuse(400, str(error))
        keys = self._logs.get(request.checkpoint.origin)
        if keys is None:  # 2
            return _refuse(404, "the log is not known here")
        try:
            text = open_with(request.note, keys)
        except (KeyMismatch, SignatureInvalid) as error:  # 3
            return _refuse(403, str(error))
        if request.old > request.checkpoint.size:  # 4
            return _refuse(400, "the old size is above that of the checkpoint")
        return self._cosign(request, text)

    def _cosign(self, request: Request, text: bytes) -> Answer:
        new = request.checkpoint
        with self._state.turn(new.origin) as turn:
            refusal = _judge(request, turn.seen)
            if refusal is not None:
                return refusal
            turn.recorded = Seen(new.size, new.root)
            # The clock is read inside, so that the times of cosignatures come in their order.
            at_s = self._clock_s()
        return Answer(200, self._cosigner.cosign(text, at_s))


def parse_request(body: bytes) -> Request:
    """Read a request to its last byte; extension lines of other logs are let through.

    Raises:  ProofInvalid, NoteInvalid.
    Source:  C2SP tlog-witness, "add-checkpoint"; tlog-checkpoint, "Note text".
    """
    head, blank, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    if not blank or not first.startswith(b"old ") or len(lines) > MAX_PROOF_LINES:
        raise ProofInvalid("a request is an old size, a proof, a blank line and a checkpoint")
    try:
        old = parse_number(first.removeprefix(b"old "))
        path = [decode_base64(line) for line in lines]
    except ValueError as error:
        raise ProofInvalid("the old size or the proof is malformed") from error
    if any(len(step) != HASH_BYTES for step in path):
        raise ProofInvalid("a step of the proof is not 32 bytes")
    text, signatures = split_note(note)
    for line in signatures:
        parse_signature_line(line)
    return Request(old, path, note, _parse_any_checkpoint(text))


def _parse_any_checkpoint(text: bytes) -> Checkpoint:
    # Our own logs write no extension lines, but a witness may watch logs that do.
    lines = text.split(b"\n")
    if not all(lines[_LINES:-1]):
        raise NoteInvalid("an extension line of the checkpoint is empty")
    checkpoint = parse_checkpoint(b"\n".join([*lines[:_LINES], b""]))
    if checkpoint.size > MAX_SIZE:
        raise NoteInvalid("the size of the checkpoint is out of range")
    return checkpoint


def _judge(request: Request, seen: Seen) -> Answer | None:
    new = request.checkpoint
    if request.old != seen.size:  # 5
        return Answer(409, b"%d\n" % seen.size, "text/x.tlog.size")
    other_root = request.old == new.size and not request.path and new.root != seen.root
    if other_root and request.old:  # 7
        return _refuse(409, "another root was cosigned at this size")
    try:
        _verify_step(request, seen)
    except ProofInvalid as error:  # 6
        return _refuse(422, str(error))
    return None


def _verify_step(request: Request, seen: Seen) -> None:
    new = request.checkpoint
    if request.old:
        verify_consistency(
            old_size=request.old,
            new_size=new.size,
            path=request.path,
            old_root=seen.root,
            new_root=new.root,
        )
    elif request.path or (not new.size and new.root != EMPTY_ROOT):
        raise ProofInvalid("nothing follows from an empty tree, and it has one root only")


def _refuse(status: int, text: str) -> Answer:
    return Answer(status, f"{text}\n".encode())
