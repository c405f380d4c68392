"""Lineage: what OpenLineage's events say."""

from __future__ import annotations

revision = "lineage"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
