"""The tables of what only the service is told: its tokens, and contracts that were sent to it.

They follow from nothing else, so whoever writes the catalog anew leaves them as they are.
"""

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
REGISTRATIONS = Table(
    "registration",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # the contract's, whatever form it was written in
    Column("dialect", Text, nullable=False),
    Column("text", Text, nullable=False),  # as it was sent
    Column("document", Text, nullable=False),  # the contract as JSON
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
)
