"""Agreements say how far they are, and their next day, where they were kept or not."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0501_progress"
down_revision = "0401_consents"

_CASE = sa.table("case_record", sa.column("id"), sa.column("agreements"))


def upgrade() -> None:
    """Write the agreements of every case anew; who has not kept one is only known to plan it."""
    connection = op.get_bind()
    kept = sa.select(_CASE.c.id, _CASE.c.agreements).where(_CASE.c.agreements != "[]")
    for case, agreements in connection.execute(kept).all():
        of_case = sa.update(_CASE).where(_CASE.c.id == case)
        connection.execute(of_case.values(agreements=_with_progress(agreements)))


def _with_progress(agreements: str) -> str:
    made = [
        {
            "number": each["number"],
            "organisation": each["organisation"],
            "action": each["action"],
            "until": each["until"],
            "status": "gereed" if each["is_done"] else "gepland",
            "next_on": None,
        }
        for each in json.loads(agreements)
    ]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))
