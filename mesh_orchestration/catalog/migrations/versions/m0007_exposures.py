"""What outside the mesh reads products, as dbt projects declare it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "exposures"
down_revision = "facets_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and have the next projection fill it."""
    op.create_table(
        "product_exposure",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
    )
    op.execute("delete from projection_mark where name = 'edges'")
