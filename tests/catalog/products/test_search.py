"""What people type, and what they find; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.project import write_contracts
from mesh_orchestration.catalog.search import Filters, Results, Span, search
from mesh_orchestration.catalog.search_index import index_lineage
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.words import words
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from tests.builders import product, settings_at
from tests.postgres import PostgresDatabase

HOUSEHOLDS = product(
    "customers.households.v1",
    title="Households",
    description="One row per household that answered the survey.",
    tags=["retail", "sensitive"],
    owner="team-customers@example.com",
    fields={"household_id": {"type": "long", "pii": True}, "income_band": "string"},
)
BASKETS = product(
    "orders.baskets.v1",
    title="Baskets",
    description="What a customer carried home.",
    tags=["retail"],
    owner="team-orders@example.com",
    fields={"basket_id": "long", "household_id": "long", "paidValue": "double"},
)
SURVEYS = product(
    "research.panel.v1",
    title="Panel",
    description="Answers of people asked twice; see households for who they are. Überraschend.",
    owner="team-research@example.com",
    fields={"answer": "string"},
)
PRODUCTS = (HOUSEHOLDS, BASKETS, SURVEYS)
CRM = {
    "eventType": "COMPLETE",
    "eventTime": "2026-11-20T06:00:00Z",
    "producer": "https://example.com/airflow",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "3f5e83fa-3480-44ff-99c5-ff943904e5e8"},
    "job": {"namespace": "airflow", "name": "load_crm_contacts"},
    "inputs": [],
    "outputs": [
        {
            "namespace": "postgres://crm:5432",
            "name": "crm.public.contacts",
            "facets": {
                "schema": {
                    "_producer": "https://example.com/airflow",
                    "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
                    "fields": [{"name": "email_address", "type": "text", "description": "Where <b>mail</b> goes."}],
                }
            },
        }
    ],
}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with open_catalog(settings_at(tmp_path_factory.mktemp("search"))) as catalog:
        fill(catalog)
        yield catalog


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def catalog(request: pytest.FixtureRequest, sqlite: Catalog, tmp_path: Path) -> Iterator[Catalog]:
    """The same catalog in both databases; only to be read."""
    if request.param == "sqlite":
        yield sqlite
        return
    database: PostgresDatabase = request.getfixturevalue("postgres")
    with open_catalog(settings_at(tmp_path, MESH_CATALOG_URL=database.url)) as catalog:
        fill(catalog)
        yield catalog


def fill(catalog: Catalog, *products: DataProduct) -> None:
    """Write products and one run of somebody else into the catalog, and index them."""
    made = products or PRODUCTS
    assert ingest(catalog, [CRM]).accepted == 1
    write_contracts(catalog, Mesh({one.address: one for one in made}, tuple({one.domain for one in made})))
    with catalog.writing() as conn:
        assert index_lineage(conn) == 2


def find(catalog: Catalog, text: str, filters: Filters | None = None, **page: Any) -> Results:
    with catalog.reading() as conn:
        return search(conn, text, filters, **page)


def keys(found: Results) -> list[str]:
    return [hit.key for hit in found.hits]


def test_a_name_comes_before_a_column_and_that_before_a_description(catalog: Catalog) -> None:
    found = find(catalog, "household")
    assert keys(found) == ["customers.households.v1", "orders.baskets.v1", "research.panel.v1"]
    assert [hit.columns for hit in found.hits] == [("household_id",), ("household_id",), ()]


def test_the_beginning_of_each_word_is_enough_in_any_order(catalog: Catalog) -> None:
    assert keys(find(catalog, "sur hou")) == ["customers.households.v1"]
    assert keys(find(catalog, "HOUSE surv")) == ["customers.households.v1"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("orders.baskets.v1", "orders.baskets.v1"),
        ("value paid", "orders.baskets.v1"),
        ("paidValue", "orders.baskets.v1"),
        ("team-research", "research.panel.v1"),
        ("sensitive", "customers.households.v1"),
        ("pii", "customers.households.v1"),
        ("uberraschend", "research.panel.v1"),
        ("ÜBERRASCHEND", "research.panel.v1"),
        ("email_address", "postgres://crm:5432:crm.public.contacts"),
        ("load_crm", "airflow:load_crm_contacts"),
    ],
)
def test_names_columns_tags_owners_and_words_are_found(catalog: Catalog, text: str, key: str) -> None:
    assert keys(find(catalog, text)) == [key]


@pytest.mark.parametrize(
    ("typed", "meant"), [("houshold", "household"), ("bakset", "basket"), ("incme bnad", "income band")]
)
def test_a_typing_error_is_forgiven_and_said(catalog: Catalog, typed: str, meant: str) -> None:
    found = find(catalog, typed)
    assert found.corrected == meant
    assert keys(found) == keys(find(catalog, meant))
    assert find(catalog, meant).corrected == ""


def test_what_nothing_comes_near_to_is_not_found(catalog: Catalog) -> None:
    assert find(catalog, "zzzzzzzzzz") == Results((), 0, {"kind": {}, "domain": {}, "owner": {}, "tag": {}}, "")
    assert find(catalog, "?!").total == 0


def test_filters_narrow_and_facets_count_what_is_left(catalog: Catalog) -> None:
    found = find(catalog, "household", Filters(tag="retail"))
    assert keys(found) == ["customers.households.v1", "orders.baskets.v1"]
    assert found.facets["tag"] == {"retail": 2, "sensitive": 1}
    assert found.facets["domain"] == {"customers": 1, "orders": 1}
    assert keys(find(catalog, "", Filters(kind="job"))) == ["airflow:load_crm_contacts"]
    assert keys(find(catalog, "", Filters(domain="orders", owner="team-orders@example.com"))) == ["orders.baskets.v1"]


def test_everything_is_listed_page_by_page_products_first(catalog: Catalog) -> None:
    pages = [find(catalog, "", limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [page.total for page in pages] == [5, 5, 5]
    listed = [key for page in pages for key in keys(page)]
    assert len(set(listed)) == 5
    assert set(listed[:3]) == {str(one.address) for one in PRODUCTS}


def test_pages_of_what_was_found_do_not_overlap(catalog: Catalog) -> None:
    listed = [key for offset in range(3) for key in keys(find(catalog, "household", limit=1, offset=offset))]
    assert listed == ["customers.households.v1", "orders.baskets.v1", "research.panel.v1"]


def test_what_matches_is_marked_in_pieces_of_text_never_as_html(catalog: Catalog) -> None:
    [hit] = find(catalog, "mail").hits
    assert hit.snippet == (
        Span("email_address: Where <b>", hit=False),
        Span("mail", hit=True),
        Span("</b> goes.", hit=False),
    )
    [other] = find(catalog, "baskets").hits
    assert other.title == (Span("Baskets", hit=True),)


@pytest.mark.parametrize(
    "text",
    ['" OR "', "name:*", "a AND NOT b", "(", "'; drop table product; --", "*", "NEAR(a b)", "a & !b | c:*", "\x00"],
)
def test_signs_that_mean_something_to_a_database_mean_nothing_here(catalog: Catalog, text: str) -> None:
    find(catalog, text)
    assert find(catalog, "baskets").total == 1


def test_a_product_that_changed_is_found_by_its_new_words_only(tmp_path: Path) -> None:
    renamed = product("research.panel.v1", title="Cohort", description="Answers.", version="1.1.0")
    with open_catalog(settings_at(tmp_path)) as catalog:
        fill(catalog)
        write_contracts(catalog, Mesh({renamed.address: renamed}, ("research",)))
        assert keys(find(catalog, "cohort")) == ["research.panel.v1"]
        assert keys(find(catalog, "twice")) == []
        assert keys(find(catalog, "household")) == []


def test_a_dataset_that_is_a_product_is_found_once(tmp_path: Path) -> None:
    event = {**CRM, "outputs": [{"namespace": "mesh", "name": "orders.baskets.v1"}]}
    with open_catalog(settings_at(tmp_path)) as catalog:
        fill(catalog)
        ingest(catalog, [event])
        with catalog.writing() as conn:
            index_lineage(conn)
        assert keys(find(catalog, "baskets")) == ["orders.baskets.v1"]


def test_a_product_comes_before_the_jobs_and_datasets_of_the_same_name(tmp_path: Path) -> None:
    event = {
        **CRM,
        "job": {"namespace": "airflow", "name": "baskets"},
        "outputs": [{"namespace": "s3://x", "name": "baskets"}],
    }
    with open_catalog(settings_at(tmp_path)) as catalog:
        fill(catalog)
        ingest(catalog, [event])
        with catalog.writing() as conn:
            index_lineage(conn)
        found = keys(find(catalog, "baskets"))
        assert (found[0], set(found[1:])) == ("orders.baskets.v1", {"airflow:baskets", "s3://x:baskets"})


def test_what_others_told_since_is_found_and_told_once(tmp_path: Path) -> None:
    later = {**CRM, "job": {"namespace": "airflow", "name": "mailing"}, "outputs": []}
    with open_catalog(settings_at(tmp_path)) as catalog:
        fill(catalog)
        ingest(catalog, [later])
        with catalog.writing() as conn:
            assert index_lineage(conn) == 1
            assert index_lineage(conn) == 0
        assert keys(find(catalog, "mailing")) == ["airflow:mailing"]


def test_words_are_taken_apart_as_people_read_them() -> None:
    assert words("grossAmount HTTPServer order_lines.v1 Größe 2026-11-20") == [
        *("gross", "amount", "http", "server", "order", "lines", "v1", "grosse", "2026", "11", "20")
    ]
