"""Long facets once, and by their digest in the events that tell them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from mesh_orchestration.catalog.envelope import NotAnEvent
from mesh_orchestration.catalog.facets import digest_of
from mesh_orchestration.catalog.openlineage import Event, read_event

revision = "facets_once"
down_revision = "sessions"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_texts = sa.table("lineage_texts", sa.column("digest", sa.LargeBinary), sa.column("body", sa.Text))
_events = sa.table(
    "lineage_events", sa.column("id", sa.BigInteger), sa.column("digest", sa.LargeBinary), sa.column("body", sa.Text)
)


def upgrade() -> None:
    """Make the table of texts, and bring what is kept into the new form."""
    op.create_table(
        "lineage_texts",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    _facets()
    op.drop_table("lineage_fields")  # told by the schema facet
    op.drop_table("lineage_columns")  # told by the columnLineage facet
    op.drop_index("lineage_events_at", "lineage_events")
    op.drop_index("lineage_events_digest", "lineage_events")
    _rewrite(op.get_bind())
    op.create_index("lineage_events_key", "lineage_events", ["at", "digest"], unique=True)


def _facets() -> None:
    op.rename_table("lineage_facets", "lineage_facets_before")
    op.drop_index("lineage_facets_generation", "lineage_facets_before")
    kept = op.get_bind().execute(sa.text("select * from lineage_facets_before")).mappings().all()
    op.drop_table("lineage_facets_before")
    made = op.create_table(
        "lineage_facets",
        sa.Column("node_id", sa.BigInteger, sa.ForeignKey("lineage_nodes.id"), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text),
    )
    op.create_index("lineage_facets_generation", "lineage_facets", ["generation"])
    op.bulk_insert(made, [{**row, "digest": digest_of(row["body"].encode())} for row in kept])


def _rewrite(conn: sa.Connection) -> None:
    """Every event as it would be written today."""
    last, seen = 0, set[bytes]()
    while rows := _some(conn, last):
        last = rows[-1].id
        found = [(row.id, event) for row in rows if (event := _read(row.body))]
        texts = {facet.digest: facet for _, event in found for facet in event.long if facet.digest not in seen}
        seen.update(texts)
        if texts:
            conn.execute(_texts.insert(), [{"digest": one.digest, "body": one.text.decode()} for one in texts.values()])
        if found:
            _update(conn, found)


def _read(body: str) -> Event | None:
    """The event; None for one that was taken before and would be refused today, which stays as it is."""
    try:
        return read_event(body.encode())
    except NotAnEvent:
        return None


def _update(conn: sa.Connection, found: Sequence[tuple[int, Event]]) -> None:
    change = _events.update().where(_events.c.id == sa.bindparam("number"))
    conn.execute(
        change.values(digest=sa.bindparam("key"), body=sa.bindparam("text")),
        [{"number": number, "key": event.digest, "text": event.body} for number, event in found],
    )


def _some(conn: sa.Connection, after: int) -> list[Any]:
    query = sa.select(_events.c.id, _events.c.body).where(_events.c.id > after).order_by(_events.c.id)
    return list(conn.execute(query.limit(_AT_ONCE)))
