"""Reading the fields that a permit names, each brought down to its precision."""

import asyncio
import datetime as dt
from collections.abc import Sequence

from gateway.catalogue.model import FieldGrant, Precision
from gateway.catalogue.precision import minimise
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row, Source, plan
from gateway.subject import Subject

# What is a yes or a no, and so can be answered with "unknown".
_FLAGS = frozenset({Precision.EXISTS, Precision.FLAG})


async def read_fields(
    source: Source,
    subject: Subject | None,
    grants: Sequence[FieldGrant],
    day: dt.date,
    *,
    silence_is_unknown: bool = False,
) -> dict[str, object]:
    """Return what each grant lets through, by name.

    Where silence is unknown, a flag whose source gives no answer is unknown; anything else that a
    source does not give ends the reading, and so does silence on all sides.

    Raises: SourceFailed.
    """
    queries = plan(grants)
    if silence_is_unknown:
        answers = await asyncio.gather(*(_rows_or_none(source, subject, each) for each in queries))
    else:
        answers = list(await source.rows(subject, queries))
    if queries and all(answer is None for answer in answers):
        raise SourceFailed("no source gave an answer")
    found = dict(zip(((query.table, query.where) for query in queries), answers, strict=True))
    return {grant.name: _value(grant, found[grant.table, grant.where], day) for grant in grants}


def _value(grant: FieldGrant, rows: Sequence[Row] | None, day: dt.date) -> object:
    if rows is not None:
        return minimise(grant, rows, day)
    if grant.precision not in _FLAGS:
        raise SourceFailed("only a flag can be unknown for want of an answer")
    return None


async def _rows_or_none(
    source: Source, subject: Subject | None, query: Query
) -> Sequence[Row] | None:
    try:
        (rows,) = await source.rows(subject, (query,))
    except SourceFailed:
        return None
    return rows
