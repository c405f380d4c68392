from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import LongType, MapType, NestedField, StringType

from mesh_orchestration.compile.iceberg import iceberg_schema
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.errors import EngineError, SourceError
from mesh_orchestration.inputs import IngestContext, Ingested, ingest
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.stamp import Stamp
from tests import builders
from tests.engines.landing import EVERY_SQL, EVERY_TYPE, NOON

LINES = Address("orders", "order_lines", 1)
FIELDS = {"id": "long", "note": "string"}
PORT = InputPort.model_validate({"name": "lines", "type": "data-product", "product": str(LINES)})


@pytest.fixture(params=["duckdb", "postgresql"])
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings whose ``billing`` works in each engine in turn."""
    environ = {"MESH_ENGINE_BILLING": request.param}
    if request.param == "postgresql":
        environ["MESH_POSTGRES_URL"] = request.getfixturevalue("postgres").url
    return Settings(root=tmp_path, home=tmp_path / ".mesh", environ=environ)


@pytest.fixture
def engine(chosen: Settings) -> Iterator[Engine]:
    with engine_for(chosen, "billing") as opened:
        yield opened


def product(**fields: str) -> DataProduct:
    return builders.product(str(LINES), fields=fields or FIELDS)


def write(settings: Settings, rows: list[dict[str, Any]], *, branch: str = "main", **stamp: Any) -> int:
    """Append rows to the upstream's table as a publication would; returns the snapshot's id."""
    with open_lake(settings) as lake:
        schema = iceberg_schema(product())
        table = lake.table(LINES) or lake.ensure_table(LINES, schema, {})
        told = {"state": "published", "address": str(LINES), "run_id": "r", "contract_version": "1.0.0",
                "contract_hash": "", "at": NOON, "rows": len(rows)}  # fmt: skip
        written = pa.Table.from_pylist(rows, schema=pa.schema({"id": pa.int64(), "note": pa.string()}))
        if branch != "main" and branch not in table.refs():
            return _on_new_branch(table, written, branch, Stamp(**{**told, **stamp}))
        table.append(written, snapshot_properties=Stamp(**{**told, **stamp}).summary(), branch=branch)
        return int(table.refs()[branch].snapshot_id)


def _on_new_branch(table: Table, rows: pa.Table, branch: str, stamp: Stamp) -> int:
    """Append to a branch that is not there yet; ``main`` is left as it was, also when there is none."""
    main = table.current_snapshot()
    if main:
        table.manage_snapshots().create_branch(main.snapshot_id, branch).commit()
        table.append(rows, snapshot_properties=stamp.summary(), branch=branch)
    else:
        table.append(rows, snapshot_properties=stamp.summary())
        table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, branch).commit()
        table.manage_snapshots().remove_branch("main").commit()
    return int(table.refs()[branch].snapshot_id)


def run(engine: Engine, settings: Settings, mesh: Mesh | None = None) -> Ingested:
    known = mesh or Mesh({LINES: product()}, ("orders",))
    return ingest(PORT, engine, context=IngestContext(settings, "run-1", NOON, known))


def landed(engine: Engine) -> list[tuple[object, ...]]:
    return engine.execute(f"select id, note, _batch from {engine.relation('landing__lines')} order by 1")


def test_the_published_snapshot_is_what_the_port_holds(engine: Engine, chosen: Settings) -> None:
    snapshot = write(chosen, [{"id": 1, "note": "a"}, {"id": 2}])
    assert run(engine, chosen) == Ingested(
        "lines", 2, (str(snapshot),), input_snapshot=snapshot, watermark=str(snapshot)
    )
    assert landed(engine) == [(1, "a", str(snapshot)), (2, None, str(snapshot))]
    (entry,) = engine.ledger("lines")
    assert (entry.snapshot_id, entry.rows, entry.run_id) == (snapshot, 2, "run-1")


def test_an_unchanged_snapshot_is_not_landed_again(engine: Engine, chosen: Settings) -> None:
    snapshot = write(chosen, [{"id": 1}])
    run(engine, chosen)
    assert run(engine, chosen) == Ingested("lines", input_snapshot=snapshot, watermark=str(snapshot))


def test_a_new_snapshot_takes_the_place_of_the_old_one(engine: Engine, chosen: Settings) -> None:
    write(chosen, [{"id": 1}])
    run(engine, chosen)
    second = write(chosen, [{"id": 2}])
    assert run(engine, chosen).rows == 2
    assert landed(engine) == [(1, None, str(second)), (2, None, str(second))]
    assert [entry.snapshot_id for entry in engine.ledger("lines")] == [second]


def test_duckdb_reads_the_files_in_place(settings: Settings) -> None:
    write(settings, [{"id": 1}])
    with engine_for(settings, "billing") as engine:
        run(engine, settings)
        assert engine.execute("select count(*) from duckdb_views() where view_name = 'landing__lines'") == [(1,)]


def test_an_upstream_that_never_ran_is_named_with_what_to_run(engine: Engine, chosen: Settings) -> None:
    with pytest.raises(SourceError) as raised:
        run(engine, chosen)
    assert str(raised.value) == (
        "lines: orders.order_lines.v1 has no published snapshot; it has not run yet; "
        "run it first: mesh run orders.order_lines.v1"
    )


def test_an_upstream_that_was_only_refused_is_told_with_its_reasons(engine: Engine, chosen: Settings) -> None:
    write(chosen, [{"id": 1}], branch="audit-r1", state="refused", reasons=("check contract__unique__id failed",))
    with pytest.raises(SourceError) as raised:
        run(engine, chosen)
    assert str(raised.value) == (
        "lines: orders.order_lines.v1 has no published snapshot; "
        "its publication of 2026-11-20 12:00 UTC was refused: check contract__unique__id failed"
    )


def test_a_refused_publication_leaves_the_last_good_one_with_a_warning(engine: Engine, chosen: Settings) -> None:
    good = write(chosen, [{"id": 1}])
    later = datetime(2026, 11, 20, 13, tzinfo=UTC)
    write(chosen, [{"id": 9}], branch="audit-r2", state="refused", reasons=("2 rows repeat a key",), at=later)
    result = run(engine, chosen)
    assert result.input_snapshot == good
    (warning,) = result.warnings
    assert warning == (
        "orders.order_lines.v1 serves its last good snapshot of 2026-11-20 12:00 UTC; "
        "its publication of 2026-11-20 13:00 UTC was refused: 2 rows repeat a key"
    )


def test_the_clock_has_no_say_in_whether_a_refusal_is_the_newest(engine: Engine, chosen: Settings) -> None:
    write(chosen, [{"id": 1}])
    earlier = datetime(2026, 11, 20, 11, tzinfo=UTC)
    write(chosen, [{"id": 9}], branch="audit-r2", state="refused", reasons=("2 rows repeat a key",), at=earlier)
    assert "2 rows repeat a key" in run(engine, chosen).warnings[0]
    write(chosen, [{"id": 2}], at=earlier)
    assert run(engine, chosen).warnings == ()


def test_a_column_the_contract_gained_is_null_until_it_is_published(engine: Engine, chosen: Settings) -> None:
    write(chosen, [{"id": 1}])
    run(engine, chosen)
    grown = Mesh({LINES: product(**FIELDS, price="decimal(12,2)")}, ("orders",))
    result = run(engine, chosen, grown)
    assert result.warnings == (
        "orders.order_lines.v1 was published under 1.0.0, without price: null until it is published again",
    )
    assert engine.execute(f"select price from {engine.relation('landing__lines')}") == [(None,)]


def test_a_snapshot_without_rows_is_an_empty_table(engine: Engine, chosen: Settings) -> None:
    snapshot = write(chosen, [])
    assert run(engine, chosen).input_snapshot == snapshot
    assert landed(engine) == []


def test_without_the_upstreams_contract_its_snapshot_says_the_columns(engine: Engine, chosen: Settings) -> None:
    snapshot = write(chosen, [{"id": 1, "note": "a"}])
    run(engine, chosen, Mesh({}, ()))
    assert landed(engine) == [(1, "a", str(snapshot))]


def test_rows_that_cannot_be_read_in_place_come_as_batches(engine: Engine, chosen: Settings) -> None:
    odd = MapType(3, StringType(), 4, StringType(), value_required=False)
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "odd", odd))
    with open_lake(chosen) as lake:
        rows = pa.Table.from_pylist(
            [{"id": 1, "odd": {"k": "v"}}],
            schema=pa.schema({"id": pa.int64(), "odd": pa.map_(pa.string(), pa.string())}),
        )
        lake.ensure_table(LINES, schema, {}).append(rows)
    run(engine, chosen)
    assert [row[:2] for row in landed(engine)] == [(1, None)]
    assert run(engine, chosen).batches == ()


def test_files_that_went_away_are_told_to_dbt_and_read_anew(settings: Settings) -> None:
    write(settings, [{"id": 1}])
    with engine_for(settings, "billing") as engine:
        run(engine, settings)
        for path in (settings.home / "warehouse").rglob("*.parquet"):
            path.rename(path.with_suffix(".gone"))
        with pytest.raises(EngineError, match=r"landing__lines \(holding \d+\) cannot be read any more"):
            engine.check_landing("lines")
        for path in (settings.home / "warehouse").rglob("*.gone"):
            path.rename(path.with_suffix(".parquet"))
        engine.check_landing("lines")


def test_every_type_travels_from_one_domains_engine_to_anothers(engine: Engine, chosen: Settings) -> None:
    """The upstream works in the consumer's kind of engine too, so files of both engines are published."""
    word = {"duckdb": "duckdb", "postgres": "postgresql"}[engine.dialect]
    upstream = builders.product(str(LINES), fields=EVERY_TYPE)
    settings = replace(chosen, environ={**chosen.environ, "MESH_ENGINE_ORDERS": word})
    with engine_for(settings, "orders") as orders, open_lake(settings) as lake:
        orders.execute(f"create table {orders.relation('order_lines')} as select {EVERY_SQL}")
        sent = orders.execute(f"select * from {orders.relation('order_lines')}")
        done = publish(
            upstream,
            lambda directory: orders.export("order_lines", upstream.fields, directory),
            request=PublishRequest(lake, "run-1", NOON, audit=lambda *_: ()),
        )
    assert (done.published, done.rows) == (True, 1), done.reasons
    run(engine, settings, Mesh({LINES: upstream}, ("orders",)))
    names = ", ".join(EVERY_TYPE)
    assert engine.execute(f"select {names} from {engine.relation('landing__lines')}") == sent
