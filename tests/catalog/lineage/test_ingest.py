"""Events come once or often, in order or not: the catalog says the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.catalog import nodes, runs
from mesh_orchestration.catalog.graph import column_lineage, lineage
from mesh_orchestration.catalog.ingest import Ingested, Refused, erase, ingest
from mesh_orchestration.catalog.lineage_model import Field, NodeKey, Owner, Tag
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.tables_lineage import metadata
from mesh_orchestration.settings import Settings
from tests.catalog.lineage.told import column_sources, data, dataset, event, facet, job, run_id


def noon(minute: int) -> datetime:
    return datetime(2026, 3, 1, 0, minute, tzinfo=UTC)


def test_the_migration_makes_what_the_tables_say(catalog: Catalog) -> None:
    with catalog.reading() as conn:
        found = compare_metadata(MigrationContext.configure(conn), metadata)
    assert [one for one in found if not str(one[0]).startswith("remove_")] == []


def test_an_event_counts_once_however_often_it_comes(catalog: Catalog) -> None:
    told = event("load", reads=["raw"], writes=["orders"])
    other_order = dict(reversed(told.items()))
    assert ingest(catalog, [told, told]) == Ingested(1, 1, ())
    assert ingest(catalog, [other_order, event("load", minute=1)]) == Ingested(1, 1, ())
    with catalog.reading() as conn:
        assert runs.events(conn).total == 2


def test_what_is_no_event_is_refused_with_its_place_and_leaves_no_trace(catalog: Catalog) -> None:
    good = event("load", writes=["orders"])
    bad: Sequence[tuple[Any, str]] = [
        (good | {"eventTime": "yesterday"}, "eventTime: 'yesterday' is not a date-time such as 2026-01-31T09:30:00Z"),
        (good | {"eventTime": "2026-01-01T00:00:00"}, "has no time zone"),
        (good | {"run": {"runId": "7"}}, "run.runId: '7' is not a UUID"),
        (good | {"eventType": "DONE"}, "eventType: 'DONE' is none of ABORT, COMPLETE"),
        (good | {"outputs": [{"namespace": "shop"}]}, "outputs[0]: namespace and name are needed"),
        (good | {"outputs": [{"namespace": "s", "name": "n\0"}]}, "outputs[0]: namespace and name are needed"),
        (good | {"inputs": [{"namespace": "s", "name": "n", "facets": {"schema": 1}}]}, "inputs[0].facets.schema"),
        (good | {"inputs": "raw"}, "inputs: a list of datasets is expected, not a text"),
        (good | {"job": {"name": "load"}}, "job: namespace and name are needed"),
        ({"eventTime": good["eventTime"]}, "producer"),
        ({key: good[key] for key in ("eventTime", "producer")}, "neither run, job nor dataset"),
        (good | {"extra": {1}}, "cannot be kept as JSON"),
        ([], "an event is an object, not a list"),
    ]
    found = ingest(catalog, [*(document for document, _ in bad), good])
    assert (found.accepted, found.repeated) == (1, 0)
    assert [one.index for one in found.refused] == list(range(len(bad)))
    for (_, reason), refused in zip(bad, found.refused, strict=True):
        assert reason in refused.reason
    with catalog.reading() as conn:
        assert (runs.events(conn).total, nodes.datasets(conn).total) == (1, 1)


def test_a_run_that_ended_does_not_begin_again(catalog: Catalog) -> None:
    ingest(catalog, [event("load", "COMPLETE", minute=9)])
    ingest(catalog, [event("load", "START", minute=5), event("load", "RUNNING", minute=10), event("load", "OTHER")])
    with catalog.reading() as conn:
        found = runs.run(conn, run_id("load"))
    assert found is not None
    assert (found.state, found.started_at, found.ended_at, found.updated_at) == (
        "COMPLETE", noon(0), noon(9), noon(10),
    )  # fmt: skip


def test_a_run_has_its_parent_nominal_time_facets_and_datasets(catalog: Catalog) -> None:
    about = {
        "parent": {"run": {"runId": run_id("dag")}, "job": {"namespace": "jobs", "name": "dag"}},
        "nominalTime": {"nominalStartTime": "2026-03-01T00:00:00+00:00"},
    }
    read = dataset("raw", version={"datasetVersion": "41"}) | {"inputFacets": {"inputStatistics": facet(rowCount=3)}}
    ingest(catalog, [
        event("load", "START", facets=about, reads=[read]),
        event("load", "FAIL", minute=2, facets={"errorMessage": {"message": "no"}}, writes=["orders"]),
    ])  # fmt: skip
    with catalog.reading() as conn:
        found, of_job = runs.run(conn, run_id("load").upper()), nodes.job(conn, "jobs", "load")
    assert found is not None
    assert of_job is not None
    assert (found.state, found.parent, found.nominal_start) == ("FAIL", run_id("dag"), noon(0))
    assert set(found.facets) == {"parent", "nominalTime", "errorMessage"}
    assert [(one.key, one.version, set(one.facets)) for one in found.inputs] == [
        (data("raw"), "41", {"version", "inputStatistics"})
    ]
    assert [one.key for one in found.outputs] == [data("orders")]
    assert (of_job.parent, of_job.latest_run and of_job.latest_run.id) == (job("dag"), run_id("load"))


def test_what_was_said_last_by_event_time_counts(catalog: Catalog) -> None:
    def told(minute: int, kind: str) -> dict[str, Any]:
        return event("load", run=str(minute), minute=minute, writes=[dataset("orders", schema=_schema(kind))])

    ingest(catalog, [told(1, "text")])
    ingest(catalog, [told(5, "text")])
    ingest(catalog, [told(3, "int")])
    with catalog.reading() as conn:
        found = nodes.dataset(conn, "shop", "orders")
    assert found is not None
    assert found.fields == (Field("id", "text", "", ()),)


def _schema(kind: str) -> dict[str, Any]:
    return {"fields": [{"name": "id", "type": kind}]}


def test_a_dataset_has_what_its_facets_say(catalog: Catalog) -> None:
    schema = {"fields": [{"name": "id", "type": "int", "description": "The id."}, {"name": "to", "type": "struct",
              "fields": [{"name": "city", "type": "text"}]}]}  # fmt: skip
    ingest(catalog, [event("load", writes=[dataset(
        "orders", schema=schema, documentation={"description": "One row per order."},
        ownership={"owners": [{"name": "team:shop", "type": "OWNER"}]},
        tags={"tags": [{"key": "pii", "value": "true", "field": "to.city", "source": "USER"},
                       {"key": "tier", "value": "1"}]},
        symlinks={"identifiers": [{"namespace": "s3://lake", "name": "orders", "type": "TABLE"}]},
        version={"datasetVersion": "7"}, lifecycleStateChange={"lifecycleStateChange": "CREATE"},
    )])])  # fmt: skip
    with catalog.reading() as conn:
        found = nodes.dataset(conn, "shop", "orders")
        labels = nodes.tags(conn).items
        tagged = nodes.datasets(conn, tag="tier").items
    assert found is not None
    assert (found.description, found.version, found.lifecycle) == ("One row per order.", "7", "CREATE")
    assert found.fields == (
        Field("id", "int", "The id.", ()), Field("to", "struct", "", ()), Field("to.city", "text", "", ("pii",)),
    )  # fmt: skip
    assert found.owners == (Owner("team:shop", "OWNER"),)
    assert found.aliases == (NodeKey("dataset", "s3://lake", "orders"),)
    assert labels == (Tag("pii", "true"), Tag("tier", "1"))
    assert tagged == (found,)


def test_facets_of_any_form_are_kept_and_break_nothing(catalog: Catalog) -> None:
    odd = {
        "schema": {"fields": {"no": "list"}}, "tags": {"tags": [1, {"key": 2}]}, "ownership": {"owners": "me"},
        "columnLineage": {"fields": [], "dataset": [{"namespace": 1}]}, "documentation": {"description": 1},
        "symlinks": {"identifiers": [None]}, "lifecycleStateChange": {"lifecycleStateChange": ["DROP"]},
        "version": {"datasetVersion": 1}, "mine": {"anything": {"deep": [None, "\0"]}},
    }  # fmt: skip
    assert ingest(catalog, [event("load", writes=[dataset("orders", **odd)])]) == Ingested(1, 0, ())
    with catalog.reading() as conn:
        found = nodes.dataset(conn, "shop", "orders")
    assert found is not None
    assert found.facets["mine"]["anything"] == {"deep": [None, "\0"]}


def test_a_deleted_facet_is_gone(catalog: Catalog) -> None:
    ingest(catalog, [event("a", writes=[dataset("orders", schema=_schema("int"))])])
    ingest(catalog, [event("a", minute=1, writes=[dataset("orders", schema={"_deleted": True})])])
    with catalog.reading() as conn:
        found = nodes.dataset(conn, "shop", "orders")
    assert found is not None
    assert (found.fields, dict(found.facets)) == ((), {})


def test_versions_are_what_completed_runs_wrote(catalog: Catalog) -> None:
    ingest(catalog, [
        event("load", "START", run="1", writes=["orders"]),
        event("load", "FAIL", run="1", minute=1, writes=["orders"]),
        event("load", "COMPLETE", run="2", minute=2, writes=[dataset("orders", version={"datasetVersion": "7"})]),
        event("load", "COMPLETE", run="3", minute=3, writes=["orders"]),
    ])  # fmt: skip
    with catalog.reading() as conn:
        found = runs.dataset_versions(conn, "shop", "orders")
        one = runs.dataset_version(conn, "shop", "orders", "7")
    assert [(version.version, version.run) for version in found.items] == [
        (run_id("3"), run_id("3")),
        ("7", run_id("2")),
    ]
    assert one == found.items[1]


def test_a_job_reads_what_its_last_completed_run_read_and_a_failure_empties_nothing(catalog: Catalog) -> None:
    def inputs() -> tuple[str, ...]:
        with catalog.reading() as conn:
            found = nodes.job(conn, "jobs", "load")
        return tuple(one.name for one in found.inputs) if found else ()

    ingest(catalog, [event("load", "START", run="1", reads=["a", "b"]), event("load", run="1", minute=1, writes=["x"])])
    assert inputs() == ("a", "b")
    ingest(catalog, [event("load", "START", run="2", minute=5, reads=["c"]), event("load", "FAIL", run="2", minute=6)])
    assert inputs() == ("a", "b", "c")
    ingest(catalog, [event("load", run="3", minute=8, reads=["c"], writes=["x"])])
    assert inputs() == ("c",)
    ingest(catalog, [event("load", run="0", minute=0.5, reads=["z"], writes=["x"])])
    assert inputs() == ("c",)


def test_events_about_jobs_and_datasets_alone_are_taken(catalog: Catalog) -> None:
    shared = {key: event("x")[key] for key in ("eventTime", "producer", "schemaURL")}
    told = {"namespace": "jobs", "name": "plan", "facets": {"jobType": facet(integration="DBT")}}
    ingest(catalog, [
        shared | {"job": told, "inputs": [dataset("a")], "outputs": [dataset("b")]},
        shared | {"dataset": dataset("b", columnLineage=column_sources(id=[("a", "id")]),
                                     version={"datasetVersion": "1"})},
    ])  # fmt: skip
    with catalog.reading() as conn:
        found = nodes.job(conn, "jobs", "plan")
        of_columns = column_lineage(conn, data("b"))
        version = runs.dataset_versions(conn, "shop", "b").items
    assert found is not None
    assert (found.type, found.inputs, found.outputs, found.latest_run) == ("DBT", (data("a"),), (data("b"),), None)
    assert [(one.source.name, one.job) for one in of_columns.edges] == [("a", None)]
    assert [one.version for one in version] == ["1"]


def test_a_dropped_dataset_is_listed_on_request_until_it_is_written_again(catalog: Catalog) -> None:
    def listed() -> list[str]:
        with catalog.reading() as conn:
            return [one.key.name for one in nodes.datasets(conn).items]

    drop = {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}}
    ingest(catalog, [event("a", run="1", writes=["t"]), event("b", minute=2, writes=[dataset("t", **drop)])])
    assert listed() == []
    with catalog.reading() as conn:
        assert [one.dropped for one in nodes.datasets(conn, dropped=True).items] == [True]
    ingest(catalog, [event("a", run="2", minute=3, writes=["t"])])
    assert listed() == ["t"]


def test_emptied_lineage_can_be_told_anew(catalog: Catalog) -> None:
    told = [event("load", reads=["raw"], writes=["orders"])]
    ingest(catalog, told)
    with catalog.reading() as conn:
        before = lineage(conn, data("orders"))
    erase(catalog)
    with catalog.reading() as conn:
        assert (nodes.datasets(conn, dropped=True).total, lineage(conn, data("orders")).nodes) == (0, ())
    assert ingest(catalog, told) == Ingested(1, 0, ())
    with catalog.reading() as conn:
        assert lineage(conn, data("orders")) == before


def test_names_with_colons_are_found(catalog: Catalog) -> None:
    key = NodeKey("dataset", "postgres://db:5432", "shop:orders")
    ingest(catalog, [event("load", writes=[dataset("shop:orders", namespace="postgres://db:5432")])])
    with catalog.reading() as conn:
        assert nodes.resolve(conn, str(key)) == key
        assert nodes.resolve(conn, "dataset:nothing:here") is None


_DAY = [
    event("a", "START", run="1", minute=1, reads=["x"]),
    event("a", "COMPLETE", run="1", minute=4, reads=["x"], writes=[
        dataset("y", schema=_schema("int"), columnLineage=column_sources(id=[("x", "id")]))]),
    event("a", "START", run="2", minute=3, reads=["w"]),
    event("a", "COMPLETE", run="2", minute=6, writes=[
        dataset("y", schema=_schema("text"), columnLineage=column_sources(id=[("w", "id")]))]),
    event("b", "FAIL", run="3", minute=7, reads=["y"], writes=[dataset("z", documentation={"description": "Z"})]),
    event("b", "COMPLETE", run="4", minute=9, reads=[dataset("y", schema=_schema("text"))], writes=[
        dataset("z2", lifecycleStateChange={"lifecycleStateChange": "RENAME",
                                            "previousIdentifier": {"namespace": "shop", "name": "z"}})]),
    event("c", "START", run="5", minute=9, reads=["z"], facets={
        "parent": {"run": {"runId": run_id("dag")}, "job": {"namespace": "jobs", "name": "b"}}}),
    event("c", "ABORT", run="5", minute=9, reads=["z"]),
]  # fmt: skip


def _picture(catalog: Catalog) -> object:
    with catalog.reading() as conn:
        return (
            nodes.datasets(conn, dropped=True), nodes.jobs(conn), nodes.namespaces(conn),
            [runs.runs(conn, "jobs", one) for one in "abc"], [runs.dataset_versions(conn, "shop", one) for one in "yz"],
            lineage(conn, data("y")), lineage(conn, data("z")), column_lineage(conn, data("y")),
        )  # fmt: skip


@pytest.fixture(scope="module")
def two_catalogs() -> Iterator[list[Catalog]]:
    with tempfile.TemporaryDirectory() as place:
        homes = [Path(place) / name for name in ("in_order", "shuffled")]
        found = [open_catalog(Settings(root=home, home=home)) for home in homes]
        yield found
        for catalog in found:
            catalog.close()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(len(_DAY))),
    cuts=st.lists(st.integers(0, len(_DAY)), max_size=4),
    again=st.lists(st.sampled_from(range(len(_DAY))), max_size=3),
)
def test_the_order_of_events_makes_no_difference(
    two_catalogs: list[Catalog], order: list[int], cuts: list[int], again: list[int]
) -> None:
    pictures = []
    for catalog, batches in zip(two_catalogs, ([list(range(len(_DAY)))], [*_split(order, cuts), again]), strict=True):
        erase(catalog)
        for batch in batches:
            ingest(catalog, [_DAY[index] for index in batch])
        pictures.append(_picture(catalog))
    assert pictures[0] == pictures[1]


def _split(order: list[int], cuts: list[int]) -> list[list[int]]:
    places = [0, *sorted(cuts), len(order)]
    return [order[one:two] for one, two in pairwise(places)]


_WRITER = """
import json, os, signal, sys
from pathlib import Path
from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.settings import Settings
home = Path(sys.argv[1])
with open_catalog(Settings(root=home, home=home)) as catalog:
    for line in sys.stdin:
        ingest(catalog, json.loads(line))
        print("kept", flush=True)
"""


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_process(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin
    assert writer.stdout
    batches = [[event("load", run=f"{batch}/{one}", writes=["orders"]) for one in range(20)] for batch in range(5)]
    for batch in batches:
        print(json.dumps(batch), file=writer.stdin, flush=True)
        assert writer.stdout.readline() == "kept\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate(timeout=60)
    with open_catalog(Settings(root=tmp_path, home=tmp_path)) as catalog:
        assert ingest(catalog, [one for batch in batches for one in batch]) == Ingested(0, 100, ())


def test_refused_says_which(catalog: Catalog) -> None:
    found = ingest(catalog, [event("a"), {"producer": "me", "eventTime": 1}])
    assert found.refused == (
        Refused(1, "eventTime: 1 is not a date-time such as 2026-01-31T09:30:00Z"),
    )  # fmt: skip
