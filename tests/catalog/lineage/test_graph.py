"""What depends on what: the same as following the edges, also after edges came and went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from mesh_orchestration.catalog import nodes, runs
from mesh_orchestration.catalog.closure import Closure, members
from mesh_orchestration.catalog.graph import (
    column_downstream,
    column_lineage,
    downstream_of,
    lineage,
    upstream_of,
)
from mesh_orchestration.catalog.ingest import Ingested, ingest
from mesh_orchestration.catalog.lineage_model import Edge, Graph, NodeKey
from mesh_orchestration.catalog.store import Catalog, open_catalog
from tests.builders import settings_at
from tests.catalog.lineage.told import column, column_sources, data, dataset, event, job
from tests.postgres import PostgresDatabase

_EDGES = st.tuples(st.integers(0, 9), st.integers(0, 9))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(_EDGES, max_size=8), st.lists(_EDGES, max_size=8)), max_size=6), st.booleans())
def test_the_closure_is_what_following_the_edges_finds(
    changes: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]], at_once: bool
) -> None:
    closure, edges = Closure(), list[tuple[int, int]]()
    for _ in range(10):
        closure.vertex()
    for added, wanted in changes:
        removed = [edge for edge in dict.fromkeys(wanted) if edge in edges]
        for edge in removed:
            edges.remove(edge)
        edges += added
        closure.change(added * 9 if at_once else added, removed)
        if at_once:  # many edges at once are taken another way; here they are the same ones over and over
            closure.change([], added * 8)
        for vertex in range(10):
            assert set(members(closure.down(vertex))) == _followed(vertex, edges)
            assert set(members(closure.up(vertex))) == _followed(vertex, [(two, one) for one, two in edges])


def _followed(start: int, edges: list[tuple[int, int]]) -> set[int]:
    seen = {start}
    while more := {two for one, two in edges if one in seen} - seen:
        seen |= more
    return seen


def _chain(catalog: Catalog) -> None:
    ingest(catalog, [
        event("one", reads=["a"], writes=["b"]), event("two", reads=["b", "x"], writes=["c"]),
        event("three", reads=["c"], writes=["d"]),
    ])  # fmt: skip


def test_everything_downstream_and_upstream_is_found(catalog: Catalog) -> None:
    _chain(catalog)
    with catalog.reading() as conn:
        down, up = downstream_of(conn, data("b")), upstream_of(conn, data("c"))
        of_job, unknown = downstream_of(conn, job("three")), upstream_of(conn, data("nowhere"))
    assert set(down) == {job("two"), data("c"), job("three"), data("d")}
    assert set(up) == {job("two"), data("b"), data("x"), job("one"), data("a")}
    assert (of_job, unknown) == ((data("d"),), ())


def test_the_graph_ends_at_the_depth_and_says_so(catalog: Catalog) -> None:
    _chain(catalog)
    with catalog.reading() as conn:
        near = lineage(conn, data("b"), depth=1)
        down = lineage(conn, data("c"), direction="down")
        alone = lineage(conn, data("nowhere"))
    assert near == Graph(
        (data("b"), job("one"), job("two")), (Edge(data("b"), job("two")), Edge(job("one"), data("b"))), cut=True
    )
    assert down == Graph(
        (data("c"), data("d"), job("three")), (Edge(data("c"), job("three")), Edge(job("three"), data("d")))
    )
    assert alone == Graph((), ())


def test_a_change_is_seen_at_once_by_whoever_asked_before(catalog: Catalog) -> None:
    _chain(catalog)
    with catalog.reading() as conn:
        assert data("e") not in downstream_of(conn, data("a"))
    ingest(catalog, [event("four", reads=["d"], writes=["e"])])
    with catalog.reading() as conn:
        assert data("e") in downstream_of(conn, data("a"))
    ingest(catalog, [event("two", run="later", minute=5, reads=["x"], writes=["c"])])
    with catalog.reading() as conn:
        assert set(downstream_of(conn, data("a"))) == {job("one"), data("b")}
        assert data("e") in downstream_of(conn, data("x"))


def test_another_process_that_writes_is_seen(catalog: Catalog) -> None:
    _chain(catalog)
    with catalog.reading() as conn:
        assert data("d") in downstream_of(conn, data("a"))
    other = Catalog(create_engine(catalog.engine.url), catalog.where)
    ingest(other, [event("four", reads=["d"], writes=["e"])])
    other.close()
    with catalog.reading() as conn:
        assert data("e") in downstream_of(conn, data("a"))
    assert ingest(catalog, [event("five", reads=["e"], writes=["f"])]) == Ingested(1, 0, ())
    with catalog.reading() as conn:
        assert data("f") in downstream_of(conn, data("a"))


def test_a_renamed_dataset_keeps_its_lineage_under_the_new_name(catalog: Catalog) -> None:
    _chain(catalog)
    change = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "shop", "name": "c"}}
    ingest(catalog, [event("rename", minute=2, writes=[dataset("c2", lifecycleStateChange=change)])])
    with catalog.reading() as conn:
        assert {data("c2"), data("d")} <= set(downstream_of(conn, data("a")))
        assert downstream_of(conn, data("c")) == downstream_of(conn, data("c2"))
        old = nodes.dataset(conn, "shop", "c")
        assert old is not None
        assert (old.dropped, old.renamed_to) == (True, data("c2"))
    ingest(catalog, [event("new", minute=3, writes=["c"])])
    with catalog.reading() as conn:
        assert job("new") in upstream_of(conn, data("c"))
        assert job("new") not in upstream_of(conn, data("c2"))


def test_a_physical_table_and_the_dataset_that_names_it_are_one(catalog: Catalog) -> None:
    table = NodeKey("dataset", "s3://lake", "c")
    other_names = {"identifiers": [{"namespace": table.namespace, "name": table.name, "type": "TABLE"}]}
    ingest(catalog, [
        event("write", reads=["a"], writes=[dataset("c", symlinks=other_names)]),
        event("spark", reads=[dataset("c", namespace="s3://lake")], writes=["d"]),
    ])  # fmt: skip
    with catalog.reading() as conn:
        assert data("d") in downstream_of(conn, data("a"))
        assert downstream_of(conn, table) == downstream_of(conn, data("c"))


def _columns(job_name: str, minute: float = 0, **told: Any) -> dict[str, Any]:
    written = told.pop("to")
    sources = column_sources(**told)
    schema = {"fields": [{"name": name} for name in told]}
    reads = {one for pairs in told.values() for one, _ in pairs}
    return event(job_name, run=f"{job_name}{minute}", minute=minute, reads=reads, writes=[
        dataset(written, schema=schema, columnLineage=sources)])  # fmt: skip


def test_columns_are_followed_through_datasets(catalog: Catalog) -> None:
    ingest(catalog, [
        _columns("one", to="b", id=[("a", "id")], total=[("a", "price"), ("a", "count")]),
        _columns("two", to="c", total=[("b", "total")]),
    ])  # fmt: skip
    with catalog.reading() as conn:
        assert column_downstream(conn, data("a"), "price") == (column("b", "total"), column("c", "total"))
        made_of = column_lineage(conn, data("c"), "total", direction="up")
        near = column_lineage(conn, data("b"), depth=1, direction="up")
    assert {(one.source, one.target, one.job) for one in near.edges} == {
        (column("a", "id"), column("b", "id"), job("one")),
        (column("a", "price"), column("b", "total"), job("one")),
        (column("a", "count"), column("b", "total"), job("one")),
    }
    assert near.cut is False
    assert set(made_of.nodes) == {
        column("c", "total"),
        column("b", "total"),
        column("a", "price"),
        column("a", "count"),
    }


def test_columns_follow_what_was_told_last(catalog: Catalog) -> None:
    ingest(catalog, [_columns("one", to="b", id=[("a", "id")])])
    with catalog.reading() as conn:
        assert column_downstream(conn, data("a"), "id") == (column("b", "id"),)
    ingest(catalog, [_columns("one", 3, to="b", id=[("a", "key")])])
    with catalog.reading() as conn:
        assert column_downstream(conn, data("a"), "id") == ()
        assert column_downstream(conn, data("a"), "key") == (column("b", "id"),)
    ingest(catalog, [event("one", run="other", minute=6, reads=["a"], writes=["c"])])
    with catalog.reading() as conn:
        assert column_downstream(conn, data("a"), "key") == ()


def test_what_decides_about_rows_concerns_every_column(catalog: Catalog) -> None:
    how = {"type": "INDIRECT", "subtype": "FILTER", "description": "", "masking": False}
    told = column_sources(id=[("a", "id")]) | {
        "dataset": [{"namespace": "shop", "name": "a", "field": "status", "transformations": [how]}]
    }
    schema = {"fields": [{"name": "id"}, {"name": "made"}]}
    ingest(catalog, [event("one", reads=["a"], writes=[dataset("b", schema=schema, columnLineage=told)])])
    with catalog.reading() as conn:
        assert column_downstream(conn, data("a"), "status") == (column("b", "id"), column("b", "made"))
        (edge,) = column_lineage(conn, data("b"), "made").edges
    assert (edge.source, edge.transformations) == (column("a", "status"), (how,))


def _at_once(catalog: Catalog) -> None:
    """Four writers tell forty runs, each twice."""
    told = [event("load", run=str(one), minute=one, reads=["a", f"a{one}"], writes=["b"]) for one in range(40)]
    parts = [[one] for one in told] + [told[start : start + 10] for start in range(0, 40, 10)]
    with ThreadPoolExecutor(4) as writers:
        found = list(writers.map(lambda part: ingest(catalog, part), parts))
    assert (sum(one.accepted for one in found), sum(one.repeated for one in found)) == (40, 40)
    with catalog.reading() as conn:
        assert (runs.events(conn).total, runs.runs(conn, "jobs", "load").total) == (40, 40)
        assert set(upstream_of(conn, data("b"))) == {job("load"), data("a"), data("a39")}


def test_writers_at_once_lose_and_double_nothing(catalog: Catalog) -> None:
    _at_once(catalog)


@pytest.mark.slow
def test_writers_at_once_lose_and_double_nothing_in_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://", 1)
    with open_catalog(settings_at(tmp_path, MESH_CATALOG_URL=url)) as catalog:
        _at_once(catalog)


@pytest.mark.slow
def test_the_catalog_may_live_in_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://", 1)
    told = [
        _columns("one", to="b", id=[("a", "id")]),
        event("one", run="later", minute=3, reads=["a2"], writes=[dataset("b", odd={"text": "\0"})]),
        event(
            "two",
            reads=["b"],
            writes=[dataset("c", schema={"fields": [{"name": "x" * 200}]})],
            facets={"nominalTime": {"nominalStartTime": "2026-03-01T00:00:00Z"}},
        ),
    ]
    pictures = []
    for place, environ in (("postgresql", {"MESH_CATALOG_URL": url}), ("sqlite", {})):
        with open_catalog(settings_at(tmp_path / place, **environ)) as catalog:
            assert ingest(catalog, told[1:]) == Ingested(2, 0, ())
            assert ingest(catalog, told) == Ingested(1, 2, ())
            with catalog.reading() as conn:
                pictures.append((
                    lineage(conn, data("b")), column_lineage(conn, data("b")), nodes.datasets(conn), nodes.jobs(conn),
                    nodes.namespaces(conn), nodes.resolve(conn, "job:jobs:one"), downstream_of(conn, data("a2")),
                    sorted(map(str, runs.events(conn).items)),
                ))  # fmt: skip
    assert pictures[0] == pictures[1]
