"""The tables of what the mesh holds: a projection of contracts, Iceberg and the log of decisions.

All of them can be written anew, but for contracts that were registered from outside (``origin`` = registered).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

from mesh_orchestration.moments import microseconds, moment


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as microseconds since 1970, so that it sorts and compares alike in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> Any:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, _: Dialect) -> datetime | None:
        return None if value is None else moment(int(value))


METADATA = MetaData()

PRODUCTS = Table(
    "product",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("domain", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("origin", Text, nullable=False),  # contract (a file of this mesh) or registered (sent to the service)
    Column("file", Text, nullable=False),
    Column("document", Text, nullable=False),  # the contract as JSON
    Column("tags", Text, nullable=False),  # a JSON list
    Column("sunset", Text, nullable=False),
    Column("window", BigInteger),  # seconds that a publication stays fresh
    Column("problem", Text, nullable=False),  # what is wrong with its domain's contracts
    # What follows is told by Iceberg.
    Column("snapshot", BigInteger),
    Column("published", Moment, index=True),
    Column("rows", BigInteger),
    Column("bytes", BigInteger),
    Column("passed", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("warned", Integer, nullable=False, default=0),
    Column("refused", Moment),  # when the newest attempt was refused; null when it was not
    Column("mark", Text, nullable=False, default=""),  # the state of the table that was read last
    # What the mesh at a glance counts: without it, every contract's text is read to count them.
    Index("product_glance", "domain", "owner", "refused", "published", "window", "warned"),
)
PRODUCT_EDGES = Table(
    "product_edge",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True, index=True),
)
EXPOSURES = Table(
    "product_exposure",  # what outside the mesh reads a product, as the dbt project of a domain declares it
    METADATA,
    Column("source", Text, primary_key=True),
    Column("consumer", Text, primary_key=True),  # its domain and name
    Column("type", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("url", Text, nullable=False),
)
DOMAINS = Table("domain", METADATA, Column("name", Text, primary_key=True), Column("problem", Text, nullable=False))
COLUMNS = Table(
    "product_column",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("semantics", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON list
    Column("pii", Text, nullable=False),
    Column("mask", Text, nullable=False),
    Column("nullable", Boolean, nullable=False),
    Column("primary_key", Boolean, nullable=False),
)
VERSIONS = Table(
    "product_version",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("at", Moment, index=True),  # committed, or else first published; null when neither
    Column("commit", Text, nullable=False),
    Column("document", Text, nullable=False),  # the contract as JSON; empty when only a snapshot remembers it
)
PUBLICATIONS = Table(
    "publication",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("attempt", Text, primary_key=True),  # the snapshot's id, or the run's when nothing was written
    Column("snapshot", BigInteger),
    Column("parent", BigInteger),
    Column("branch", Text, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("run_id", Text, nullable=False, index=True),
    Column("published", Boolean, nullable=False),
    Column("version", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("warned", Integer, nullable=False),
    Column("reasons", Text, nullable=False),  # a JSON list
    Column("inputs", Text, nullable=False),  # JSON: what each input port held
    Column("rewrite", Text, nullable=False),
    Column("policy_hash", Text, nullable=False),
)
CHECK_RESULTS = Table(
    "check_result",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("attempt", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("severity", Text, nullable=False),
    Column("expectation", Text, nullable=False),
    Column("column", Text, nullable=False),
    Column("unexpected", BigInteger),
    Column("elements", BigInteger),
    Column("observed", Text, nullable=False),  # JSON
    Column("sample", Text, nullable=False),  # JSON: columns and masked rows, or a note; empty without
)
USAGE = Table(
    "product_usage",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # 2026-11-21, UTC
    Column("role", Text, primary_key=True),
    Column("reads", BigInteger, nullable=False),
    Column("denied", BigInteger, nullable=False),
)
RUN_COSTS = Table(
    "run_cost",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("seconds", Double, nullable=False),
)
TRAITS = Table(
    "product_trait",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("trait", Text, primary_key=True),
    Column("score", Double, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: each fact with weight, whether it holds, and the evidence
)
MARKS = Table(
    "projection_mark",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
SEARCH = Table(
    "search_document",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # product, dataset or job
    Column("key", Text, nullable=False),  # the address, or namespace and name
    Column("title", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON list
    Column("detail", Text, nullable=False),  # JSON: what the page shows of a hit
    # Words as they are looked for: in small letters, without accents, one blank between them.
    Column("names", Text, nullable=False),
    Column("marks", Text, nullable=False),  # columns, tags, owner
    Column("docs", Text, nullable=False),
    Index("search_document_key", "kind", "key", unique=True),
    Index("search_document_domain", "domain"),
)
