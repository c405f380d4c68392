"""What OpenLineage's events say, as tables: nodes, runs, versions, edges, and the events themselves.

Times are microseconds since 1970 (UTC). Everything but the events follows from the events, in whatever order they come.
``generation`` is the number of the write that last changed a row of the graph; whoever keeps the graph in memory reads
what is newer than what it has.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()

state = Table(
    "lineage_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1: the row that writers lock
    Column("generation", BigInteger, nullable=False),
    Column("next_node", BigInteger, nullable=False),
    Column("next_run", BigInteger, nullable=False),
    Column("next_event", BigInteger, nullable=False),
)

nodes = Table(
    "lineage_nodes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # dataset | job
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),  # the first event that names it
    Column("updated_at", BigInteger, nullable=False),  # the last
    Column("written_at", BigInteger),  # the last event that names the dataset as an output
    Column("description", Text),  # the documentation facet
    Column("lifecycle", Text),  # CREATE | ALTER | OVERWRITE | TRUNCATE | RENAME | DROP
    Column("lifecycle_at", BigInteger),
    Column("job_type", Text),  # the jobType facet: integration, e.g. DAGSTER
    Column("location", Text),  # the sourceCodeLocation facet
    Column("parent_id", BigInteger),  # the job that started this one
    Column("declared_at", BigInteger),  # the last JobEvent with inputs or outputs
    Column("current_from", BigInteger),  # edges of the job that were last stated before this are history
    Index("lineage_nodes_key", "kind", "namespace", "name", unique=True),
)

facets = Table(
    "lineage_facets",
    metadata,
    Column("node_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),  # who writes it, for columnLineage; else 0
    Column("at", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Index("lineage_facets_generation", "generation"),
)

fields = Table(
    "lineage_fields",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),  # of a nested field its path: customer.address.city
    Column("type", Text),
    Column("description", Text),
    Index("lineage_fields_name", "name"),
)

tags = Table(
    "lineage_tags",
    metadata,
    Column("node_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("field", Text),  # the column it is about
    Column("source", Text),
    Index("lineage_tags_key", "key", "value"),
)

owners = Table(
    "lineage_owners",
    metadata,
    Column("node_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("type", Text),
    Index("lineage_owners_name", "name"),
)

aliases = Table(
    "lineage_aliases",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("type", Text),
    Index("lineage_aliases_key", "namespace", "name"),
)

renames = Table(
    "lineage_renames",
    metadata,
    Column("old_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("new_id", BigInteger, ForeignKey("lineage_nodes.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
)

runs = Table(
    "lineage_runs",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),  # the UUID
    Column("job_id", BigInteger, ForeignKey("lineage_nodes.id"), nullable=False),
    Column("state", Text, nullable=False),  # START | RUNNING | COMPLETE | FAIL | ABORT | OTHER
    Column("state_key", Text, nullable=False),  # the greatest wins: ended before not, then time, then state
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("nominal_start", BigInteger),
    Column("nominal_end", BigInteger),
    Column("parent_run", Text),  # the UUID; the parent may never tell of itself
    Column("touches", Boolean, nullable=False),  # it has told of inputs or outputs
    Index("lineage_runs_run", "run", unique=True),
    Index("lineage_runs_job", "job_id", "first_at"),
)

versions = Table(
    "lineage_versions",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("version", Text, primary_key=True),  # of the version facet, else the run that wrote it
    Column("at", BigInteger, nullable=False),
    Column("run_id", BigInteger),
    Column("event_id", BigInteger, nullable=False),
    Column("lifecycle", Text),
    Index("lineage_versions_at", "dataset_id", "at"),
)

edges = Table(
    "lineage_edges",
    metadata,
    Column("job_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("writes", Boolean, primary_key=True),  # else reads
    Column("seen_at", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Index("lineage_edges_dataset", "dataset_id"),
    Index("lineage_edges_generation", "generation"),
)

columns = Table(
    "lineage_columns",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),  # 0: the dataset told of itself
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("field", Text),  # null: the source decides about whole rows (a filter, a join)
    Column("source_id", BigInteger, ForeignKey("lineage_nodes.id"), nullable=False),
    Column("source_field", Text, nullable=False),
    Column("transformations", Text),  # JSON: [{type, subtype, description, masking}]
    Index("lineage_columns_source", "source_id", "source_field"),
)

events = Table(
    "lineage_events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # in order of receipt
    Column("digest", LargeBinary, nullable=False),  # of the event as canonical JSON: 16 bytes
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),  # 1 run, 2 job, 3 dataset
    Column("node_id", BigInteger, nullable=False),  # the job, or the dataset of a DatasetEvent
    Column("run_id", BigInteger),
    Column("body", Text, nullable=False),  # JSON
    Index("lineage_events_digest", "digest", unique=True),
    Index("lineage_events_run", "run_id"),
    Index("lineage_events_at", "at"),
)
