"""The table of the tokens of the service. It follows from nothing else: writing the catalog anew leaves it as it is."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text

from mesh_orchestration.catalog.tables_products import Moment

METADATA = MetaData()

TOKENS = Table(
    "api_token",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),  # SHA-256 (hex) of the whole token, which is random enough for that
    Column("role", Text, nullable=False),
    Column("rights", Text, nullable=False),  # words, a space between them
    Column("made_at", Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)
