"""Which key answers are counted under."""

import sqlalchemy as sa
from alembic import op

revision = "0502_counting"
down_revision = "0501_progress"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "counted_under",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("mark", sa.String, nullable=False),
    )
