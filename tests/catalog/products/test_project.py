"""What the catalog says of a mesh that published, was refused and was read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mesh_orchestration.catalog.cost import cost, untimed, write_costs
from mesh_orchestration.catalog.home import home
from mesh_orchestration.catalog.products import Wanted, domain, product, products, titles, versions
from mesh_orchestration.catalog.project import clear
from mesh_orchestration.catalog.publications import check_history, publications
from mesh_orchestration.catalog.standing import standing
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.traits import TRAITS, scores, traits
from mesh_orchestration.catalog.usage import usage
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import local_path, open_lake
from mesh_orchestration.storage.snapshots import rejected
from mesh_orchestration.storage.upkeep import snapshot_files
from tests.builders import mesh_at, settings_at
from tests.builders import product as made
from tests.catalog.products.held import (
    ADDRESS,
    EVENING,
    LINES,
    MORNING,
    bring,
    everything,
    held_at,
    publish,
)
from tests.impact.meshes import files
from tests.postgres import PostgresDatabase

NOW = datetime.fromisoformat(EVENING)


@dataclass(frozen=True)
class Held:
    settings: Settings
    catalog: Catalog


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """The mesh and its catalog; only to be read."""
    settings = held_at(tmp_path_factory.mktemp("held")).settings
    with open_catalog(settings) as catalog:
        bring(settings, catalog)
        yield Held(settings, catalog)


@pytest.fixture
def own(held: Held, tmp_path: Path) -> Iterator[Held]:
    """A copy of the contracts and of the catalog to change; its lake is the common one, only to be read."""
    shutil.copytree(held.settings.root / "contracts", tmp_path / "contracts")
    (tmp_path / "workspace.yaml").touch()
    warehouse = held.settings.catalog_properties
    there = {f"PYICEBERG_CATALOG__MESH__{name.upper()}": value for name, value in warehouse.items()}
    settings = settings_at(tmp_path, **there)
    with open_catalog(settings) as catalog:
        yield Held(settings, catalog)


def test_a_product_shows_what_consumers_read_and_that_the_newest_attempt_was_refused(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = product(conn, "orders.order_lines", now=NOW)
    assert found is not None
    shown = found.product
    assert (shown.address, shown.version, shown.rows, shown.health) == (ADDRESS, "1.1.0", 3, "refused")
    assert shown.published is not None
    assert shown.refused is not None
    assert (shown.published.hour, shown.refused.hour) == (12, 18)
    assert (shown.failed, shown.warned) == (1, 0)
    assert shown.bytes
    assert found.contract.fingerprint == LINES.fingerprint
    assert found.read_by == ("billing.revenue.v1",)
    assert [(one.name, one.pii, one.mask) for one in found.columns] == [
        ("order_id", "", ""),
        ("amount", "yes", "redact"),
        ("event_ts", "", ""),
    ]


def test_what_is_not_there_is_none(held: Held) -> None:
    with held.catalog.reading() as conn:
        assert product(conn, "orders.nothing.v1", now=NOW) is None
        assert domain(conn, "nothing", now=NOW) is None
        assert traits(conn, "orders.nothing.v1") == ()


def test_every_attempt_to_publish_is_kept_with_its_reasons(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = publications(conn, ADDRESS)
        refused = publications(conn, ADDRESS, published=False)
    assert [(one.run_id, one.published, one.rows) for one in found.publications] == [
        ("run-3", False, 3),
        ("run-2", True, 3),
        ("run-1", True, 2),
    ]
    assert (found.total, refused.total) == (3, 1)
    [attempt] = refused.publications
    assert attempt.branch == "audit-run-3"
    assert "amount" in attempt.reasons[0]


def test_the_checks_are_told_over_time_with_a_masked_sample_of_the_last_failure(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = check_history(conn, ADDRESS)
    worst = found[0]
    assert (worst.column, worst.expectation) == ("amount", "expect_column_values_to_be_between")
    assert [(one.passed, one.published, one.share) for one in worst.points] == [
        (True, True, 0.0),
        (True, True, 0.0),
        (False, False, 2 / 3),
    ]
    assert worst.sample is not None
    assert [row[:2] for row in worst.sample.rows] == [("o1", "***"), ("o2", "***")]
    assert all(one.last.passed and one.sample is None for one in found[1:])


def test_versions_come_from_git_with_their_time(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = versions(conn, ADDRESS)
    assert [one.version for one in found] == ["1.1.0", "1.0.0"]
    assert all(one.commit and one.at and one.contract for one in found)
    assert found[0].contract == LINES


def test_reads_are_counted_by_day_and_role(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = usage(conn, ADDRESS, now=NOW, days=2)
    assert (found.reads, found.denied, found.roles) == (3, 1, {"analyst": 2, "engineer": 1})
    assert [(one.day, one.reads) for one in found.days] == [(date(2026, 11, 19), 0), (date(2026, 11, 20), 3)]


def test_home_and_domains_tell_what_changed_in_the_last_day(held: Held) -> None:
    with held.catalog.reading() as conn:
        glance = home(conn, now=NOW)
        found = domain(conn, "orders", now=NOW)
    assert (glance.products, glance.columns, glance.health) == (2, 5, {"refused": 1, "never": 1})
    assert glance.changed["published"] == 2
    assert [(one.kind, one.address) for one in glance.changes if one.kind == "refused"] == [("refused", ADDRESS)]
    assert found is not None
    assert (found.products, found.read_by, found.owners) == (1, ("billing",), ("team:orders",))


def test_products_are_chosen_by_domain_tag_and_health(held: Held) -> None:
    with held.catalog.reading() as conn:
        for wanted in (
            Wanted(domain="orders"),
            Wanted(tag="core"),
            Wanted(health="refused"),
            Wanted(owner="team:orders"),
        ):
            page = products(conn, wanted, now=NOW)
            assert ([one.address for one in page.products], page.total) == ([ADDRESS], 1)
        assert products(conn, Wanted(tag="cor"), now=NOW).total == 0
        assert titles(conn, [ADDRESS, "billing.revenue.v1"]) == {
            ADDRESS: "Order lines",
            "billing.revenue.v1": "revenue",
        }


def test_the_six_traits_say_what_is_lacking(held: Held) -> None:
    with held.catalog.reading() as conn:
        found = {one.name: one for one in traits(conn, ADDRESS)}
        assert set(scores(conn)) == {ADDRESS, "billing.revenue.v1"}
    assert tuple(found) == TRAITS
    assert found["self-describing"].score > 0.8
    assert any("mesh rejected orders.order_lines.v1" in reason for reason in found["trustworthy"].reasons)
    assert all(0 <= one.score <= 1 for one in found.values())


def test_a_second_look_finds_nothing_new(held: Held) -> None:
    before = everything(held.catalog)
    again = bring(held.settings, held.catalog)
    assert (again.contracts, again.attempts, again.reads, again.indexed) == (0, 0, 0, 0)
    assert everything(held.catalog) == before


def test_the_catalog_of_a_deleted_file_is_written_anew_and_says_the_same(tmp_path: Path) -> None:
    settings = held_at(tmp_path).settings
    with open_catalog(settings) as catalog:
        bring(settings, catalog, MORNING)
        bring(settings, catalog)
        before = everything(catalog)
    shutil.rmtree(Catalog.place.path(settings).parent)
    with open_catalog(settings) as catalog:
        bring(settings, catalog)
        assert everything(catalog) == before
        with catalog.writing() as conn:
            clear(conn)
        bring(settings, catalog)
        assert everything(catalog) == before


def test_a_product_that_is_gone_leaves_nothing_behind(own: Held) -> None:
    bring(own.settings, own.catalog)
    shutil.rmtree(own.settings.root / "contracts" / "orders")
    assert bring(own.settings, own.catalog).contracts == 1
    for name, rows in everything(own.catalog).items():
        assert not [row for row in rows if row[0] == ADDRESS and name != "product_edge"], name


def test_a_table_that_cannot_be_read_leaves_what_is_known_and_says_so(tmp_path: Path) -> None:
    settings = held_at(tmp_path).settings
    with open_catalog(settings) as catalog:
        bring(settings, catalog)
        before = everything(catalog)["publication"]
        with open_lake(settings) as lake:
            table = lake.table(LINES.address)
            assert table is not None
            metadata = local_path(table.metadata_location)
        assert metadata is not None
        metadata.unlink()
        [trouble] = bring(settings, catalog).troubles
        assert ADDRESS in trouble
        assert everything(catalog)["publication"] == before


def test_refused_rows_that_are_gone_leave_the_verdicts(tmp_path: Path) -> None:
    settings = held_at(tmp_path).settings
    with open_lake(settings) as lake:
        [refused] = rejected(lake, LINES.address)
        table = lake.table(LINES.address)
        assert table is not None
        for file in snapshot_files(table, refused.snapshot_id).data:
            path = local_path(file)
            assert path is not None
            path.unlink()
    with open_catalog(settings) as catalog:
        assert bring(settings, catalog).troubles == ()
        with catalog.reading() as conn:
            worst = check_history(conn, ADDRESS)[0]
    assert (worst.last.passed, worst.sample) == (False, None)


def test_an_attempt_that_iceberg_let_go_stays_known(tmp_path: Path) -> None:
    settings = held_at(tmp_path).settings
    with open_catalog(settings) as catalog:
        bring(settings, catalog)
        with open_lake(settings) as lake:
            table = lake.table(LINES.address)
            assert table is not None
            table.manage_snapshots().remove_branch("audit-run-3").commit()
        publish(settings, 4, run="run-4", now=EVENING)
        bring(settings, catalog)
        with catalog.reading() as conn:
            assert publications(conn, ADDRESS).total == 4
            found = product(conn, ADDRESS, now=NOW)
            assert found is not None
            assert (found.product.health, found.product.rows) == ("good", 1)
            assert products(conn, Wanted(health="late"), now=NOW).total == 0
            assert products(conn, Wanted(health="late"), now=NOW + timedelta(hours=2)).total == 1


def test_the_time_of_runs_is_a_cost_of_the_day(own: Held) -> None:
    bring(own.settings, own.catalog)
    with own.catalog.writing() as conn:
        assert untimed(conn) == {"run-1": (ADDRESS,), "run-2": (ADDRESS,), "run-3": (ADDRESS,)}
        assert list(untimed(conn, since=NOW)) == ["run-3"]
        write_costs(conn, "run-1", {ADDRESS: 2.0})
        write_costs(conn, "run-2", {ADDRESS: 4.0})
    with own.catalog.reading() as conn:
        found = cost(conn, ADDRESS, now=NOW, days=1)
        assert publications(conn, ADDRESS).publications[1].seconds == 4.0
    assert (found.attempts, found.timed, found.seconds, found.per_run, found.rows) == (3, 2, 6.0, 3.0, 8)
    assert [day.attempts for day in found.days] == [3]


def test_standing_says_which_contracts_the_catalog_does_not_know(own: Held) -> None:
    mesh = load_mesh(own.settings)
    with own.catalog.reading() as conn:
        assert standing(conn, mesh).behind == ("billing.revenue.v1", ADDRESS)
    bring(own.settings, own.catalog)
    with own.catalog.reading() as conn:
        found = standing(conn, mesh)
    assert (found.behind, found.counts["products"], found.projected) == ((), 2, NOW.astimezone(UTC))


def test_results_of_checks_are_forgotten_after_a_time_attempts_are_not(own: Held) -> None:
    bring(own.settings, own.catalog)
    later = (NOW + timedelta(days=3)).isoformat()
    bring(replace(own.settings, environ={**own.settings.environ, "MESH_CATALOG_KEEP_DAYS": "2"}), own.catalog, later)
    with own.catalog.reading() as conn:
        assert check_history(conn, ADDRESS) == ()
        assert publications(conn, ADDRESS).total == 3


@pytest.mark.slow
def test_postgresql_says_the_same(held: Held, postgres: PostgresDatabase) -> None:
    settings = replace(held.settings, environ={**held.settings.environ, "MESH_CATALOG_URL": postgres.url})
    with open_catalog(settings) as other:
        bring(settings, other)
        assert everything(other) == everything(held.catalog)
        bring(settings, other)
        assert everything(other) == everything(held.catalog)
        with other.reading() as there, held.catalog.reading() as here:
            for conn in (there, here):
                assert products(conn, Wanted(health="refused", tag="core"), now=NOW).total == 1
            assert home(there, now=NOW) == home(here, now=NOW)
            assert check_history(there, ADDRESS) == check_history(here, ADDRESS)
            assert usage(there, ADDRESS, now=NOW) == usage(here, ADDRESS, now=NOW)
            assert cost(there, ADDRESS, now=NOW) == cost(here, ADDRESS, now=NOW)
            assert versions(there, ADDRESS) == versions(here, ADDRESS)
            assert traits(there, ADDRESS) == traits(here, ADDRESS)
        with other.writing() as conn:
            clear(conn)
        bring(settings, other)
        assert everything(other) == everything(held.catalog)


def test_a_product_reads_what_its_models_read_of_its_own_domain(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, made(ADDRESS), made("orders.baskets.v1"))
    files(tmp_path, "orders", models__order_lines___sql="select 1 as id", models__baskets___sql="select 1 as id")
    with open_catalog(settings) as catalog:
        bring(settings, catalog)
        assert _readers(catalog) == ()
        files(tmp_path, "orders", models__baskets___sql="select id from {{ ref('order_lines') }}")
        bring(settings, catalog)
        assert _readers(catalog) == ("orders.baskets.v1",)
        with catalog.reading() as conn:
            glance = home(conn, now=NOW)
    assert next((one.address, count) for one, count in glance.central) == (ADDRESS, 1)


def _readers(catalog: Catalog) -> tuple[str, ...]:
    with catalog.reading() as conn:
        found = product(conn, ADDRESS, now=NOW)
    assert found
    return found.read_by
