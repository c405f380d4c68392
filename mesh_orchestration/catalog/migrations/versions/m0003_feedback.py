"""Feedback: ratings and comments."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "feedback"
down_revision = "products"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "product_rating",
        Column("address", Text, primary_key=True),
        Column("who", Text, primary_key=True),
        Column("stars", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_table(
        "product_comment",
        Column("id", Integer, primary_key=True),
        Column("address", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_index("ix_product_comment_address", "product_comment", ["address"])
