"""Tables of figures about groups, as they were told."""

import sqlalchemy as sa
from alembic import op

revision = "0304_figures"
down_revision = "0303_mosaic"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "told_figures",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("content", sa.String, nullable=False),
    )
