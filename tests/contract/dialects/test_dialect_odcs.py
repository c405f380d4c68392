"""ODCS: what a valid file of the standard becomes, and what has no place; every file here is valid by its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.dialect import Source
from mesh_orchestration.contract.dialects.odcs import schema_names
from mesh_orchestration.contract.loader import load_product, parse_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from tests.builders import product, settings_at, write_contract
from tests.contract.dialects.products import put
from tests.contract.dialects.test_dialect_round_trip import standard

VISITS = "web.visits.v1"
HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: visits\nname: visits\nversion: 1.2.0\nstatus: active\ndomain: web\n"
TEAM = "team: {name: web}\n"


def contract(properties: str = "", *, head: str = HEAD, rules: str = "", rest: str = TEAM) -> str:
    """An ODCS file with one object; ``properties`` and ``rules`` are items of lists."""
    lines = properties or "- {name: visit_id, logicalType: string, required: true}"
    text = f"{head}{rest}schema:\n- name: visits\n  properties:\n{_indented(lines)}"
    return text + (f"  quality:\n{_indented(rules)}" if rules else "")


def _indented(lines: str) -> str:
    return "".join(f"  {line}\n" for line in lines.strip("\n").split("\n"))


def read(root: Path, text: str, *, schema: str = "", valid: bool = True) -> Source:
    """An ODCS file taken in from anywhere; valid by the schema of 3.2, unless that asks what 3.0 and 3.1 do not."""
    if valid:
        assert [error.message for error in standard().iter_errors(yaml.safe_load(text))] == []
    path = root / "file.odcs.yaml"
    path.write_text(text)
    return dialects.read_file(path, schema=schema)


def taken(source: Source) -> DataProduct:
    found, findings = parse_product(source.value)
    assert found is not None, source.findings(findings)
    assert (findings, source.problems) == ([], ())
    return found


def column(root: Path, keys: str) -> tuple[Any, Source]:
    """The field that a property with ``keys`` becomes."""
    source = read(root, contract(f"- {{name: extra, {keys}}}"), valid="logicalType" in keys)
    return taken(source).fields[0], source


def checks(root: Path, rule: str, *, on_column: bool = True) -> tuple[list[dict[str, Any]], list[str]]:
    """The checks that a rule becomes, and what is lost of it."""
    text = contract(f"- name: visit_id\n  logicalType: string\n  quality:\n  - {rule}") if on_column else ""
    source = read(root, text or contract(rules=f"- {rule}"))
    found = [check.model_dump(exclude_unset=True) for check in taken(source).spec.quality.checks]
    return found, [one.reason for one in source.lost]


# The whole file


def test_a_file_of_the_standard_becomes_the_product_that_it_describes(tmp_path: Path) -> None:
    text = contract(
        """\
- name: visit_id
  logicalType: string
  physicalType: varchar(36)
  description: Number of the visit.
  primaryKey: true
  primaryKeyPosition: 1
  required: true
  tags: [key]
- {name: pages, logicalType: integer, physicalType: bigint, logicalTypeOptions: {minimum: 1, exclusiveMaximum: 1000}}
- {name: seen_at, required: true, logicalType: timestamp, logicalTypeOptions: {timezone: true, defaultTimezone: UTC}}
""",
        rules="- {metric: rowCount, mustBeGreaterThan: 10, severity: warning}",
        rest="""\
tags: [web]
description: {purpose: One row per visit., usage: Ask who came., limitations: Robots are left out.}
team: {members: [{username: ada@company.io, role: Owner}]}
support:
- {channel: "#web", url: "https://chat/web"}
- {channel: ada@company.io, tool: email, url: "mailto:ada@company.io"}
roles: [{role: analyst, access: read}]
slaProperties:
- {property: freshness, value: 2, unit: h}
- {property: freshness, value: 3, unit: days, element: visits.seen_at}
- {property: availability, value: 99.9, unit: percent}
- {property: retention, value: 2, unit: y}
""",
    )
    source = read(tmp_path, text)
    found = taken(source)
    assert (str(found.address), found.version, found.owner, source.lost) == (VISITS, "1.2.0", "ada@company.io", ())
    assert (
        found.metadata.description == "One row per visit.\n\nUsage: Ask who came.\n\nLimitations: Robots are left out."
    )
    assert found.spec.support.model_dump() == {
        "channel": "#web", "email": "ada@company.io", "url": "https://chat/web", "hours": "",
    }  # fmt: skip
    sla = found.spec.sla
    assert (sla.freshness, sla.event_freshness, sla.event_time, sla.availability) == ("2h", "3d", "seen_at", 0.999)
    assert (found.spec.retention, found.spec.access.roles, found.metadata.tags) == ("730d", ("analyst",), ("web",))
    assert [(one.name, one.type, one.nullable, one.is_instant) for one in found.fields] == [
        ("visit_id", "string", False, False),
        ("pages", "bigint", True, False),
        ("seen_at", "timestamp", False, True),
    ]
    assert (found.columns["pages"].constraints.min, found.columns["pages"].constraints.max) == (1, 999)
    (check,) = found.spec.quality.checks
    assert (check.assertion, check.value, check.severity) == (
        "expect_table_row_count_to_be_between", {"min_value": 11}, "warn",
    )  # fmt: skip


def test_an_odcs_contract_in_the_mesh_is_a_product_like_any_other(tmp_path: Path) -> None:
    path = write_contract(tmp_path, contract(), at=VISITS)
    assert load_product(path, root=tmp_path) == load_mesh(settings_at(tmp_path)).product("web.visits")


def test_a_native_contract_of_the_same_product_is_equal(tmp_path: Path) -> None:
    found = load_product(write_contract(tmp_path, contract(), at=VISITS), root=tmp_path)
    assert load_product(put(dialects.write(found, "native"), tmp_path, name=found.source), root=tmp_path) == found


def test_problems_are_told_at_the_lines_and_paths_of_the_file(tmp_path: Path) -> None:
    text = contract(
        """\
- name: pages
  logicalType: integer
  logicalTypeOptions:
    minimum: 9
    maximum: 1
- name: Pages
  logicalType: string""",
        rules="- {type: custom, engine: greatExpectations, implementation: {type: expect_tabel_row_count_to_equal}}",
        rest="team: {name: web}\nslaProperties: [{property: latency, value: soon}]\n",
    )
    with pytest.raises(ContractError) as raised:
        load_product(write_contract(tmp_path, text, at=VISITS), root=tmp_path)
    assert [str(one).removeprefix("contracts/web/visits/v1.yaml:") for one in raised.value.problems] == [
        "9 slaProperties[0].value: 'soon' is not a duration; write e.g. 15m, 1h, 2d or PT15M",
        (
            "16 schema[0].properties[0].logicalTypeOptions.minimum: min 9 is above max 1; no value can hold both"
        ),
        (
            "18 schema[0].properties[1].name: 'Pages' is already the name of field 0; "
            "upper and lower case count as one"
        ),
        (
            "21 schema[0].quality[0]: 'expect_tabel_row_count_to_equal' is not an expectation; "
            "did you mean 'expect_table_row_count_to_equal'?"
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("domain: web", "domian: web", "7 domian: 'domian' is not a key of ODCS here; did you mean 'domain'?"),
        (
            "logicalType:",
            "logicalTyp:",
            "12 schema[0].properties[0].logicalTyp: 'logicalTyp' is not a key of ODCS here",
        ),
        ("v3.1.0", "v2.2.2", "1 apiVersion: found 'v2.2.2', expected v3.0.x, v3.1.x or v3.2.x of ODCS"),
        ("team: {name: web}\n", "", "1 team: is missing; expected the e-mail of the owning team, or team:name"),
        ("1.2.0", "one", "5 version: found 'one', expected a semantic version such as 1.0.0"),
        ("team: {name: web}", "team: web", "8 team: found 'web', expected a mapping"),
        ("status: active", "status: lively", "6 status: found 'lively', expected one of draft, active"),
        ("name: visit_id, ", "", "12 schema[0].properties[0].name: is missing; expected letters"),
    ],
)
def test_a_mistake_is_answered_in_the_standards_own_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ContractError) as raised:
        load_product(write_contract(tmp_path, contract().replace(old, new), at=VISITS), root=tmp_path)
    said = [str(one).removeprefix("contracts/web/visits/v1.yaml:") for one in raised.value.problems]
    assert any(one.startswith(message) for one in said), said


def test_the_domain_is_that_of_the_folder_when_the_file_names_none(tmp_path: Path) -> None:
    path = write_contract(tmp_path, contract().replace("domain: web\n", ""), at=VISITS)
    assert str(load_product(path, root=tmp_path).address) == VISITS


def test_names_and_versions_that_the_mesh_spells_otherwise_are_put_into_its_words(tmp_path: Path) -> None:
    head = (
        HEAD.replace("name: visits", "name: Web Visits")
        .replace("1.2.0", "v2")
        .replace("domain: web", "domain: Web-Shop")
    )
    found = taken(read(tmp_path, contract(head=head)))
    assert (str(found.address), found.metadata.title, found.version) == ("webshop.web_visits.v2", "Web Visits", "2.0.0")


def test_of_several_objects_one_is_chosen_or_the_one_named_like_the_product(tmp_path: Path) -> None:
    more = contract() + "- {name: pages, properties: [{name: url, logicalType: string}]}\n"
    source = read(tmp_path, more)
    assert [field.name for field in taken(source).fields] == ["visit_id"]
    assert [(one.path, one.value) for one in source.lost] == [("schema[1]", "pages")]
    chosen = taken(read(tmp_path, more, schema="pages"))
    assert (str(chosen.address), [field.name for field in chosen.fields]) == ("web.pages.v1", ["url"])
    assert schema_names(source.document.value) == ("visits", "pages")
    (problem,) = read(tmp_path, more.replace("name: visits\nversion", "name: all\nversion")).problems
    assert problem.message == (
        "describes 2 objects (visits, pages); one file is one product: "
        "name the one like the product, or choose it with --schema"
    )
    (problem,) = read(tmp_path, more, schema="page").problems
    assert problem.message == "has no object 'page'; did you mean 'pages'?"


def test_a_file_without_columns_is_read_and_says_that_they_are_missing(tmp_path: Path) -> None:
    text = HEAD + "schema: []\nroles: [{role: analyst, access: read}]\n"
    source = read(tmp_path, text)
    found, findings = parse_product(source.value)
    assert found is None
    assert [str(problem) for problem in source.findings(findings)] == [
        "file.odcs.yaml:1 team: is missing; expected the e-mail of the owning team, or team:name",
        "file.odcs.yaml:8 schema: found a list, expected at least one field",
    ]


def test_members_as_a_list_are_read_as_in_3_0(tmp_path: Path) -> None:
    text = contract(rest="team: [{username: bob}, {username: ada@company.io, role: owner}]\n")
    source = read(tmp_path, text)
    assert (taken(source).owner, [one.value for one in source.lost]) == ("ada@company.io", ["bob"])


def test_a_role_that_may_write_is_not_made_a_reader(tmp_path: Path) -> None:
    source = read(tmp_path, contract(rest=f"{TEAM}roles: [{{role: a, access: read}}, {{role: b, access: write}}]\n"))
    assert (taken(source).spec.access.roles, [one.value for one in source.lost]) == (("a",), ["b: write"])


def test_everything_else_of_the_standard_is_listed(tmp_path: Path) -> None:
    text = contract(
        "- {name: visit_id, logicalType: string, classification: restricted, examples: [a], partitioned: false}",
        rest=f"""\
{TEAM}tenant: Company
price: {{priceAmount: 1, priceCurrency: EUR, priceUnit: megabyte}}
servers: [{{server: db, type: postgres, host: localhost, port: 5432, database: web, schema: public}}]
slaProperties:
- {{property: timeToRepair, value: 4, unit: h}}
- {{property: latency, value: 1, unit: h, driver: regulatory}}
customProperties: [{{property: ruleset, value: strict}}]
""",
    )
    source = read(tmp_path, text)
    assert sorted((one.path, one.refused) for one in source.lost) == [
        ("customProperties[0].value", False),
        ("price", False),
        ("schema[0].properties[0].classification", False),
        ("schema[0].properties[0].examples", False),
        ("servers", False),
        ("slaProperties[0]", False),
        ("slaProperties[1].driver", False),
        ("tenant", False),
    ]
    assert load_product(write_contract(tmp_path, text, at=VISITS), root=tmp_path).spec.sla.latency == "1h"


# Columns


@pytest.mark.parametrize(
    ("keys", "type_"),
    [
        ("logicalType: string", "string"),
        ("logicalType: string, logicalTypeOptions: {format: uuid}", "uuid"),
        ("logicalType: string, logicalTypeOptions: {format: binary}", "binary"),
        ("logicalType: string, physicalType: 'character varying(12)'", "string"),
        ("logicalType: integer", "long"),
        ("logicalType: integer, physicalType: int4", "integer"),
        ("logicalType: integer, logicalTypeOptions: {format: i32}", "integer"),
        ("logicalType: number", "double"),
        ("logicalType: number, logicalTypeOptions: {format: f32}", "float"),
        ("logicalType: number, physicalType: 'NUMBER(12,2)'", "decimal(12,2)"),
        ("logicalType: number, physicalType: numeric(9)", "decimal(9,0)"),
        ("logicalType: number, physicalType: money", "decimal(19,4)"),
        ("logicalType: number, physicalType: serial", "integer"),
        ("logicalType: boolean", "boolean"),
        ("logicalType: date", "date"),
        ("logicalType: date, physicalType: timestamp", "timestamp"),
        ("logicalType: time", "time"),
        ("logicalType: timestamp, physicalType: timestamp with time zone", "timestamptz"),
        ("logicalType: timestamp, physicalType: nothing known", "timestamp"),
        ("logicalType: object, physicalType: Name", "string"),
        ("logicalType: array, items: {logicalType: integer}", "array<long>"),
        ("physicalType: varchar(3)", "string"),
    ],
)
def test_a_type_is_read_from_both_its_names(tmp_path: Path, keys: str, type_: str) -> None:
    field, source = column(tmp_path, keys)
    assert (field.type, [one for one in source.lost if one.refused]) == (type_, [])


@pytest.mark.parametrize(
    ("keys", "type_", "reason"),
    [
        (
            "logicalType: object, properties: [{name: a, logicalType: string}]",
            "string",
            "a column holds one plain value",
        ),
        ("logicalType: object", "string", "a column holds one plain value"),
        ("logicalType: array", "array<string>", "the items of a list are of one plain type"),
        (
            "logicalType: array, items: {logicalType: object}",
            "array<string>",
            "the items of a list are of one plain type",
        ),
        ("description: No type.", "string", "has no type; say logicalType: string"),
    ],
)
def test_what_no_column_holds_is_taken_in_as_text_but_refused_in_the_mesh(
    tmp_path: Path, keys: str, type_: str, reason: str
) -> None:
    text = contract(f"- {{name: extra, {keys}}}")
    source = read(tmp_path, text, valid="logicalType" in keys and "properties" not in keys)
    (lost,) = (one for one in source.lost if one.refused)
    assert (taken(source).fields[0].type, lost.reason.startswith(reason)) == (type_, True)
    with pytest.raises(ContractError, match=reason):
        load_product(write_contract(tmp_path, text, at=VISITS), root=tmp_path)


def test_bounds_that_may_not_be_reached_become_the_next_number_or_a_check(tmp_path: Path) -> None:
    text = contract("""\
- {name: age, logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 17}}
- {name: paid, logicalType: number, logicalTypeOptions: {exclusiveMinimum: 0, maximum: 9.5}}""")
    found = taken(read(tmp_path, text))
    assert (found.columns["age"].constraints.min, found.columns["paid"].constraints.max) == (18, 9.5)
    assert [check.model_dump(exclude_unset=True) for check in found.spec.quality.checks] == [
        {
            "column": "paid",
            "assertion": "expect_column_values_to_be_between",
            "value": {"min_value": 0, "strict_min": True},
        }
    ]


def test_a_name_that_no_column_can_have_is_spelled_anew(tmp_path: Path) -> None:
    source = read(tmp_path, contract("- {name: Air Quality, logicalType: string}"))
    assert (taken(source).fields[0].name, [one.value for one in source.lost]) == ("Air_Quality", ["Air Quality"])


# Rules

ON = {"column": "visit_id"}
NOT_NULL = ON | {"assertion": "expect_column_values_to_not_be_null"}
FILLED = ON | {"assertion": "expect_column_proportion_of_non_null_values_to_be_between"}
DISTINCT = ON | {"assertion": "expect_column_proportion_of_unique_values_to_be_between"}
IN_SET = ON | {"assertion": "expect_column_values_to_be_in_set"}
REGEX = ON | {"assertion": "expect_column_values_to_match_regex"}
MISSING = ON | {"assertion": "expect_column_values_to_not_be_in_set"}


LENGTH = "{type: expect_column_value_lengths_to_equal, kwargs: {value: 3, mostly: 0.9}}"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{metric: nullValues, mustBe: 0}", [NOT_NULL]),
        ("{type: library, metric: nullValues, mustBeLessThan: 1, unit: rows}", [NOT_NULL]),
        ("{metric: nullValues, mustBeLessOrEqualTo: 5, unit: percent}", [NOT_NULL | {"threshold": 0.95}]),
        (
            "{metric: nullValues, mustBeLessThan: 1, unit: percent}",
            [FILLED | {"value": {"min_value": 0.99, "strict_min": True}}],
        ),
        ("{metric: duplicateValues, mustBe: 0}", [ON | {"assertion": "expect_column_values_to_be_unique"}]),
        (
            "{metric: duplicateValues, mustBeLessOrEqualTo: 1, unit: percent}",
            [DISTINCT | {"value": {"min_value": 0.99}}],
        ),
        (
            "{metric: invalidValues, arguments: {validValues: [a, b]}, mustBeLessOrEqualTo: 5, unit: percent}",
            [IN_SET | {"value": {"value_set": ["a", "b"]}, "threshold": 0.95}],
        ),
        (
            "{metric: invalidValues, arguments: {pattern: '^a'}, mustBe: 0}",
            [REGEX | {"value": {"regex": "^a"}}],
        ),
        (
            "{metric: missingValues, arguments: {missingValues: [null, '', n/a]}, mustBe: 0, severity: warning}",
            [
                MISSING | {"value": {"value_set": ["", "n/a"]}, "severity": "warn"},
                NOT_NULL | {"severity": "warn"},
            ],
        ),
        (
            f"{{type: custom, engine: greatExpectations, implementation: {LENGTH}}}",
            [ON | {"assertion": "expect_column_value_lengths_to_equal", "threshold": 0.9, "value": {"value": 3}}],
        ),
    ],
)
def test_a_rule_of_a_column_becomes_a_check_and_back(tmp_path: Path, rule: str, expected: list[dict[str, Any]]) -> None:
    found, lost = checks(tmp_path, rule)
    assert (found, lost) == (expected, [])
    again = dialects.write(product(VISITS, fields={"visit_id": "string"}, checks=found), "odcs")
    source = read(tmp_path, again.text)
    assert [check.model_dump(exclude_unset=True) for check in taken(source).spec.quality.checks] == found


def test_allowed_values_without_exception_are_a_constraint_of_the_column(tmp_path: Path) -> None:
    rule = "{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}"
    text = contract(f"- name: visit_id\n  logicalType: string\n  quality:\n  - {rule}")
    found = taken(read(tmp_path, text))
    assert (found.fields[0].constraints.enum, found.spec.quality.checks) == (("a", "b"), ())


@pytest.mark.parametrize(
    ("rule", "assertion", "value"),
    [
        ("mustBe: 3", "expect_table_row_count_to_equal", {"value": 3}),
        ("mustBeBetween: [1, 9]", "expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 9}),
        ("mustBeGreaterThan: 0", "expect_table_row_count_to_be_between", {"min_value": 1}),
        ("mustBeLessThan: 9", "expect_table_row_count_to_be_between", {"max_value": 8}),
        ("mustBeLessOrEqualTo: 9", "expect_table_row_count_to_be_between", {"max_value": 9}),
    ],
)
def test_a_count_of_rows_becomes_a_check(tmp_path: Path, rule: str, assertion: str, value: dict[str, int]) -> None:
    found, lost = checks(tmp_path, f"{{metric: rowCount, {rule}}}", on_column=False)
    assert (found, lost) == ([{"assertion": assertion, "value": value}], [])


def test_a_text_of_great_expectations_becomes_a_check_whatever_its_spelling(tmp_path: Path) -> None:
    rule = """type: custom
  engine: great-expectations
  name: enough
  implementation: |
    type: expect_table_row_count_to_be_between
    kwargs:
      minValue: 10
      maxValue: 50"""
    found, lost = checks(tmp_path, rule, on_column=False)
    assert lost == []
    assert found == [
        {
            "assertion": "expect_table_row_count_to_be_between",
            "value": {"min_value": 10, "max_value": 50},
            "name": "enough",
        }
    ]


def test_an_expectation_of_the_meshs_own_is_not_said_to_be_one_of_great_expectations(tmp_path: Path) -> None:
    crowded = product(
        checks=[
            {
                "columns": ["order_id", "amount"],
                "assertion": "expect_compound_columns_to_be_k_anonymous",
                "value": {"k": 5},
            }
        ]
    )
    text = dialects.write(crowded, "odcs").text
    assert "engine: mesh\n" in text
    assert taken(read(tmp_path, text)).spec.quality.checks == crowded.spec.quality.checks


def test_columns_that_are_unique_together_become_a_check(tmp_path: Path) -> None:
    text = contract(
        "- {name: a, logicalType: string}\n- {name: b, logicalType: string}",
        rules="- {metric: duplicateValues, arguments: {properties: [a, b]}, mustBe: 0}",
    )
    (check,) = taken(read(tmp_path, text)).spec.quality.checks
    assert (check.assertion, check.columns) == ("expect_compound_columns_to_be_unique", ("a", "b"))


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{metric: nullValues, mustBeLessThan: 10}", "no check asks this; let it be 0, or a percentage"),
        ("{metric: nullValues, mustNotBe: 10}", "no check asks this"),
        ("{metric: rowCount, mustNotBeBetween: [1, 2]}", "no check asks this"),
        ("{type: sql, query: select 1, mustBe: 1}", "SQL is not run here; ask it with an expectation"),
        ("{type: custom, engine: soda, implementation: 'a: 1'}", "only Great Expectations' rules are run here"),
        ("{type: custom, engine: gx, implementation: 'no rule'}", "is no rule of Great Expectations"),
        ("{type: custom, engine: gx, implementation: 'a: &a [1]\\n'}", "is no rule of Great Expectations"),
    ],
)
def test_a_rule_that_nothing_here_can_run_is_listed_and_refused_in_the_mesh(
    tmp_path: Path, rule: str, reason: str
) -> None:
    found, lost = checks(tmp_path, rule)
    assert (found, [one.startswith(reason) for one in lost]) == ([], [True])
    text = contract(f"- name: visit_id\n  logicalType: string\n  quality:\n  - {rule}")
    with pytest.raises(ContractError) as raised:
        load_product(write_contract(tmp_path, text, at=VISITS), root=tmp_path)
    assert [problem.message.startswith(reason) for problem in raised.value.problems] == [True]


def test_a_metric_of_a_column_at_the_table_is_told_to_move(tmp_path: Path) -> None:
    _, lost = checks(tmp_path, "{metric: nullValues, mustBe: 0}", on_column=False)
    assert lost == ["is a metric of a property; move the rule there"]


def test_a_rule_in_words_is_listed_but_not_refused(tmp_path: Path) -> None:
    text = contract(rules="- {type: text, description: Visits are of people.}")
    source = read(tmp_path, text)
    assert [(one.value, one.refused) for one in source.lost] == [("Visits are of people.", False)]


def test_a_date_that_json_cannot_hold_becomes_text_and_is_listed() -> None:
    port = {"name": "files", "type": "batch", "path": "a/*.csv", "columns": {"id": "long"}}
    found = product(VISITS, inputs=[port], outputs=[{"type": "file", "since": yaml.safe_load("2020-01-01")}])
    (lost,) = dialects.write(found, "odcs").lost
    assert lost.path == "spec.outputs[0].since"
