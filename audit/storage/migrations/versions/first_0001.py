"""The tables of version 0.1.0."""

import sqlalchemy as sa
from alembic import op

from audit.storage.tables import Number

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1.0."""
    op.create_table(
        "entry",
        _key("index"),
        sa.Column("request_id", sa.String, nullable=False, unique=True),
        _bytes("leaf"),
        _bytes("leaf_hash"),
    )
    op.create_table("node", _key("level"), _key("index"), _bytes("hash"), sqlite_with_rowid=False)
    op.create_table(
        "head",
        _key("id"),
        _number("size"),
        _bytes("root"),
        _number("last_time"),
        sa.CheckConstraint("id = 1"),
    )
    op.create_table("checkpoint", _key("size"), _bytes("note"))
    op.create_table(
        "subject_key",
        sa.Column("key_id", sa.LargeBinary, primary_key=True),
        sa.Column("lookup", sa.LargeBinary, nullable=False, unique=True),
        _bytes("wrapped"),
        _number("epoch"),
    )
    op.create_table("particulars", _key("index"), _bytes("key_id"), _bytes("sealed"))
    op.create_table(
        "replay",
        _key("index"),
        _number("expires_ms"),
        _bytes("digest"),
        _bytes("key_id"),
        _bytes("sealed"),
    )


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, primary_key=True, autoincrement=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)
