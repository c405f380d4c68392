"""What a reader sees of published rows, and what the log keeps of it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import AccessDenied, MeshError, PolicyError
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.masking import mask_value
from mesh_orchestration.publication.query import Answer, run_query
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import FIELDS, contract_text, product, write_contract
from tests.governance.policies import write_rule
from tests.publication.publishing import exported, publish_orders

REPO = Path(__file__).resolve().parents[2]
KEY = "a secret of the tests"
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
COLUMNS = ", ['ada@example.com', 'bob@example.com', null][i + 1] as email, ['EU', 'US', 'EU'][i + 1] as region"
ANALYST = Reader("ada", "analyst")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh with one published product and the example mesh's policies."""
    root = tmp_path_factory.mktemp("mesh")
    settings = Settings(root=root, home=root / ".mesh", environ={"MESH_MASKING_KEY": KEY})
    shutil.copytree(REPO / "policies", root / "policies")
    write_contract(root, contract_text(**SPOKEN))
    with open_lake(settings) as lake:
        export = exported(1, 2, 3, columns=COLUMNS)
        publication = publish_orders(lake, run="r1", export=export, contract=product(**SPOKEN))
    assert publication.published, publication.reasons
    return settings


@pytest.fixture
def settings(home: Settings, tmp_path: Path) -> Settings:
    """The same mesh with policies that a test may change and a log of its own."""
    shutil.copytree(home.root / "policies", tmp_path / "policies")
    shutil.copytree(home.root / "contracts", tmp_path / "contracts")
    shutil.copytree(home.home, tmp_path / ".mesh")
    shutil.rmtree(tmp_path / ".mesh" / "decisions")
    catalog = {"MESH_MASKING_KEY": KEY, "PYICEBERG_CATALOG__MESH__URI": home.catalog_properties["uri"]}
    return replace(home, root=tmp_path, home=tmp_path / ".mesh", environ=catalog)


def ask(settings: Settings, sql: str, reader: Reader = ANALYST) -> Answer:
    return run_query(settings, mesh_of(settings), sql, reader=reader)


def failing(settings: Settings, sql: str) -> str:
    """What a query says that fails on a value; nothing when it does not come to that."""
    try:
        ask(settings, sql)
    except MeshError as error:
        return str(error)
    return ""


def mesh_of(settings: Settings) -> Mesh:
    return load_mesh(settings)


def test_personal_data_is_masked_and_a_missing_value_stays_missing(settings: Settings) -> None:
    answer = ask(settings, "select order_id, email from orders.order_lines order by 1")

    hashed = [mask_value(f"{name}@example.com", "hash", KEY) for name in ("ada", "bob")]
    assert answer.rows == (("o0", hashed[0]), ("o1", hashed[1]), ("o2", None))
    assert answer.masked == {"orders.order_lines.v1": {"email": "hash"}}


def test_a_role_that_must_see_personal_data_does(settings: Settings) -> None:
    answer = ask(settings, "select email from orders.order_lines order by order_id", Reader("dpo", "data-protection"))

    assert [row[0] for row in answer.rows] == ["ada@example.com", "bob@example.com", None]


@pytest.mark.parametrize(
    ("role", "said"),
    [("finance", "ACC-001 the role 'finance' may not read orders.order_lines.v1, which is for analyst"),
     ("wizard", "ACC-003 nobody defined the role 'wizard'")],
)  # fmt: skip
def test_another_role_is_denied_with_the_rule_and_what_to_do(settings: Settings, role: str, said: str) -> None:
    with pytest.raises(AccessDenied, match=said):
        ask(settings, "select 1 from orders.order_lines", Reader("eve", role))


def test_each_read_is_logged_with_its_columns_and_each_denial_too(settings: Settings) -> None:
    ask(settings, "select sum(amount) from orders.order_lines where email is not null")
    with pytest.raises(AccessDenied):
        ask(settings, "select * from orders.order_lines", Reader("eve", "finance", "curiosity"))
    allowed, denied = [record.decision for record in DecisionLog(settings).records()]

    assert (allowed.verdict, allowed.who, allowed.columns, allowed.masked) == (
        "allow",
        "ada",
        ("amount", "email"),
        ("email",),
    )
    assert (denied.verdict, denied.purpose, denied.rules) == ("deny", "curiosity", ("ACC-001",))
    assert (len(denied.columns), denied.snapshot is not None, denied.bundle != "") == (5, True, True)


def test_a_rule_of_the_domain_leaves_rows_out_by_an_attribute_of_the_reader(settings: Settings) -> None:
    body = """deny contains finding if {
	not placed
	finding := {"path": "", "message": "says no region"}
}

placed if input.reader.attributes.region

filter contains kept if {
	region := input.reader.attributes.region
	kept := {"column": "region", "operator": "=", "value": region}
}
"""
    write_rule(settings.root, "domains/orders/region", code="ORD-001", body=body, extra="#   input: read\n")
    european = Reader("ada", "analyst", attributes=(("region", "EU"),))

    assert ask(settings, "select count(*) from orders.order_lines", european).rows == ((2,),)
    with pytest.raises(AccessDenied, match="ORD-001 says no region"):
        ask(settings, "select count(*) from orders.order_lines")


def test_the_error_of_a_query_tells_nothing_of_rows_left_out_or_values_masked(settings: Settings) -> None:
    body = """filter contains kept if {
	input.reader.role == "analyst"
	kept := {"column": "region", "operator": "=", "value": "nowhere"}
}
"""
    with pytest.raises(MeshError, match=r"the query failed: Invalid Input Error: \*\*\*$"):
        ask(settings, "select error(email) from orders.order_lines")
    write_rule(settings.root, "domains/orders/region", code="ORD-001", body=body, extra="#   input: read\n")
    said = [
        failing(settings, f"select * from orders.order_lines where cast({one} as integer) > 0")
        for one in ("order_id", "region")
    ]
    assert [one for one in said if re.search(r"\bo\d|EU|US|example", one)] == []


def test_a_rule_of_the_domain_may_mask_more_but_lift_nothing(settings: Settings) -> None:
    body = """mask contains hidden if {
	input.reader.role == "analyst"
	hidden := {"column": "amount", "mask": "redact"}
}

mask contains hidden if {
	input.reader.role == "analyst"
	hidden := {"column": "email", "mask": "partial"}
}
"""
    write_rule(settings.root, "domains/orders/amounts", code="ORD-001", body=body, extra="#   input: read\n")
    (row, *_) = ask(settings, "select amount, email from orders.order_lines order by order_id").rows

    assert row == ("***", mask_value("ada@example.com", "hash", KEY))


@pytest.mark.parametrize(
    "body",
    [
        'deny contains finding if { finding := missing.function(1) }',
        'mask contains hidden if { hidden := {"column": "nothing", "mask": "hash"} }',
        'mask contains hidden if { hidden := {"column": "email", "mask": "scramble"} }',
        'filter contains kept if { kept := {"column": "region", "operator": "like", "value": "%"} }',
        'filter contains kept if { kept := "region = 1" }',
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_denies(settings: Settings, body: str) -> None:
    write_rule(settings.root, "rules/odd", code="ODD-001", body=body + "\n", extra="#   input: read\n")

    with pytest.raises(AccessDenied, match=r"rules/odd\.rego"):
        ask(settings, "select 1 from orders.order_lines")


def test_policies_that_cannot_be_read_deny(settings: Settings) -> None:
    (settings.root / "policies" / "rules" / "broken.rego").write_text("package mesh.rules.broken\n")

    with pytest.raises(PolicyError, match="has no METADATA"):
        ask(settings, "select 1 from orders.order_lines")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_parquet('{file}')",
        "select * from '{file}'",
        "select * from parquet_scan('{file}')",
        "select * from query('select 1')",
        "select * from duckdb_views()",
        "select sql from duckdb_views",
        "select * from information_schema.tables",
        "select * from glob('{file}')",
        "from (describe orders.order_lines)",
        "select (select count(*) from read_parquet('{file}')) from orders.order_lines",
        "with x as (select * from read_parquet('{file}')) select * from x, orders.order_lines",
        "copy orders.order_lines to '/tmp/x.csv'",
        "attach '{file}'",
        "select 1; select 2",
    ],
)
def test_nothing_can_be_read_past_the_masks(settings: Settings, home: Settings, sql: str) -> None:
    (file,) = list((home.home / "warehouse").rglob("*.parquet"))[:1]

    with pytest.raises(MeshError):
        ask(settings, sql.format(file=file))


def test_rows_may_be_made_up(settings: Settings) -> None:
    assert len(ask(settings, "select * from range(3), unnest([1, 2]), orders.order_lines").rows) == 18


def test_without_a_key_masked_values_are_redacted(settings: Settings) -> None:
    keyless = replace(settings, environ={**settings.environ, "MESH_MASKING_KEY": ""})

    assert ask(keyless, "select distinct email from orders.order_lines where email is not null").rows == (("***",),)


def test_a_mesh_without_policies_masks_all_the_same(settings: Settings) -> None:
    shutil.rmtree(settings.root / "policies")
    answer = ask(settings, "select email from orders.order_lines order by order_id limit 1", Reader("eve", "anybody"))

    assert answer.rows == ((mask_value("ada@example.com", "hash", KEY),),)
