"""Lineage: what OpenLineage's events say."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "lineage"
down_revision = None
branch_labels = None
depends_on = None

big, text = sa.BigInteger, sa.Text
number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _state_and_events()
    _nodes()
    _said_of_nodes()
    _runs()
    _edges()


def _state_and_events() -> None:
    state = op.create_table(
        "lineage_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", text, nullable=False),
        sa.Column("generation", big, nullable=False),
        sa.Column("shape", big, nullable=False),
        sa.Column("next_node", big, nullable=False),
        sa.Column("next_run", big, nullable=False),
        sa.Column("next_event", big, nullable=False),
    )
    op.create_table(
        "lineage_events",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("at", big, nullable=False),
        sa.Column("received_at", big, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("node_id", big, nullable=False),
        sa.Column("run_id", big),
        sa.Column("body", text, nullable=False),
    )
    op.create_index("lineage_events_at", "lineage_events", ["at"])
    op.create_index("lineage_events_digest", "lineage_events", ["digest"], unique=True)
    op.create_index("lineage_events_run", "lineage_events", ["run_id"])
    first = {"id": 1, "epoch": uuid.uuid4().hex, "generation": 0, "shape": 0}
    op.bulk_insert(state, [first | {"next_node": 1, "next_run": 1, "next_event": 1}])


def _nodes() -> None:
    op.create_table(
        "lineage_nodes",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("namespace", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("created_at", big, nullable=False),
        sa.Column("updated_at", big, nullable=False),
        sa.Column("written_at", big),
        sa.Column("dropped_at", big),
        sa.Column("renamed_at", big),
        sa.Column("renamed_to", big),
        sa.Column("description", text),
        sa.Column("lifecycle", text),
        sa.Column("job_type", text),
        sa.Column("location", text),
        sa.Column("parent_id", big),
        sa.Column("done_at", big),
        sa.Column("done_from", big),
        sa.Column("done_run", text),
        sa.Column("declared_at", big),
        sa.Column("said_at", text, nullable=False),
    )
    op.create_index("lineage_nodes_key", "lineage_nodes", ["kind", "namespace", "name"], unique=True)


def _said_of_nodes() -> None:
    op.create_table(
        "lineage_facets",
        sa.Column("node_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("name", text, primary_key=True, autoincrement=False),
        sa.Column("job_id", big, primary_key=True, autoincrement=False),
        sa.Column("generation", big, nullable=False),
        sa.Column("body", text, nullable=False),
    )
    op.create_index("lineage_facets_generation", "lineage_facets", ["generation"])
    op.create_table(
        "lineage_fields",
        sa.Column("dataset_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", text, nullable=False),
        sa.Column("type", text),
        sa.Column("description", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_fields_name", "lineage_fields", ["name"])
    op.create_table(
        "lineage_tags",
        sa.Column("node_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.Column("field", text),
        sa.Column("source", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_tags_key", "lineage_tags", ["key"])
    op.create_table(
        "lineage_owners",
        sa.Column("node_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", text, nullable=False),
        sa.Column("type", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_owners_name", "lineage_owners", ["name"])
    op.create_table(
        "lineage_aliases",
        sa.Column("dataset_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("namespace", text, primary_key=True, autoincrement=False),
        sa.Column("name", text, primary_key=True, autoincrement=False),
        sa.Column("type", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_aliases_key", "lineage_aliases", ["namespace", "name"])


def _runs() -> None:
    op.create_table(
        "lineage_runs",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("run", text, nullable=False),
        sa.Column("job_id", big, sa.ForeignKey("lineage_nodes.id"), nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("state_key", text, nullable=False),
        sa.Column("first_at", big, nullable=False),
        sa.Column("last_at", big, nullable=False),
        sa.Column("ended_at", big),
        sa.Column("completed_at", big),
        sa.Column("nominal_start", big),
        sa.Column("nominal_end", big),
        sa.Column("parent_run", text),
        sa.Column("touches", sa.Boolean, nullable=False),
    )
    op.create_index("lineage_runs_job", "lineage_runs", ["job_id", "first_at"])
    op.create_index("lineage_runs_run", "lineage_runs", ["run"], unique=True)
    op.create_table(
        "lineage_versions",
        sa.Column("dataset_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("version", text, primary_key=True, autoincrement=False),
        sa.Column("at", big, nullable=False),
        sa.Column("run_id", big),
        sa.Column("event_id", big, nullable=False),
        sa.Column("lifecycle", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_versions_at", "lineage_versions", ["dataset_id", "at"])


def _edges() -> None:
    op.create_table(
        "lineage_edges",
        sa.Column("job_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("dataset_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("writes", sa.Boolean, primary_key=True, autoincrement=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("generation", big, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_edges_dataset", "lineage_edges", ["dataset_id"])
    op.create_index("lineage_edges_generation", "lineage_edges", ["generation"])
    op.create_table(
        "lineage_columns",
        sa.Column("dataset_id", big, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("job_id", big, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("field", text),
        sa.Column("source_id", big, sa.ForeignKey("lineage_nodes.id"), nullable=False),
        sa.Column("source_field", text, nullable=False),
        sa.Column("transformations", text),
        sqlite_with_rowid=False,
    )
    op.create_index("lineage_columns_source", "lineage_columns", ["source_id", "source_field"])
