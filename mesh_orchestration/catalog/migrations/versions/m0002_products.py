"""Products."""

from __future__ import annotations

revision = "products"
down_revision = "lineage"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
