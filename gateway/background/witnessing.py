"""Who saw the log: witnesses cosign its newest checkpoint, an authority stamps it; both are kept.

Neither is waited for by a request. What a request meets is the dead-man stop: when no quorum saw
the log for four hours, nothing is released until one does.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

import httpx

from audit.checkpoint import parse_checkpoint
from audit.errors import AuditError, QuorumMissing, StampInvalid
from audit.ledger import LedgerReader
from audit.note import split_note
from audit.storage.contract import Annex
from audit.timestamp import MAX_STAMP_BYTES, request_stamp, verify_stamp
from audit.witness.client import ALARMS, Reason, Refused, WitnessClient
from audit.witness.policy import Policy
from audit.witness.watch import Unwatched, Watch, Watched
from gateway.decision.model import Code

_LOG: Final = logging.getLogger("doelpoort.witnesses")


@dataclass(frozen=True, slots=True)
class Witnessing:
    """The witnesses of one log, and the watch over their silence.

    Units:   clock_ms gives ms since 1970.
    """

    policy: Policy
    client: WitnessClient
    watch: Watch
    log: LedgerReader
    annex: Annex
    clock_ms: Callable[[], int]

    async def ask(self) -> None:
        """Submit the newest checkpoint to every witness, also one that they cosigned before.

        A quiet log is submitted again and again: what the witnesses tell by it is the time.

        Effects: a note with a quorum is kept. A witness that tells of another history is an alarm
                 in the log of this process; what it said is not repeated.
        """
        gathered = await self.client.gather(self.log.checkpoint(), self.log.consistency)
        for witness, outcome in gathered.outcomes:
            if isinstance(outcome, Refused):
                level = logging.ERROR if self._is_alarm(outcome) else logging.WARNING
                _LOG.log(level, "witness %s: %s", witness.name, outcome.reason.value)
        try:
            quorum = self.policy.check(gathered.note)
        except QuorumMissing:
            _LOG.warning("no quorum of witnesses cosigned")
            return
        self.annex.add_cosigned(quorum.size, gathered.note)
        self.watch.note_quorum(quorum, self.clock_ms())

    def _is_alarm(self, refused: Refused) -> bool:
        # Another gateway on this log may have submitted more than we knew of when we asked.
        if refused.reason is Reason.AHEAD and refused.size is not None:
            return refused.size > self.log.head().size
        return refused.reason in ALARMS

    def hold(self) -> Code | None:
        """Say why nothing may be released: no quorum saw the log for too long."""
        match self.watch.state(self.clock_ms()):
            case Watched():
                return None
            case Unwatched():
                return Code.WITNESSES_MISSING
            case other:
                assert_never(other)


def begin_watch(policy: Policy, log: LedgerReader, annex: Annex, now_ms: int) -> Watch:
    """Return a watch that goes on from the last quorum that is kept, or from the log's beginning.

    Raises: AuditError when the log cannot be read.
    """
    for _, note in annex.cosigned():
        try:
            quorum = policy.check(note)
        except AuditError:
            # Cosigned under another policy, or altered: no witness of ours vouches for it.
            continue
        if quorum.at_ms is not None:
            return Watch(quorum.at_ms, now_ms)
    return Watch(log.begun_ms(), now_ms)


@dataclass(frozen=True, slots=True)
class Stamping:
    """The authority that stamps checkpoints (RFC 3161).

    Shapes:  chain: its certificates as PEM, from the operator.
    """

    url: str
    chain: bytes
    http: httpx.AsyncClient
    log: LedgerReader
    annex: Annex
    clock_ms: Callable[[], int]

    async def ask(self) -> None:
        """Have the newest checkpoint stamped, unless it is.

        Effects: a stamp that verifies is kept; one that does not is not.
        """
        note = self.log.checkpoint()
        size = parse_checkpoint(split_note(note)[0]).size
        newest = next((stamped for stamped, _ in self.annex.stamps()), 0)
        if newest >= size:
            return
        request = request_stamp(note)
        try:
            response = await self._post(request.body)
            verify_stamp(
                response, note, chain=self.chain, now_ms=self.clock_ms(), nonce=request.nonce
            )
        except (httpx.HTTPError, StampInvalid) as exc:
            _LOG.warning("no time stamp: %s", type(exc).__name__)
            return
        self.annex.add_stamp(size, response)

    async def _post(self, query: bytes) -> bytes:
        """Return what the authority answers, cut off once it is longer than any stamp."""
        # Raw bytes are counted, so that no compressed answer grows in memory.
        headers = {"content-type": "application/timestamp-query", "accept-encoding": "identity"}
        async with self.http.stream("POST", self.url, content=query, headers=headers) as answer:
            received = b""
            async for chunk in answer.raise_for_status().aiter_raw():
                received += chunk
                if len(received) > MAX_STAMP_BYTES:
                    break
        return received
