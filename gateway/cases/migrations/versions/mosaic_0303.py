"""Answers that count for how often something may be asked."""

import sqlalchemy as sa
from alembic import op

revision = "0303_mosaic"
down_revision = "0302_marks"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "counted_answer",
        sa.Column("id", sa.String, primary_key=True),
        _text("organisation"),
        _text("purpose"),
        _text("fields"),
        _text("subject"),
        _text("at", index=True),
        sa.Column("holders", sa.Integer, nullable=False),
    )
    op.create_index("counted_of_organisation", "counted_answer", ["organisation", "subject", "at"])
    op.create_index("counted_of_subject", "counted_answer", ["subject"])


def _text(name: str, *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, index=index)
