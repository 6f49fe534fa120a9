"""Consents whose end by their term is recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0401_consents"
down_revision = "0304_figures"


def upgrade() -> None:
    """Make the table."""
    op.create_table("consent_end", sa.Column("consent", sa.String, primary_key=True))
