"""Answers to requests that made something, kept for whoever repeats one under the same key."""

import sqlalchemy as sa
from alembic import op

revision = "0251_idempotency"
down_revision = "0201_outbox"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "kept_answer",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("until", sa.String, nullable=False, index=True),
    )
