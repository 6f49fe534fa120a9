"""Asking the witnesses of a policy for their cosignatures, all at once, each within its deadline.

Nothing a witness answers is believed before it verified, and nothing of it is echoed: an outcome is
a cosignature or one of the reasons below.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

from audit.checkpoint import Checkpoint, parse_checkpoint, parse_number
from audit.cosignature import Cosignature, add_cosignatures, read_cosignature
from audit.errors import AuditError, KeyMismatch, NoteInvalid, SignatureInvalid
from audit.note import split_note
from audit.witness.policy import Policy, Witness

MAX_ANSWER_BYTES: Final = 65_536  # A hundred lines of the longest known kind of cosignature.
SIZE_TYPE: Final = "text/x.tlog.size"

Consistency = Callable[[int, int], Sequence[bytes]]


class Reason(StrEnum):
    """Why a witness did not cosign; those in `ALARMS` are more than an outage."""

    NO_ADDRESS = "no-address"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    WRONG_SIGNATURE = "wrong-signature"
    NOT_COSIGNED = "not-cosigned"
    BAD_REQUEST = "bad-request"
    FORBIDDEN = "forbidden"
    UNKNOWN_LOG = "unknown-log"
    BUSY = "busy"
    OTHER_ROOT = "other-root"
    INCONSISTENT = "inconsistent"
    AHEAD = "ahead"
    MOVED = "moved"
    FORGETFUL = "forgetful"
    OTHER_STATUS = "other-status"


# The witness saw another history than ours, or lost the one it saw. One that is ahead saw what
# another gateway on the same log submitted, or a fork: the size of the log itself tells which.
ALARMS: Final = frozenset(
    {Reason.OTHER_ROOT, Reason.INCONSISTENT, Reason.AHEAD, Reason.FORGETFUL, Reason.WRONG_SIGNATURE}
)

_REASONS: Final = {
    400: Reason.BAD_REQUEST,
    403: Reason.FORBIDDEN,
    404: Reason.UNKNOWN_LOG,
    422: Reason.INCONSISTENT,
    429: Reason.BUSY,
    503: Reason.BUSY,
}
_UNVERIFIED: Final[Mapping[type[AuditError], Reason]] = {
    NoteInvalid: Reason.MALFORMED,
    SignatureInvalid: Reason.WRONG_SIGNATURE,
    KeyMismatch: Reason.NOT_COSIGNED,
}
_OK: Final = 200
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Refused:
    """A witness that did not cosign: why, and the size that it claims to know, if it told one."""

    reason: Reason
    size: int | None = None


Outcome = Cosignature | Refused


@dataclass(frozen=True, slots=True)
class Gathered:
    """What asking all witnesses came to.

    Trust:   the note holds verified cosignatures only; whether they make a quorum is for
             `Policy.check` to say.
    """

    note: bytes
    outcomes: Sequence[tuple[Witness, Outcome]]


class WitnessClient:
    """Submits checkpoints to the witnesses of one policy, and remembers how far each has come."""

    def __init__(self, policy: Policy, http: httpx.AsyncClient, deadline_s: float) -> None:
        self._policy = policy
        self._http = http
        self._deadline_s = deadline_s
        self._known: dict[str, int] = {}

    async def gather(self, note: bytes, consistency: Consistency) -> Gathered:
        """Ask every witness to cosign this checkpoint, and give the note with what came back.

        Units:   consistency(old, new) gives the proof between two sizes of the log.
        Trust:   the note is our own, signed by the log. Answers may come from an attacker.
        Effects: one POST per witness, two when it stands at another size than we thought.
        Raises:  NoteInvalid if the note is no checkpoint.
        """
        text, _ = split_note(note)
        submission = _Submission(note, text, parse_checkpoint(text), consistency)
        witnesses = self._policy.witnesses
        outcomes = await asyncio.gather(*(self._ask(each, submission) for each in witnesses))
        found = list(zip(witnesses, outcomes, strict=True))
        cosigned = [(each.key, got) for each, got in found if isinstance(got, Cosignature)]
        return Gathered(add_cosignatures(note, cosigned), found)

    async def _ask(self, witness: Witness, submission: "_Submission") -> Outcome:
        if witness.url is None:
            return Refused(Reason.NO_ADDRESS)
        try:
            async with asyncio.timeout(self._deadline_s):
                outcome = await self._submit(witness, witness.url, submission)
        except TimeoutError:
            return Refused(Reason.SLOW)
        if isinstance(outcome, Cosignature):
            self._known[witness.key.vkey] = submission.checkpoint.size
        return outcome

    async def _submit(self, witness: Witness, url: str, submission: "_Submission") -> Outcome:
        known = self._known.get(witness.key.vkey, 0)
        # An older checkpoint than the last one may be submitted again.
        old = min(known, submission.checkpoint.size)
        answer = await _post(self._http, url, submission.body(old))
        size = _told_size(answer)
        if size is not None and size != old:
            refused = _unfit(size, known, submission.checkpoint.size)
            if refused is not None:
                return refused
            old = size
            answer = await _post(self._http, url, submission.body(old))
        return _outcome(answer, old, witness, submission)


@dataclass(frozen=True, slots=True)
class _Submission:
    note: bytes
    text: bytes
    checkpoint: Checkpoint
    consistency: Consistency

    def body(self, old: int) -> bytes:
        path = self.consistency(old, self.checkpoint.size) if old else ()
        lines = b"".join(b64encode(step) + b"\n" for step in path)
        return b"old %d\n%s\n%s" % (old, lines, self.note)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    kind: str
    body: bytes


async def _post(http: httpx.AsyncClient, url: str, body: bytes) -> _Answer | Refused:
    # Compressed answers are not asked for, and raw bytes are counted: no answer grows in memory.
    headers = {"content-type": "text/plain", "accept-encoding": "identity"}
    address = url.rstrip("/") + "/add-checkpoint"
    try:
        async with http.stream("POST", address, content=body, headers=headers) as response:
            received = b""
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > MAX_ANSWER_BYTES:
                    return Refused(Reason.TOO_LONG)
            kind = response.headers.get("content-type", "")
            return _Answer(response.status_code, kind, received)
    except httpx.TimeoutException:
        return Refused(Reason.SLOW)
    except (httpx.HTTPError, httpx.InvalidURL):
        return Refused(Reason.UNREACHABLE)


def _told_size(answer: _Answer | Refused) -> int | None:
    if isinstance(answer, Refused) or answer.status != _CONFLICT or answer.kind != SIZE_TYPE:
        return None
    number, newline, rest = answer.body.partition(b"\n")
    try:
        return parse_number(number) if newline and not rest else None
    except ValueError:
        return None


def _unfit(size: int, known: int, ours: int) -> Refused | None:
    if size > ours:
        return Refused(Reason.AHEAD if size > known else Reason.MOVED, size)
    return Refused(Reason.FORGETFUL, size) if size < known else None


def _outcome(
    answer: _Answer | Refused, old: int, witness: Witness, submission: _Submission
) -> Outcome:
    if isinstance(answer, Refused):
        return answer
    if answer.status == _CONFLICT:
        return _conflict(_told_size(answer), old, submission.checkpoint.size)
    if answer.status != _OK:
        return Refused(_REASONS.get(answer.status, Reason.OTHER_STATUS))
    try:
        return read_cosignature(answer.body, submission.text, witness.key)
    except (NoteInvalid, SignatureInvalid, KeyMismatch) as error:
        return Refused(_UNVERIFIED[type(error)])


def _conflict(told: int | None, old: int, ours: int) -> Refused:
    if told is not None and told != old:
        return Refused(Reason.MOVED, told)
    # At the very size that it knows, only the roots can differ.
    return Refused(Reason.OTHER_ROOT if old == ours else Reason.MALFORMED, told)
