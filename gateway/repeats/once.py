"""What is released once: under an id fixed beforehand, and read again by the same person alone."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import orjson

from audit.entry import Receipt
from gateway.answer import Answer
from gateway.passage import Passage

Earlier = Callable[[str, bytes], tuple[Answer, Receipt] | None]
"""Returns the answer that was released under this id, to the same person as this digest says."""


def under(passage: Passage, identity: str, digest: bytes) -> Passage:
    """Return the passage under an id that was fixed beforehand, its answer kept for a while."""
    envelope = replace(passage.envelope, request_id=identity, replay_digest=digest)
    return replace(passage, envelope=envelope)


def digest_of(identity: str, passage: Passage) -> bytes:
    """Return what tells whether somebody who comes for a kept answer is the same as before."""
    caller = passage.caller
    who = orjson.dumps([identity, caller.organisation, caller.role, caller.professional])
    return hashlib.sha256(who).digest()
