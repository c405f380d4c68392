"""What is older than its contract allows leaves what is published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.privacy.retention import Kept, retain
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.snapshots import history, published
from tests.builders import mesh_at, product

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS = {
    "date": ({"type": "date"}, pa.date32()),
    "timestamp": ({"type": "timestamp"}, pa.timestamp("us")),
    "instant": ({"type": "timestamp", "constraints": {"timezone": "UTC"}}, pa.timestamp("us", tz="UTC")),
}


def events(kind: str = "instant", **parts: object) -> DataProduct:
    parts = {"sla": {"event_time": "at"}, "retention": "30d"} | parts
    return product("orders.events.v1", fields={"id": "long", "at": KINDS[kind][0]}, **parts)


def written(settings: Settings, item: DataProduct, days: list[int | None], run_id: str, now: datetime = NOW) -> None:
    """Publish one row for each age in days; a null has no age."""
    kind = next(kind for field, kind in KINDS.values() if item.columns["at"].type == field["type"]
                and bool(field.get("constraints")) == item.columns["at"].is_instant)  # fmt: skip
    moments = [None if age is None else NOW - timedelta(days=age) for age in days]
    at = pa.array(moments, pa.timestamp("us", tz="UTC"))
    at = at.cast(kind) if kind.equals(at.type) else at.cast(pa.timestamp("us")).cast(kind, safe=False)

    def export(folder: Path) -> list[Path]:
        pq.write_table(pa.table({"id": list(range(len(days))), "at": at}), folder / "a.parquet")
        return [folder / "a.parquet"]

    with open_lake(settings) as lake:
        assert publish(item, export, request=PublishRequest(lake, run_id, now)).published


def retained(settings: Settings, *, dry_run: bool = False) -> Kept:
    (kept,) = retain(settings, load_mesh(settings), dry_run=dry_run)
    return kept


@pytest.mark.parametrize("kind", KINDS)
def test_older_rows_leave_and_rows_without_a_time_stay(tmp_path: Path, kind: str) -> None:
    item = events(kind)
    settings = mesh_at(tmp_path, item, MESH_NOW=NOW.isoformat())
    written(settings, item, [1, 29, 31, 400, None], "r1")

    planned, done = retained(settings, dry_run=True), retained(settings)

    assert (planned.rows, done.rows, done.trouble) == (2, 2, "")
    with open_lake(settings) as lake:
        current = published(lake, item.address)
    assert current is not None
    assert (current.rows, current.rewrite) == (3, "retention")
    assert retained(settings).rows == 0


def test_what_would_break_the_contract_stays_and_is_told(tmp_path: Path) -> None:
    item = events(checks=[{"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 2}}])
    settings = mesh_at(tmp_path, item, MESH_NOW=NOW.isoformat())
    written(settings, item, [1, 31], "r1")

    assert "what is left breaks the contract" in retained(settings).trouble
    with open_lake(settings) as lake:
        current = published(lake, item.address)
    assert current is not None
    assert current.rows == 2


def test_without_an_event_time_only_snapshots_expire(tmp_path: Path) -> None:
    item = events(sla={})
    settings = mesh_at(tmp_path, item, MESH_NOW=NOW.isoformat())
    written(settings, item, [400], "r1", NOW - timedelta(days=90))
    written(settings, item, [400], "r2", NOW - timedelta(days=40))
    written(settings, item, [400], "r3", NOW - timedelta(days=1))

    done = retained(settings)

    assert (done.column, done.rows, done.snapshots) == ("", 0, 2)
    with open_lake(settings) as lake:
        assert [one.run_id for one in history(lake, item.address)] == ["r3"]


def test_the_published_snapshot_stays_however_old_it_is(tmp_path: Path) -> None:
    item = events(sla={})
    settings = mesh_at(tmp_path, item, MESH_NOW=NOW.isoformat())
    written(settings, item, [400], "r1", NOW - timedelta(days=90))

    assert retained(settings).snapshots == 0


def test_a_product_without_retention_is_left_alone(tmp_path: Path) -> None:
    item = events(retention=None)
    settings = mesh_at(tmp_path, item, MESH_NOW=NOW.isoformat())

    assert list(retain(settings, load_mesh(settings))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_leaves_older_rows_out(tmp_path: Path, kind: str) -> None:
    item, spelled = events(kind), {"instant": "timestamptz"}.get(kind, kind)
    settings = mesh_at(tmp_path, item)
    with engine_for(settings, "orders") as engine:
        rows = ", ".join(
            f"({n}::bigint, '{NOW - timedelta(days=age):%Y-%m-%d %H:%M}'::{spelled})" for n, age in [(1, 1), (2, 31)]
        )
        engine.execute(
            f'create table {engine.relation("events")} as select * from (values {rows}, (3, null)) as r(id, "at")'
        )
        (path,) = engine.export("events", item.fields, tmp_path / "out", since=("at", NOW - timedelta(days=30)))

    assert sorted(pq.read_table(path)["id"].to_pylist()) == [1, 3]
