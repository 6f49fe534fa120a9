"""Messages that must go out, how far the ledger was followed, and reviews of emergencies."""

import sqlalchemy as sa
from alembic import op

revision = "0201_outbox"
down_revision = "0101_inbox"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "message",
        sa.Column("id", sa.String, primary_key=True),
        _text("kind"),
        _text("payload"),
        _text("state"),
        _text("due_at"),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("message_that_is_due", "message", ["state", "due_at"])
    op.create_table(
        "followed",
        sa.Column("log", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "emergency_review",
        sa.Column("entry", sa.String, primary_key=True),
        _text("used_at"),
        _text("organisation"),
        _text("role"),
        _text("purpose"),
        _text("reason"),
        _text("used_by"),
        _text("review_by"),
        sa.Column("verdict", sa.String),
    )
    op.create_index("emergency_review_open", "emergency_review", ["verdict", "review_by"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)
