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
number = BigInteger().with_variant(Integer, "sqlite")  # there only an INTEGER key is the row's own number

state = Table(
    "lineage_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1: the row that writers lock
    Column("epoch", Text, nullable=False),  # another one after the tables were emptied or made anew
    Column("generation", BigInteger, nullable=False),
    Column("shape", BigInteger, nullable=False),  # the generation that last changed which names mean one dataset
    Column("next_node", BigInteger, nullable=False),
    Column("next_run", BigInteger, nullable=False),
    Column("next_event", BigInteger, nullable=False),
)

nodes = Table(
    "lineage_nodes",
    metadata,
    Column("id", number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # dataset | job
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),  # the first event that names it
    Column("updated_at", BigInteger, nullable=False),  # the last that says something of it or writes it
    Column("written_at", BigInteger),  # the last end of a run that wrote the dataset
    Column("dropped_at", BigInteger),
    Column("renamed_at", BigInteger),
    Column("renamed_to", BigInteger),
    Column("description", Text),  # the documentation facet
    Column("lifecycle", Text),  # CREATE | ALTER | OVERWRITE | TRUNCATE | RENAME | DROP
    Column("job_type", Text),  # the jobType facet: integration, e.g. DAGSTER
    Column("location", Text),  # the sourceCodeLocation facet
    Column("parent_id", BigInteger),  # the job that last started this one
    Column("done_at", BigInteger),  # the last run of the job that completed with inputs or outputs: its end,
    Column("done_from", BigInteger),  # its first event
    Column("done_run", Text),  # and its UUID
    Column("declared_at", BigInteger),  # the last JobEvent with inputs or outputs
    Column("version", Text),  # of the dataset: the one that was told last,
    Column("version_at", BigInteger),  # and when
    Column("said_at", Text, nullable=False),  # JSON: when each facet and edge that counts was last stated
    Index("lineage_nodes_key", "kind", "namespace", "name", unique=True),
)

facets = Table(
    "lineage_facets",
    metadata,
    Column("node_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),  # who writes it, for columnLineage; else 0
    Column("generation", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of the body: 16 bytes
    Column("body", Text),  # canonical JSON; of a long one null: it is in lineage_texts
    Index("lineage_facets_generation", "generation"),
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
    Index("lineage_tags_key", "key"),
    sqlite_with_rowid=False,
)

owners = Table(
    "lineage_owners",
    metadata,
    Column("node_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("type", Text),
    Index("lineage_owners_name", "name"),
    sqlite_with_rowid=False,
)

aliases = Table(
    "lineage_aliases",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("type", Text),
    Index("lineage_aliases_key", "namespace", "name"),
    sqlite_with_rowid=False,
)

runs = Table(
    "lineage_runs",
    metadata,
    Column("id", number, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),  # the UUID
    Column("job_id", BigInteger, ForeignKey("lineage_nodes.id"), nullable=False),
    Column("state", Text, nullable=False),  # START | RUNNING | COMPLETE | FAIL | ABORT | OTHER
    Column("state_key", Text, nullable=False),  # the greatest wins: ended before not, then time, then state
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("completed_at", BigInteger),  # the last COMPLETE, whatever came after
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
    sqlite_with_rowid=False,
)

edges = Table(
    "lineage_edges",
    metadata,
    Column("job_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("dataset_id", BigInteger, ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
    Column("writes", Boolean, primary_key=True),  # else reads
    Column("current", Boolean, nullable=False),  # whether the last completed run still stated it
    Column("generation", BigInteger, nullable=False),
    Index("lineage_edges_dataset", "dataset_id"),
    Index("lineage_edges_generation", "generation"),
    sqlite_with_rowid=False,
)

events = Table(
    "lineage_events",
    metadata,
    Column("id", number, primary_key=True, autoincrement=False),  # in order of receipt
    Column("digest", LargeBinary, nullable=False),  # of the body: 16 bytes
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),  # 1 run, 2 job, 3 dataset
    Column("node_id", BigInteger, nullable=False),  # the job, or the dataset of a DatasetEvent
    Column("run_id", BigInteger),
    Column("body", Text, nullable=False),  # canonical JSON; in place of a facet may stand a digest of lineage_texts
    Index("lineage_events_key", "at", "digest", unique=True),  # mostly written at its end, as events come by time
    Index("lineage_events_run", "run_id"),
)

texts = Table(
    "lineage_texts",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # 16 bytes
    Column("body", Text, nullable=False),  # a facet as canonical JSON
)
