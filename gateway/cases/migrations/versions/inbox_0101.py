"""Questions to the professional who holds the answer, and views that wait for their recipients."""

import sqlalchemy as sa
from alembic import op

revision = "0101_inbox"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "source_question",
        sa.Column("id", sa.String, primary_key=True),
        _text("release_id", unique=True),
        _text("subject"),
        _text("purpose"),
        _text("client"),
        _text("organisation"),
        _text("role"),
        _text("professional"),
        _text("holder"),
        _text("holder_role"),
        _text("request"),
        _text("asked_at"),
        _text("until", index=True),
        _text("state"),
        _maybe("answer"),
        _maybe("ended_at"),
        _maybe("reminded_on"),
        _maybe("tell_at"),
        sa.Column("tell_tries", sa.Integer, nullable=False),
    )
    op.create_index("question_of_holder", "source_question", ["holder", "holder_role", "state"])
    op.create_index("question_to_tell", "source_question", ["tell_at"])
    op.create_table(
        "table_view",
        sa.Column("id", sa.String, primary_key=True),
        _text("table_id", index=True),
        _text("organisation"),
        _text("role"),
        _text("professional"),
        _text("request"),
        _text("until", index=True),
        _maybe("collected_at"),
    )


def _text(name: str, *, unique: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, unique=unique or None, index=index)


def _maybe(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String)
