"""The table of the sessions of people who signed in. It follows from nothing else; who loses one signs in again."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text

from mesh_orchestration.catalog.tables_products import Moment

METADATA = MetaData()

SESSIONS = Table(
    "web_session",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # SHA-256 (hex) of the whole secret
    Column("flow", Text, nullable=False, unique=True),  # SHA-256 (hex) of the sign-in that began it
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("rights", Text, nullable=False),  # words, a space between them
    Column("ends_at", Moment, nullable=False, index=True),
    Column("ended_at", Moment),
    Column("hint", Text, nullable=False),  # what the provider wants to be told at the end, under a key of the secret
)
