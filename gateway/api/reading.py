"""What the read interfaces for supervisors share: a bounded part of the ledger, and its addresses.

They show projections of public leaves and pseudonyms, never particulars. There is no index by trace
or by purpose (see audit/projections/window.py), so one question looks through so many entries and
no more; whoever needs a longer period asks about its parts.
"""

from fastapi import Request

from audit.ledger import LedgerReader
from audit.projections.record import Context
from gateway.errors import BodyInvalid

SCAN_LIMIT = 50_000  # Entries in one question: about a second of one core.


def context_of(request: Request) -> Context:
    """Return the addresses that lines name: those of the API document, never of the Host header."""
    return Context(str(request.app.servers[0]["url"]))


def period(log: LedgerReader, member: str, start_ms: int | None, end_ms: int | None) -> range:
    """Return the indexes of the entries of this period; what is None has no bound.

    Raises: BodyInvalid, naming the member, if the period holds more than one question may.
    """
    start = log.index_at(start_ms or 0)
    part = range(start, log.head().size if end_ms is None else log.index_at(end_ms + 1))
    if len(part) > SCAN_LIMIT:
        raise BodyInvalid(
            member,
            f"de periode heeft meer dan {SCAN_LIMIT} regels, vraag een kortere / "
            f"the period holds more than {SCAN_LIMIT} entries, ask for a shorter one",
        )
    return part
