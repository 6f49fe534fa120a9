"""Answers in the database of the case store: kept together with what was made, for a day."""

import datetime as dt
import hmac
from dataclasses import dataclass
from typing import Final

from gateway.cases.rows import readable
from gateway.cases.store import CaseBook, CasePen
from gateway.cases.tables import Kind
from gateway.errors import CasesUnavailable, KeyReused, KeySpent, SourceFailed
from gateway.moments import instant_text
from gateway.repeats.tables import statements_for

TERM: Final = dt.timedelta(hours=24)
"""How long an answer is kept: as long as the ledger keeps those of disclosures."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a request is known by when it is repeated.

    Shapes:  identity: of the key of this client; digest: of who asks what under it; both in hex.
    Trust:   both are keyed hashes, so that the store says nothing about either.
    """

    identity: str
    digest: str


async def find_answer(book: CaseBook, key: Key, now: dt.datetime) -> str | None:
    """Return the answer that is kept under this key.

    Raises: KeyReused when it is that of another request; CasesUnavailable.
    """
    named = {"of": key.identity, "now": instant_text(now)}
    try:
        rows = await book.fetch(statements_for(book.kind).one, named)
        with readable():
            found = [(str(digest), str(answer)) for digest, answer in rows]
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc
    if not found:
        return None
    [(digest, answer)] = found
    if not hmac.compare_digest(digest, key.digest):
        raise KeyReused("the key stands for another request")
    return answer


async def keep_answer(pen: CasePen, kind: Kind, key: Key, answer: str, now: dt.datetime) -> None:
    """Keep an answer, in the transaction that makes what it tells of.

    Raises: KeySpent when another request was first; CasesUnavailable.
    """
    named = {
        "id": key.identity,
        "digest": key.digest,
        "answer": answer,
        "until": instant_text(now + TERM),
    }
    if not await pen.run(statements_for(kind).keep, named):
        raise KeySpent("another request made something under this key")


async def forget(book: CaseBook, now: dt.datetime) -> None:
    """Erase the answers whose term is over; from then on their keys are as new.

    Raises: CasesUnavailable.
    """
    async with book.writing() as pen:
        await pen.run(statements_for(book.kind).forget, {"now": instant_text(now)})
