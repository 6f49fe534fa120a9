"""The question which cases wait for a decision, over the tables of cases."""

from functools import cache

from sqlalchemy import bindparam, exists, literal_column, or_, select

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


@cache
def waiting_for(kind: Kind) -> Prepared:
    """Return the question; who takes part is told in it as `Party.takes_part_on` tells it."""
    case, party = (METADATA.tables[name].c for name in ("case_record", "case_party"))
    takes_part = exists().where(
        party.case_id == case.id,
        party.organisation == bindparam("organisation"),
        or_(party.role.is_(None), party.role == bindparam("role")),
        party.since <= bindparam("day"),
        or_(party.until.is_(None), party.until >= bindparam("day")),
        party.left_at.is_(None),
    )
    waits = (case.phase != bindparam("closed"), case.decided_on.is_(None))
    question = (
        select(case.id, case.phase, case.began_on, case.version)
        .where(case.kind == bindparam("kind"), *waits, takes_part)
        .order_by(case.began_on, case.id)
        .limit(bindparam("most"))
        .offset(literal_column("0"))  # SQLite would ask for it as one more value.
    )
    return prepare(question, kind)
