"""The tables of the incident store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

TABLES = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what it calls INTEGER
INCIDENTS = Table(
    "incident",
    TABLES,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("check", Text, nullable=False),
    Column("failing", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("opened_at", Double, nullable=False, index=True),
    Column("seen_at", Double, nullable=False),
    Column("times", Integer, nullable=False),
    Column("affected", Text, nullable=False),
    Column("acknowledged_at", Double),
    Column("acknowledged_by", Text, nullable=False),
    Column("told_at", Double, nullable=False),
    Column("unanswered_at", Double),
    Column("flapping", Integer, nullable=False),
    Column("settles_at", Double),
    Column("ended_at", Double, index=True),
    Column("end", Text, nullable=False),
)
SIGNALS = Table(
    "incident_signal",
    TABLES,
    Column("key", Text, primary_key=True),
    Column("incident", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("signal", Text, nullable=False),
)
MOMENTS = Table(
    "incident_moment",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("incident", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("what", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("evidence", Text, nullable=False),
)
DELIVERIES = Table(
    "incident_delivery",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("incident", Text, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("sent_at", Double),
    Index("incident_delivery_due", "state", "due_at"),
)
MUTES = Table(
    "incident_mute",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
PROGRESS = Table(
    "incident_progress", TABLES, Column("name", Text, primary_key=True), Column("said", Double, nullable=False)
)
