"""Several persons in one entry, several writers, epochs, retention, and what witnesses give."""

import json

import sqlalchemy as sa
from alembic import op

from audit.storage.tables import Number

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the tables of version 0.1.0 to this form; nothing that they hold is lost."""
    _allow_pruned_leaves()
    _number_persons()
    _count_epochs()
    _count_by_gateway()
    op.create_table("cosigned", _key("size"), _bytes("note"))
    op.create_table("stamp", _key("size"), _bytes("response"))
    op.create_table("revision", sa.Column("digest", sa.String, primary_key=True), _bytes("content"))


def _allow_pruned_leaves() -> None:
    with op.batch_alter_table("entry") as entry:
        entry.alter_column("leaf", existing_type=sa.LargeBinary, nullable=True)


def _number_persons() -> None:
    op.rename_table("particulars", "particulars_0001")
    op.create_table(
        "particulars", _key("index"), _key("position"), _bytes("key_id"), _bytes("sealed")
    )
    op.execute(
        'INSERT INTO particulars SELECT "index", 0, key_id, sealed FROM particulars_0001'
        ' ORDER BY "index"'
    )
    op.drop_table("particulars_0001")
    op.create_index("ix_particulars_key_id", "particulars", ["key_id"])


def _count_epochs() -> None:
    op.execute("DELETE FROM head WHERE size = 0")
    op.add_column("head", sa.Column("epoch", Number, nullable=False, server_default="1"))


def _count_by_gateway() -> None:
    writer = op.create_table(
        "writer", sa.Column("gateway", sa.String, primary_key=True), _number("counter")
    )
    leaves = op.get_bind().execute(sa.text('SELECT leaf FROM entry ORDER BY "index"')).scalars()
    last = {leaf["gateway"]: leaf["counter"] for leaf in map(json.loads, leaves)}
    op.bulk_insert(writer, [{"gateway": name, "counter": n + 1} for name, n in last.items()])


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, primary_key=True, autoincrement=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)
