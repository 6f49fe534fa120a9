"""By which day it must be decided in a case what the person gets, and how many are too late."""

import datetime as dt
from dataclasses import dataclass

from gateway.cases.model import CaseRecord
from gateway.cases.store import CaseBook
from gateway.catalogue.model import Catalogue


@dataclass(frozen=True, slots=True)
class Due:
    """The last day to decide, the day on which it was decided, and whether that is too late now."""

    decide_by: dt.date
    decided_on: dt.date | None
    is_overdue: bool


def find_due(catalogue: Catalogue, record: CaseRecord, day: dt.date) -> Due | None:
    """Return how it stands with the decision in this case; None where its kind has no term."""
    case = record.case
    kind = catalogue.case_kinds.get(case.kind)
    decide_by = None if kind is None else kind.decide_by(record.began_on)
    if decide_by is None:
        return None
    waits = case.is_open and case.decided_on is None
    return Due(decide_by, case.decided_on, waits and decide_by < day)


async def count_overdue(catalogue: Catalogue, book: CaseBook, day: dt.date) -> int:
    """Return in how many open cases nobody decided within the term.

    Raises: SourceFailed.
    """
    late = 0
    for kind in catalogue.case_kinds.values():
        if kind.decide_within is None:
            continue
        for began_on, cases in (await book.undecided(kind.id)).items():
            decide_by = kind.decide_by(began_on)
            late += cases if decide_by is not None and decide_by < day else 0
    return late
