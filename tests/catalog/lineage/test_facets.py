"""What is told often is kept once, and nothing of an event is lost by it."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select

from mesh_orchestration.catalog import migrations, nodes, runs
from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.envelope import NotAnEvent
from mesh_orchestration.catalog.facets import Recent, canonical
from mesh_orchestration.catalog.graph import column_lineage
from mesh_orchestration.catalog.ingest import Ingested, ingest
from mesh_orchestration.catalog.openlineage import read_event
from mesh_orchestration.catalog.store import Catalog, open_catalog
from tests.builders import settings_at
from tests.catalog.lineage.told import column_sources, data, dataset, event, facet, run_id

_FIELDS = [{"name": f"column_{number}", "type": "text", "description": "ä"} for number in range(20)]
_LONG = {"fields": _FIELDS}


def kept(catalog: Catalog, table: Any) -> int:
    with catalog.reading() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def told_by(catalog: Catalog) -> list[dict[str, Any]]:
    with catalog.reading() as conn:
        return list(runs.events(conn, newest_first=False).items)


def everywhere(minute: int, long: dict[str, Any]) -> dict[str, Any]:
    """An event with a long facet wherever a facet may be."""
    read = dataset("raw", schema=long) | {"inputFacets": {"quality": facet(**long)}}
    wrote = dataset("orders", schema=long) | {"outputFacets": {"statistics": facet(**long), "short": facet(rows=1)}}
    return event("load", run=str(minute), minute=minute, reads=[read], writes=[wrote], facets={"plan": long},
                 job_facets={"sql": long})  # fmt: skip


def test_a_long_facet_is_kept_once_and_every_event_comes_back_whole(catalog: Catalog) -> None:
    told = [everywhere(minute, _LONG) for minute in range(9)]
    assert ingest(catalog, told[:4]) == Ingested(4, 0, ())
    assert ingest(catalog, told[4:]) == Ingested(5, 0, ())
    assert told_by(catalog) == told
    assert kept(catalog, tables.texts) == 1
    with catalog.reading() as conn:
        body = conn.execute(select(tables.events.c.body)).scalars().first()
        found = nodes.dataset(conn, "shop", "orders")
    assert len(body or "") < 1_500 < len(orjson.dumps(told[0])) / 5
    assert found is not None
    assert [field.name for field in found.fields] == [field["name"] for field in _FIELDS]


def test_facets_that_mean_the_same_are_one_however_they_are_written(catalog: Catalog) -> None:
    turned = {"fields": [dict(reversed(one.items())) for one in _FIELDS]}
    spaced = orjson.loads(orjson.dumps(everywhere(2, turned), option=orjson.OPT_INDENT_2))
    ingest(catalog, [everywhere(1, _LONG), spaced])
    assert kept(catalog, tables.texts) == 1
    assert ingest(catalog, [everywhere(2, _LONG)]) == Ingested(0, 1, ())


_WORDS = st.text(alphabet='aä"\\/\n\u2028😀', max_size=4)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_MORE = st.dictionaries(st.sampled_from(["extra", "name of it", "ä"]), _JSON, max_size=2)


@settings(max_examples=60, deadline=None)
@given(st.lists(_MORE, min_size=6, max_size=6), st.integers(0, 3), st.randoms(use_true_random=False))
def test_what_the_specification_does_not_know_is_kept_in_its_place(
    more: list[dict[str, Any]], indent: int, chance: random.Random
) -> None:
    told = everywhere(1, {"fields": [], "more": more[0]})
    parts = (told, told["run"], told["job"], told["inputs"][0], told["outputs"][0])
    for part, said in zip(parts, more[1:], strict=True):
        part.update(said)
    turned = dict(chance.sample(list(told.items()), len(told)))
    one, other = (
        read_event(orjson.dumps(document, option=orjson.OPT_INDENT_2 if indent else 0)) for document in (told, turned)
    )
    assert one == other
    assert canonical(one.body.encode()) == one.body.encode()
    body = orjson.loads(one.body)
    for path, said in zip(("", "run", "job", "inputs", "outputs"), more[1:], strict=True):
        place = body if not path else body[path][0] if path.endswith("s") else body[path]
        assert said.items() <= place.items()


def test_null_says_nothing_and_is_kept(catalog: Catalog) -> None:
    told = event("load", writes=["orders"])
    told |= {"inputs": None, "eventType": None, "schemaURL": None}
    told["outputs"][0] |= {"facets": None, "outputFacets": None}
    told["run"]["facets"] = told["job"]["facets"] = None
    assert ingest(catalog, [told]) == Ingested(1, 0, ())
    assert told_by(catalog) == [told]


@pytest.mark.parametrize("place", ["inputFacets", "outputFacets"])
def test_a_facet_that_is_no_object_is_refused_wherever_it_is(place: str) -> None:
    part = "inputs" if place == "inputFacets" else "outputs"
    told = event("load") | {part: [dataset("a") | {place: {"mine": "7" * 32}}]}
    with pytest.raises(NotAnEvent, match=rf"{part}\[0\].{place}.mine: a facet is an object, not a text"):
        read_event(orjson.dumps(told))


def test_what_is_known_is_bounded_and_what_is_asked_for_stays() -> None:
    made: list[bytes] = []

    def read(raw: bytes) -> bytes:
        made.append(raw)
        return raw

    recent = Recent(read, 10_000)
    for number in range(1_000):
        recent.find(b"often")
        recent.find(b"%d" % number)
    assert made.count(b"often") == 1
    assert len(made) == 1_001
    recent.find(b"0")
    assert made.count(b"0") == 2


def before(file: Path, told: dict[str, Any]) -> None:
    """A catalog with one event, in the form before long facets were kept once."""
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    file.parent.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "sessions")
        connection.commit()
    engine.dispose()
    at, run = 1_772_323_200_000_000, told["run"]["runId"]
    rows: list[tuple[str, tuple[Any, ...]]] = [
        ("lineage_nodes (id, kind, namespace, name, created_at, updated_at, said_at)",
         (1, "dataset", "shop", "orders", at, at, orjson.dumps({":schema": at}).decode())),
        ("lineage_nodes (id, kind, namespace, name, created_at, updated_at, said_at)",
         (2, "job", "jobs", "load", at, at, "{}")),
        ("lineage_facets (node_id, name, job_id, generation, body)",
         (1, "schema", 0, 1, orjson.dumps(told["outputs"][0]["facets"]["schema"]).decode())),
        ("lineage_fields (dataset_id, position, name)", (1, 0, "column_0")),
        ("lineage_runs (id, run, job_id, state, state_key, first_at, last_at, touches)",
         (1, run, 2, "COMPLETE", "2", at, at, True)),
        ("lineage_versions (dataset_id, version, at, event_id)", (1, "old", at, 1)),
        ("lineage_versions (dataset_id, version, at, event_id)", (1, "new", at + 1, 1)),
        ("lineage_events (id, digest, at, received_at, kind, node_id, run_id, body)",
         (1, b"old", at, at, 1, 2, 1, orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode())),
    ]  # fmt: skip
    with sqlite3.connect(file) as raw:
        for place, values in rows:
            raw.execute(f"insert into {place} values ({', '.join('?' * len(values))})", values)
        raw.execute("update lineage_state set generation = 1, next_node = 3, next_run = 2, next_event = 2")


def test_an_event_that_was_taken_before_and_would_be_refused_today_stays(tmp_path: Path) -> None:
    home, told = settings_at(tmp_path), everywhere(0, _LONG)
    told["inputs"][0]["inputFacets"]["odd"] = "no facet"
    before(Catalog.place.path(home), told)
    with open_catalog(home) as catalog:
        assert told_by(catalog) == [told]


def test_a_catalog_of_before_is_brought_into_this_form(tmp_path: Path) -> None:
    home, told = settings_at(tmp_path), everywhere(0, _LONG)
    before(Catalog.place.path(home), told)
    with open_catalog(home) as catalog:
        assert told_by(catalog) == [told]
        with catalog.reading() as conn:
            before_all = nodes.dataset(conn, "shop", "orders")
        assert before_all is not None
        assert before_all.version == "new"
        assert ingest(catalog, [told, everywhere(1, _LONG)]) == Ingested(1, 1, ())
        with catalog.reading() as conn:
            found = nodes.dataset(conn, "shop", "orders")
    assert found is not None
    assert len(found.fields) == len(_FIELDS)
    assert found.version == run_id("1")


def test_columns_follow_from_facets_that_are_kept_once(catalog: Catalog) -> None:
    sources = column_sources(**{f"column_{number}": [("raw", f"column_{number}")] for number in range(20)})
    ingest(catalog, [event("load", writes=[dataset("orders", columnLineage=sources)])])
    with catalog.reading() as conn:
        assert len(column_lineage(conn, data("orders")).edges) == 20
    with sqlite3.connect(catalog.engine.url.database or "") as raw:
        assert raw.execute("select body from lineage_facets where name = 'columnLineage'").fetchone() == (None,)
