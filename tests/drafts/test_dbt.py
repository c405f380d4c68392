from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mesh_orchestration.drafts.dbt_tests import promises
from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import Settings
from tests.drafts.drafting import comments, constraints, drafted, fields, finished

PROJECT = {
    "dbt_project.yml": "{name: shop, version: 1.0.0, profile: shop, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": "{shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}}",
    "packages.yml": "packages: [{local: dbt_packages/dbt_utils}, {local: dbt_packages/dbt_expectations}]",
    "dbt_packages/dbt_utils/dbt_project.yml": "{name: dbt_utils, version: 1.0.0}",
    "dbt_packages/dbt_utils/macros/tests.sql": """
        {% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}{% endtest %}
        {% test unique_combination_of_columns(model, combination_of_columns) %}{% endtest %}
        {% test expression_is_true(model, expression) %}{% endtest %}
    """,
    "dbt_packages/dbt_expectations/dbt_project.yml": "{name: dbt_expectations, version: 1.0.0}",
    "dbt_packages/dbt_expectations/macros/tests.sql": """
        {% test expect_column_values_to_match_regex(model, column_name, regex) %}{% endtest %}
        {% test expect_table_row_count_to_be_between(model, min_value=none, max_value=none) %}{% endtest %}
    """,
    "models/customers.sql": "select 1 as id",
    "models/lines.sql": "select * from {{ source('pos', 'till') }}, {{ ref('customers') }}",
    "models/sales_v1.sql": "select 1 as id",
    "models/sales_v2.sql": "select 1 as id",
    "tests/lines_are_paid.sql": "select * from {{ ref('lines') }} where amount < 0",
    "models/schema.yml": """\
        version: 2
        groups: [{name: sales, owner: {name: Sales, email: sales@example.com}}]
        sources: [{name: pos, schema: main, tables: [{name: till}]}]
        models:
          - name: lines
            description: One row per line.
            config: {group: sales, tags: [core], meta: {owner: "@someone", tier: gold}}
            data_tests:
              - dbt_utils.unique_combination_of_columns: {arguments: {combination_of_columns: [basket_id, line]}}
              - dbt_utils.expression_is_true: {arguments: {expression: "amount >= 0"}}
              - dbt_expectations.expect_table_row_count_to_be_between: {arguments: {min_value: 1}}
            columns:
              - {name: basket_id, data_type: bigint, description: The basket., data_tests: [not_null]}
              - {name: line, data_type: integer, data_tests: [not_null]}
              - name: status
                data_type: varchar(10)
                data_tests: [{accepted_values: {arguments: {values: [open, closed]}}}]
              - name: amount
                data_type: "numeric(12,2)"
                config: {meta: {unit: EUR}}
                data_tests:
                  - dbt_utils.accepted_range: {arguments: {min_value: 0, max_value: 1000}}
                  - not_null: {config: {severity: warn}}
              - name: customer
                data_type: varchar
                config: {meta: {pii: true, masking: hash}}
                data_tests:
                  - relationships: {arguments: {to: ref('customers'), field: id}}
                  - not_null: {config: {where: "amount > 10"}}
                  - dbt_expectations.expect_column_values_to_match_regex: {arguments: {regex: "^c"}}
              - {name: payload, data_type: "struct(a int)"}
              - {name: untyped}
          - name: customers
            columns: [{name: id, data_type: uuid, data_tests: [unique, not_null]}]
          - name: sales
            latest_version: 2
            columns: [{name: id, data_type: int}]
            versions: [{v: 1, deprecation_date: 2027-01-01}, {v: 2}]
    """,
}
NO_COUNTERPART = "it has no counterpart; keep it in dbt"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dbt project as `dbt parse` leaves it."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "parse", "--profiles-dir", ".", "--no-partial-parse"],
        cwd=folder, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return folder


@pytest.mark.slow
def test_a_model_s_columns_tests_and_owner_become_a_contract(project: Path, settings: Settings) -> None:
    found = drafted(project, settings, table="lines")
    assert fields(found) == {
        "basket_id": "long", "line": "integer", "status": "string", "amount": "decimal(12,2)", "customer": "string",
        "untyped": None,
    }  # fmt: skip
    assert constraints(found) == {
        "basket_id": {"primary_key": True}, "line": {"primary_key": True},
        "status": {"enum": ["open", "closed"]}, "amount": {"min": 0, "max": 1000},
    }  # fmt: skip
    assert found.product["spec"]["quality"]["checks"] == [
        {"column": "amount", "assertion": "expect_column_values_to_not_be_null", "severity": "warn"},
        {"column": "customer", "assertion": "expect_column_values_to_match_regex", "value": {"regex": "^c"}},
        {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1}},
    ]
    assert found.to_fill_in == ("metadata.domain", "spec.schema.fields[5].type", "spec.sla.freshness")
    assert found.to_decide == (
        "left out payload: struct(a int) is no type of a contract; make a column of each part (select x.a as x_a)",
        "primary key basket_id, line: as the model's tests and constraints say",
        "descriptions: 5 of 6 fields without one",
        "not taken over: test lines_are_paid, which is SQL of its own; say it as a check, or keep it in dbt",
        f"not taken over: test relationships(to: ref('customers'), field: id) of customer: {NO_COUNTERPART}",
        "not taken over: test not_null() of customer where amount > 10: a check has no condition",
        "not taken over: test expression_is_true(expression: amount >= 0): it has no counterpart; keep it in dbt",
        "owner: dbt says @someone; a contract names an e-mail or team:name",
        "inputs: name the ports that the rows come in by; the model reads pos.till, customers",
        "meta of the model: tier: gold",
    )
    spec = found.product["spec"]
    assert (spec["owner"], spec["lineage"]) == ("sales@example.com", {"upstream": ["pos.till"]})
    spec["schema"]["fields"][5]["type"] = "date"
    amount, customer = finished(found, settings).fields[3:5]
    assert (amount.unit, customer.mask) == ("EUR", "hash")


@pytest.mark.slow
def test_the_newest_version_of_a_model_is_meant_unless_another_is_named(project: Path, settings: Settings) -> None:
    manifest = project / "target" / "manifest.json"
    newest, first = (drafted(manifest, settings, table=name).product["metadata"] for name in ("sales", "sales.v1"))
    assert (newest["version"], first["version"]) == ("2.0.0", "1.0.0")
    assert ("status" in newest, first["status"], first["sunset"]) == (False, "deprecated", "2027-01-01")
    assert constraints(drafted(manifest, settings, table="customers")) == {"id": {"primary_key": True}}
    with pytest.raises(SourceError, match=r"has 4 models; choose one with --table: shop\.customers, shop\.lines"):
        drafted(project, settings)


@pytest.mark.slow
def test_types_come_from_the_catalog_where_the_yaml_has_none(project: Path, settings: Settings) -> None:
    catalog = project / "target" / "catalog.json"
    columns = {name: {"name": name, "type": "DATE", "index": 1} for name in ("UNTYPED", "late")}
    catalog.write_text(json.dumps({"nodes": {"model.shop.lines": {"columns": columns}}}))
    try:
        found = drafted(project, settings, table="lines")
    finally:
        catalog.unlink()
    assert (fields(found)["untyped"], fields(found)["late"]) == ("date", "date")


def a_test(name: str, column: str = "", /, **given: Any) -> dict[str, Any]:
    config = {key: given.pop(key) for key in ("severity", "where") if key in given}
    return {
        "name": f"{name}_{column}", "column_name": column or None, "config": config,
        "test_metadata": {"name": name, "kwargs": {"model": "{{ ref('x') }}", **given}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("test", "constraint", "check"),
    [
        (a_test("not_null", "n"), {"null": False}, None),
        (a_test("unique", "n"), {"unique": True}, None),
        (a_test("accepted_values", "n", values=["1", 2]), {"enum": [1, 2]}, None),
        (a_test("accepted_values", "n", values=["x"]), None, None),
        (a_test("accepted_range", "n", min_value="0"), {"min": 0}, None),
        (a_test("accepted_range", "n", max_value="{{ var('x') }}"), None, None),
        (
            a_test("accepted_range", "n", min_value=0, inclusive=False), None,
            {"column": "n", "assertion": "expect_column_values_to_be_between",
             "value": {"min_value": 0, "strict_min": True}},
        ),
        (
            a_test("accepted_values", "n", values=[1], severity="warn"), None,
            {"column": "n", "assertion": "expect_column_values_to_be_in_set", "value": {"value_set": [1]},
             "severity": "warn"},
        ),
        (
            a_test("expect_column_values_to_not_be_null", "n", mostly=0.9), None,
            {"column": "n", "assertion": "expect_column_values_to_not_be_null", "threshold": 0.9},
        ),
        (a_test("expect_column_values_to_not_be_null", "n", row_condition="n > 1"), None, None),
        (a_test("not_empty_string", "s"), {"min_length": 1}, None),
        (a_test("not_null", "elsewhere"), None, None),
        (a_test("cardinality_equality", "n", field="x"), None, None),
    ],
)  # fmt: skip
def test_a_test_becomes_what_it_promises_or_is_listed(
    test: dict[str, Any], constraint: dict[str, Any] | None, check: dict[str, Any] | None
) -> None:
    found = promises([test], {"n": "long", "s": "string"})
    assert list(found.constraints.values()) == ([constraint] if constraint else [])
    assert found.checks == ([check] if check else [])
    assert bool(found.left) == (constraint is None and check is None)


def test_what_is_no_manifest_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "dbt_project.yml").touch()
    with pytest.raises(SourceError, match=r"manifest\.json: does not exist; run dbt parse there"):
        drafted(tmp_path, settings)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text("{}")
    with pytest.raises(SourceError, match="is no dbt manifest"):
        drafted(tmp_path, settings)


def test_a_model_without_columns_is_refused_with_the_way_out(tmp_path: Path, settings: Settings) -> None:
    node = {"resource_type": "model", "package_name": "p", "name": "m", "unique_id": "model.p.m", "columns": {}}
    (tmp_path / "manifest.json").write_text(json.dumps({"metadata": {}, "nodes": {"model.p.m": node}}))
    with pytest.raises(SourceError, match=r"m has no column that a contract can hold: .*dbt docs generate"):
        drafted(tmp_path / "manifest.json", settings)


def test_other_meta_of_a_column_is_said_beside_it(tmp_path: Path, settings: Settings) -> None:
    column = {"name": "id", "data_type": "bigint", "meta": {"steward": "ann"}}
    node = {
        "resource_type": "model", "package_name": "p", "name": "m", "unique_id": "model.p.m", "columns": {"id": column},
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps({"metadata": {}, "nodes": {"model.p.m": node}}))
    assert comments(drafted(tmp_path / "manifest.json", settings), "id") == ["meta of the model: steward: ann"]
