"""Reading the fields that a permit names, each brought down to its precision."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from gateway.catalogue.model import Derive, FieldGrant, Precision
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.catalogue.values.misfits import misfits
from gateway.catalogue.values.rows import only
from gateway.errors import SourceFailed
from gateway.sources.foreseen import foreseen
from gateway.sources.source import Query, Row, Scalar, Source, plan, predicate_of
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

# What is a yes or a no, and so can be answered with "unknown".
_FLAGS = frozenset({Precision.EXISTS, Precision.FLAG})

Found: TypeAlias = Mapping[tuple[str, tuple[tuple[str, Scalar], ...]], Sequence[Row] | None]
"""The rows by table and condition; None where the source gave no answer."""


async def read_fields(
    source: Source,
    subject: Subject | None,
    grants: Sequence[FieldGrant],
    occasion: Occasion,
    *,
    silence_is_unknown: bool = False,
) -> dict[str, object]:
    """Return what each grant lets through, by name.

    Where silence is unknown, a flag whose source gives no answer is unknown; anything else that a
    source does not give ends the reading, and so does silence on all sides.

    Effects: values that keep an answer from being made are counted in the log, and not shown.
    Raises:  SourceFailed.
    """
    queries = plan(grants)
    if silence_is_unknown:
        answers = await asyncio.gather(*(_rows_or_none(source, subject, each) for each in queries))
    else:
        answers = list(await source.rows(subject, queries))
    if queries and all(answer is None for answer in answers):
        raise SourceFailed("no source gave an answer")
    found = dict(zip(((query.table, query.where) for query in queries), answers, strict=True))
    unfit: Counter[str] = Counter()
    values = {grant.name: _value(grant, found, occasion, unfit) for grant in grants}
    for column, count in unfit.items():
        _LOG.warning("%d values of %s do not fit what is made of them", count, column)
    return values


def rows_behind(grant: FieldGrant, found: Found) -> Sequence[Row] | None:
    """Return the rows that a field is made of, with the name of another register in each."""
    rows = found[grant.table, grant.where]
    if grant.elsewhere is None or rows is None:
        return rows
    table, column = grant.elsewhere
    others = found[table, ()]
    if others is None:
        return None
    name = only([row.get(column) for row in others])
    return [{**row, grant.other_key: name} for row in rows]


def settled(grant: FieldGrant, rows: Sequence[Row]) -> tuple[FieldGrant, Sequence[Row]]:
    """Return what is left to do: of what the source has compared itself, to take its yes or no."""
    asked = predicate_of(grant)
    if asked is None or not any(asked.name in row for row in rows):
        return grant, rows
    taken = replace(grant, derive=Derive.ONE, against=None, one_of=())
    return taken, [{asked.column: row.get(asked.name)} for row in rows]


def _value(grant: FieldGrant, found: Found, occasion: Occasion, unfit: Counter[str]) -> object:
    rows = rows_behind(grant, found)
    if rows is None:
        if grant.precision not in _FLAGS:
            raise SourceFailed("only a flag can be unknown for want of an answer")
        return None
    grant, rows = settled(grant, rows)
    value = minimise(grant, rows, occasion)
    if value is None:
        unfit.update(misfits(grant, rows))
    return value


async def _rows_or_none(
    source: Source, subject: Subject | None, query: Query
) -> Sequence[Row] | None:
    try:
        with foreseen("a source"):
            (rows,) = await source.rows(subject, (query,))
    except SourceFailed:
        return None
    return rows
