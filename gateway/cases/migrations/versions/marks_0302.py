"""What a coordinator notes of a case: that working together is stuck, and that it was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0302_marks"
down_revision = "0251_idempotency"


def upgrade() -> None:
    """Add the columns."""
    for name in ("stalled_on", "decided_on"):
        op.add_column("case_record", sa.Column(name, sa.String, nullable=True))
