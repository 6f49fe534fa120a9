"""The first form of the case store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _make_cases()
    _make_consents()
    op.create_table(
        "representation",
        sa.Column("id", sa.String, primary_key=True),
        _text("subject", index=True),
        _text("kind"),
        _text("domain"),
        _text("since"),
        _maybe("until"),
    )
    op.create_table(
        "unrecorded",
        sa.Column("request_id", sa.String, primary_key=True),
        _text("draft"),
    )


def _make_cases() -> None:
    op.create_table(
        "case_record",
        sa.Column("id", sa.String, primary_key=True),
        _text("ledger_key", unique=True),
        _text("subject", index=True),
        _maybe("label"),
        _text("kind"),
        _text("phase"),
        _text("beginning"),
        _text("began_on"),
        sa.Column("version", sa.Integer, nullable=False),
        _maybe("signal"),
        _text("agreements"),
    )
    op.create_table(
        "case_party",
        sa.Column("case_id", sa.String, sa.ForeignKey("case_record.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        _text("organisation", index=True),
        _maybe("role"),
        _text("since"),
        _maybe("until"),
        _maybe("mandate"),
        _text("tasks"),
        _maybe("trajectory"),
        _maybe("left_at"),
    )


def _make_consents() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.String, primary_key=True),
        _text("ledger_key", unique=True),
        _text("subject"),
        _text("processing"),
        _maybe("purpose"),
        _text("fields_only"),
        _text("given_by"),
        _text("given_on"),
        _maybe("valid_until"),
        _maybe("withdrawn_on"),
        _maybe("form"),
        _text("recorded_by"),
    )
    op.create_index("consent_of_person", "consent", ["subject", "processing"])
    op.create_table(
        "confirmation",
        sa.Column("id", sa.String, primary_key=True),
        _text("subject"),
        _text("purpose"),
        _text("confirmed_on"),
        _maybe("valid_until"),
    )
    op.create_index("confirmation_of_person", "confirmation", ["subject", "purpose"])


def _text(name: str, *, unique: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, unique=unique or None, index=index)


def _maybe(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String)
