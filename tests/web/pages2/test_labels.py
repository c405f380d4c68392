"""Names that people read: without the folders of a machine, and never another thing's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.search import Span
from mesh_orchestration.catalog.search_index import index_all_lineage
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.labels import Labels, ending
from tests.builders import settings_at
from tests.web.api.client import Visitor
from tests.web.pages2.reading import markup, read


def test_a_table_of_an_engine_is_called_by_its_domain(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    table = Places(settings).relation("orders", "order_lines")
    label = Labels(settings).of(NodeKey("dataset", table.namespace, table.name))
    assert (str(label), label.whole) == (
        "orders engine · orders.order_lines",
        f"{table.namespace} {table.name}",
    )


def test_landed_files_are_called_by_where_they_landed(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    landed = NodeKey("dataset", "file", str(settings.landing_dir / "till" / "*.csv"))
    assert str(Labels(settings).of(landed)) == "landing files · till/*.csv"


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "label"),
    [
        ("dataset", "file", "/drop/here/till.csv", "files · here/till.csv"),
        ("dataset", "file", "/till.csv", "files · till.csv"),
        ("dataset", "duckdb:///home/ann/other.duckdb", "other.main.lines", "duckdb other.duckdb · other.main.lines"),
        ("dataset", "kafka://broker:9092", "orders", "kafka://broker:9092 · orders"),
        ("dataset", "s3://bucket", "a/b.parquet", "s3://bucket · a/b.parquet"),
        ("job", "mesh", "orders.dbt.order_lines", "mesh · orders.dbt.order_lines"),
        ("job", "file", "/drop/here/till.csv", "file · /drop/here/till.csv"),
    ],
)
def test_what_others_name_keeps_what_tells_it_apart(
    tmp_path: Path, kind: str, namespace: str, name: str, label: str
) -> None:
    assert str(Labels(settings_at(tmp_path)).of(NodeKey(kind, namespace, name))) == label  # type: ignore[arg-type]


def test_an_ending_keeps_what_was_looked_for() -> None:
    title = (Span("orders_engine.", hit=False), Span("orders", hit=True), Span(".lines", hit=False))
    assert ending(title, "rders.lines") == (Span("rders", hit=True), Span(".lines", hit=False))
    assert ending(title, "nes") == (Span("nes", hit=False),)


def test_pages_show_labels_and_keep_whole_names_as_titles(pages: Visitor, seen: Settings) -> None:
    with open_catalog(seen) as catalog:
        index_all_lineage(catalog)
    table = Places(seen).relation("orders", "stg_till__lines")
    node = quote(f"dataset:{table.namespace}:{table.name}")
    whole = f"{table.namespace} {table.name}"
    for path in ("/search?q=stg_till", "/search/instant?q=stg_till", f"/lineage?node={node}"):
        page = markup(pages, path)
        assert f'title="{whole}"' in page, path
    assert "orders engine · orders." in read(pages, "/search?q=stg_till")
    said = read(pages, f"/lineage?node={node}")
    assert "orders engine · orders.stg_till__lines" in said
    assert f"Namespace {table.namespace} Name {table.name}" in said
