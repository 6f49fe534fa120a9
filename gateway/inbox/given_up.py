"""Ends that a partner's system never took and that were given up: which, and putting them back."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from gateway.cases.rows import readable
from gateway.cases.store import CaseBook
from gateway.citizen.given_up import GivenUp
from gateway.inbox.tables import statements_for
from gateway.moments import instant_text
from gateway.webhooks import MOST_ATTEMPTS, pause_after

_KIND: Final = "disclosure.ended"

# While an end is tried, others are kept off it until the pause after that try is over.
_AFTER_LAST: Final = pause_after(MOST_ATTEMPTS - 1)


async def given_up(book: CaseBook) -> Sequence[GivenUp]:
    """Return the ends that were given up, the oldest first; each has the id of its request.

    Raises: SourceFailed.
    """
    rows = await book.fetch(statements_for(book.kind).given_up, {"most": MOST_ATTEMPTS})
    with readable():
        return [
            GivenUp(
                str(of),
                _KIND,
                dt.datetime.fromisoformat(str(tell_at)) - _AFTER_LAST,
                int(str(tries)),
            )
            for of, tell_at, tries in rows
        ]


async def count_given_up(book: CaseBook) -> int:
    """Return how many ends were given up.

    Raises: SourceFailed.
    """
    rows = await book.fetch(statements_for(book.kind).count_given_up, {"most": MOST_ATTEMPTS})
    with readable():
        return int(str(rows[0][0]))


async def put_back(book: CaseBook, identity: str, now: dt.datetime) -> bool:
    """Let an end that was given up be told from now on as if it were new; False if none is.

    Raises: CasesUnavailable.
    """
    named = {"of": identity, "now": instant_text(now), "most": MOST_ATTEMPTS}
    async with book.writing() as pen:
        return bool(await pen.run(statements_for(book.kind).again, named))
