"""Feedback."""

from __future__ import annotations

revision = "feedback"
down_revision = "products"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
