"""Tokens."""

from __future__ import annotations

revision = "tokens"
down_revision = "feedback"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
