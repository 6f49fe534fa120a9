"""How often one system may look: a bucket of tokens for each client and kind of look.

Every look at somebody's record leaves an entry, so a system that runs wild would fill the ledger.
The buckets are those of this process: several gateways together let that many times more pass. They
slow a client down and decide nothing, so that is enough.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import TooManyLooks


class Look(StrEnum):
    """The kinds of looks; each has buckets of its own."""

    CASE = "case"
    SEARCH = "search"
    INBOX = "inbox"
    QUESTION = "question"
    ANSWER = "answer"
    REVIEW = "review"
    REPORT = "report"
    LOG = "log"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class Rates:
    """The buckets of all clients; a client that was never seen has a full one.

    Units: per_minute: looks; a client that kept quiet may take that many at once.
    """

    def __init__(self, per_minute: int, monotonic_s: Callable[[], float]) -> None:
        self._most = float(per_minute)
        self._per_s = per_minute / 60
        self._monotonic_s = monotonic_s
        # No more than the registered clients times the kinds of looks.
        self._buckets: dict[tuple[str, Look], _Bucket] = {}

    def take(self, client: str, look: Look) -> None:
        """Count a look of this client, before anything is looked up.

        Raises: TooManyLooks with the seconds until there is one.
        """
        now = self._monotonic_s()
        bucket = self._buckets.setdefault((client, look), _Bucket(self._most, now))
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.at_s) * self._per_s)
        bucket.at_s = now
        if bucket.tokens < 1:
            raise TooManyLooks(math.ceil((1 - bucket.tokens) / self._per_s))
        bucket.tokens -= 1
