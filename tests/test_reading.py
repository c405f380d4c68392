"""Published products in Python, through policies, masks and the log."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.catalog.usage import count_reads
from mesh_orchestration.errors import AccessDenied, MeshError, StorageError
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.masking import mask_value
from mesh_orchestration.reading import read, read_batches
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import FIELDS, contract_text, product, write_contract
from tests.governance.policies import write_rule
from tests.publication.publishing import NOW, copy_to, exported, publish_orders

REPO = Path(__file__).resolve().parents[1]
KEY = "a secret of the tests"
LINES = "orders.order_lines"
SPOKEN: dict[str, Any] = {
    "sla": {"freshness": "1h", "availability": "99.9%", "completeness": "99%"},
    "support": {"channel": "#orders"},
    "retention": "365d",
    "access": {"roles": ["analyst", "data-protection"]},
    "fields": {
        **FIELDS,
        "email": {"type": "string", "pii": True, "masking": "hash"},
        "region": {"type": "string"},
    },
}
COLUMNS = ", 'ada' || i || '@example.com' as email, ['EU', 'US'][i % 2 + 1] as region"
MANY = 150_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh with one product that was published twice, one that never was, and the example mesh's policies."""
    root = tmp_path_factory.mktemp("mesh")
    settings = Settings(root=root, home=root / ".mesh", environ={"MESH_MASKING_KEY": KEY, "MESH_USER": "ada"})
    shutil.copytree(REPO / "policies", root / "policies")
    write_contract(root, contract_text(**SPOKEN))
    write_contract(root, contract_text("orders.returns.v1", **SPOKEN), at="orders.returns.v1")
    with open_lake(settings) as lake:
        for run, amounts in {"r1": (1, 2), "r2": (1, 2, 3)}.items():
            export = exported(*amounts, columns=COLUMNS)
            moment = NOW if run == "r1" else NOW + timedelta(hours=1)
            found = publish_orders(lake, run=run, now=moment, export=export, contract=product(**SPOKEN))
            assert found.published, found.reasons
    return settings


@pytest.fixture
def settings(home: Settings, tmp_path: Path) -> Settings:
    """The same mesh with policies that a test may change and a log of its own."""
    shutil.copytree(home.root / "policies", tmp_path / "policies")
    shutil.copytree(home.root / "contracts", tmp_path / "contracts")
    catalog = {**home.environ, "PYICEBERG_CATALOG__MESH__URI": home.catalog_properties["uri"]}
    return replace(home, root=tmp_path, home=tmp_path / ".mesh", environ=catalog)


def test_a_product_is_an_arrow_table_of_what_is_published(settings: Settings) -> None:
    table = read(LINES, settings=settings)

    assert table.column_names == ["order_id", "amount", "event_ts", "email", "region"]
    assert table.schema.field("amount").type == pa.decimal128(12, 2)
    assert table.schema.field("event_ts").type == pa.timestamp("us", "UTC")
    assert table.to_pandas()["amount"].tolist() == [1, 2, 3]


def test_columns_a_condition_with_values_and_a_limit_choose(settings: Settings) -> None:
    chosen = read(
        LINES, columns=["amount"], where="amount >= $least and region = $region", values={"least": 1, "region": "EU"},
        limit=1, settings=settings,
    )  # fmt: skip

    assert chosen.to_pydict() == {"amount": [1]}


def test_masked_columns_are_masked_and_say_so(settings: Settings) -> None:
    masked = read(LINES, columns=["EMAIL", "order_id"], limit=1, settings=settings)
    seen = read(LINES, columns=["email"], role="data-protection", limit=1, settings=settings)

    assert masked.column(0).to_pylist() == [mask_value("ada0@example.com", "hash", KEY)]
    assert (masked.schema.field(0).metadata, masked.schema.field(1).metadata) == ({b"mask": b"hash"}, None)
    assert (seen.column(0).to_pylist(), seen.schema.field(0).metadata) == (["ada0@example.com"], None)


def test_a_condition_sees_no_more_than_the_reader(settings: Settings) -> None:
    named = {"where": "email = $who", "values": {"who": "ada0@example.com"}, "settings": settings}

    assert (read(LINES, **named).num_rows, read(LINES, role="data-protection", **named).num_rows) == (0, 1)


def test_a_rule_leaves_rows_out_by_an_attribute_of_the_reader(settings: Settings) -> None:
    body = """filter contains kept if {
	region := input.reader.attributes.region
	kept := {"column": "region", "operator": "=", "value": region}
}
"""
    write_rule(settings.root, "domains/orders/region", code="ORD-001", body=body, extra="#   input: read\n")

    assert read(LINES, attributes={"region": "EU"}, settings=settings).num_rows == 2


def test_an_older_snapshot_is_read_by_its_id_or_a_time(settings: Settings) -> None:
    now = read(LINES, settings=settings)
    later = NOW + timedelta(minutes=30)
    older = [read(LINES, as_of=when, settings=settings) for when in (later, later.isoformat(), "2026-11-20T06:30:00")]
    (snapshot,) = {one.schema.metadata[b"snapshot"] for one in older}

    assert (now.num_rows, [one.num_rows for one in older]) == (3, [2, 2, 2])
    assert read(LINES, as_of=int(snapshot), settings=settings).num_rows == 2
    assert now.schema.metadata == {b"product": b"orders.order_lines.v1", b"snapshot": now.schema.metadata[b"snapshot"]}
    assert now.schema.metadata[b"snapshot"] != snapshot


def test_each_read_is_logged_and_counts_as_usage_and_a_denial_names_the_rule(settings: Settings) -> None:
    read(LINES, columns=["amount"], where="email is not null", purpose="service", settings=settings)
    with pytest.raises(AccessDenied, match=r"^ACC-001 the role 'finance' may not read"):
        read_batches(LINES, role="finance", settings=settings)
    allowed, denied = [record.decision for record in DecisionLog(settings).records()]

    assert (allowed.verdict, allowed.who, allowed.purpose) == ("allow", "ada", "service")
    assert (allowed.columns, allowed.masked, denied.verdict) == (("amount", "email"), ("email",), "deny")
    with open_catalog(settings) as catalog:
        assert count_reads(settings, catalog) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"address": "orders.order_line"}, "orders.order_lines"),
        ({"columns": "amount"}, r"columns is 'amount'; expected a list of names, such as columns=\['order_id', 'amou"),
        ({"columns": []}, r"columns is \[\]; expected"),
        ({"columns": ["amounts"]}, 'the query failed: Binder Error: Referenced column "amounts" not found'),
        ({"columns": ["amount) from x --"]}, "not found"),
        ({"limit": -1}, "limit is -1; expected a number of rows"),
        ({"where": "amount > 1 order by 1"}, 'where is .* expected one condition in SQL, such as "amount > '),
        ({"where": "amount > 1; select 1"}, "expected one condition"),
        ({"where": "true) or (true"}, "expected one condition"),
        ({"where": "amount > $least"}, "the query failed"),
        ({"where": "exists (from read_parquet('/etc/passwd'))"}, "cannot be read; name products"),
        ({"as_of": "yesterday"}, "yesterday"),
        ({"attributes": {"": "EU"}}, "is not NAME=VALUE"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_fix(settings: Settings, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(MeshError, match=said):
        read(**{"address": LINES, **wrong}, settings=settings)


def test_what_was_never_published_says_how_to_publish_it(settings: Settings) -> None:
    with pytest.raises(StorageError, match=r"orders\.returns\.v1 was never published; run it with: mesh run"):
        read("orders.returns", settings=settings)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh with one product of many rows."""
    root = tmp_path_factory.mktemp("large")
    settings = Settings(root=root, home=root / ".mesh", environ={"MESH_MASKING_KEY": KEY, "MESH_THREADS": "1"})
    write_contract(root, contract_text(**SPOKEN))

    def export(directory: Path) -> list[Path]:
        copy_to(
            directory / "all.parquet",
            "select 'o' || i as order_id, (1 + i)::decimal(12,2) as amount, timestamptz "
            f"'2026-11-20 05:00:00+00' as event_ts, i || '@x.com' as email, 'EU' as region from range({MANY}) r(i)",
        )
        return [directory / "all.parquet"]  # fmt: skip

    with open_lake(settings) as lake:
        assert publish_orders(
            lake, run="r1", now=datetime.now(UTC), export=export, contract=product(**SPOKEN)
        ).published
    return settings


def test_batches_come_as_they_are_asked_for_and_a_reader_may_stop(large: Settings) -> None:
    with read_batches(LINES, columns=["order_id", "email"], settings=large) as batches:
        first = batches.read_next_batch()
        assert (batches.schema.field("email").metadata, 0 < first.num_rows < MANY) == ({b"mask": b"hash"}, True)
    assert sum(batch.num_rows for batch in read_batches(LINES, columns=["amount"], settings=large)) == MANY


def test_an_error_that_a_row_brings_is_one_of_ours_and_tells_no_value(large: Settings) -> None:
    late = f"case when amount > {MANY - 1} then error(order_id) else true end"
    with pytest.raises(MeshError, match=r"^the query failed: Invalid Input Error: \*\*\*$"):
        read(LINES, where=late, settings=large)


def test_importing_it_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys, mesh_orchestration.reading; print({'pyarrow', 'duckdb', 'sqlglot', 'pydantic'} & {*sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "set()\n"
