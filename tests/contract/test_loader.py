"""One contract: what loads, and what every mistake is answered with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_orchestration.contract.loader import dump_product, load_product, parse_product
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from tests.builders import FIELDS, contract, contract_text, product, write_contract
from tests.contract.examples import USERS_EXAMPLE

EVENTS = "orders.order_events.v2"
NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"


def load(root: Path, text: str, *, at: str = "orders.order_lines.v1") -> DataProduct:
    return load_product(write_contract(root, text, at=at), root=root)


def problems(root: Path, text: str, *, at: str = "orders.order_lines.v1") -> list[str]:
    """Everything that is said about ``text``, without the file's name."""
    with pytest.raises(ContractError) as raised:
        load(root, text, at=at)
    return [str(problem).removeprefix(problem.file + ":") for problem in raised.value.problems]


def said(data: dict[str, Any]) -> list[str]:
    """Everything that is said about ``data`` as ``path: message``, in no order."""
    from mesh_orchestration.contract.document import yaml_path

    _, findings = parse_product(data)
    return [f"{yaml_path(path)}: {message}" for path, message in findings]


def said_of_field(**keys: Any) -> list[str]:
    """Everything that is said about one more field, with paths from the field."""
    found = said(contract(fields=dict(FIELDS) | {"extra": {"type": "string"} | keys}))
    return [message.removeprefix("spec.schema.fields[3].") for message in found]


def said_of_constraints(type_: str = "string", **constraints: Any) -> list[str]:
    found = said_of_field(type=type_, constraints=constraints)
    return [message.removeprefix("constraints.") for message in found]


def said_of_check(**keys: Any) -> list[str]:
    return [message.removeprefix("spec.quality.checks[0].") for message in said(contract(checks=[keys]))]


def said_of_input(**keys: Any) -> list[str]:
    port = {"name": "files", "type": "batch", "path": "a/*.csv", "columns": {"id": "long"}} | keys
    return [message.removeprefix("spec.inputs[0].") for message in said(contract(inputs=[port]))]


# What loads


def test_the_users_own_example_loads_unmodified(tmp_path: Path) -> None:
    found = load(tmp_path, USERS_EXAMPLE, at=EVENTS)
    assert (str(found.address), found.owner, found.primary_key) == (EVENTS, "team-orders@company.io", ("order_id",))
    assert [(field.name, field.nullable, field.is_instant, field.mask) for field in found.fields] == [
        ("order_id", False, False, None),
        ("event_ts", False, True, None),
        ("customer_id", True, False, "hash"),
    ]
    assert (found.spec.sla.freshness_window, found.spec.sla.availability) == (timedelta(minutes=15), 0.999)
    assert found.source == "contracts/orders/order_events/v2.yaml"


def test_an_unquoted_null_key_means_the_same_as_a_quoted_one(tmp_path: Path) -> None:
    quoted = load(tmp_path, USERS_EXAMPLE, at=EVENTS)
    assert load(tmp_path, USERS_EXAMPLE.replace('"null":', "null:"), at=EVENTS) == quoted


def test_everything_that_a_contract_may_say_loads(tmp_path: Path) -> None:
    text = """\
apiVersion: datamesh.io/v1
kind: DataProduct
metadata:
  name: order_lines
  domain: orders
  version: 1.2.3
  id: orders-lines
  title: Order lines
  description: One row per line.
  tags: [retail]
  status: deprecated
  sunset: 2027-01-31
spec:
  owner: team:orders
  support: {channel: "#orders", email: orders@company.io, url: "https://wiki/orders", hours: 9-17}
  inputs:
    - {name: files, type: batch, path: "a/*.csv", format: csv, key: id, columns: {id: long}, description: All.}
    - {name: web, type: data-product, product: web.visits.v1}
    - shared
  model: lines
  schedule: "15 * * * *"
  schema:
    type: json
    fields:
      - {name: id, type: long, description: The id., semantics: identity, unit: one, tags: key, pii: email,
         masking: "null", constraints: {primary_key: true, unique: true, min: 1, max: 9}}
      - {name: code, type: str, constraints: {pattern: "^[A-Z]+$", enum: [A, BB], min_length: 1, max_length: 2}}
      - {name: at, type: timestamp, constraints: {min: 2020-01-01, max: now + 1h}}
  quality:
    checks:
      - {column: id, expectation: expect_column_values_to_be_between, kwargs: {min_value: 1}, threshold: 99.5%,
         severity: warn, name: id_is_positive, description: Ids start at one.}
      - {columns: [id, code], assertion: expect_compound_columns_to_be_unique}
  sla: {freshness: 1h 30m, event_time: at, event_freshness: PT2H, availability: 99.9%, completeness: 0.99, accuracy: 1,
        latency: 5m, throughput: 1000 rows/s}
  lineage: {upstream: raw.lines, downstream: [a.b.v1]}
  access: {roles: analyst, policies: [P-1], purposes: [billing]}
  outputs:
    - {type: table, name: lines, description: All., location: "s3://x"}
  retention: 365d
"""
    found = load(tmp_path, text)
    assert found.metadata.sunset == date(2027, 1, 31)
    assert found.spec.quality.checks[0].threshold == 0.995
    assert (found.spec.sla.freshness_window, found.spec.retention) == (timedelta(minutes=90), "365d")
    assert (found.columns["id"].mask, found.columns["id"].is_pii, found.input_names) == (
        "null",
        True,
        ("files", "web", "shared"),
    )
    assert (found.spec.access.roles, found.spec.lineage.upstream) == (("analyst",), ("raw.lines",))


def test_a_dumped_contract_loads_as_the_same_product(tmp_path: Path) -> None:
    found = product(description="One row per line.", retention="30d")
    assert load(tmp_path, dump_product(found)).model_dump() == found.model_dump()


def test_the_fingerprint_says_whether_two_contracts_say_the_same() -> None:
    reordered = yaml.safe_load(yaml.safe_dump(contract(), sort_keys=True))
    assert DataProduct.model_validate(reordered).fingerprint == product().fingerprint
    assert product(retention="30d").fingerprint != product().fingerprint


# All at once


def test_all_problems_of_a_file_are_reported_at_once_with_file_line_and_path(tmp_path: Path) -> None:
    text = """\
apiVersion: datamesh.io/v1
kind: DataProduct
metadata: {name: order_lines, domain: orders, version: 1.0}
spec:
  ownr: team:orders
  schema:
    fields:
      - name: order_id
        type: strng
      - name: order_id
        type: long
        constraints: {min: 9, max: 1}
  quality:
    checks:
      - {column: ordr_id, assertion: expect_column_values_to_not_be_null}
  sla: {freshness: soon}
"""
    assert problems(tmp_path, text) == [
        "3 metadata.version: found the number 1.0, expected text; put it in quotes if it is text",
        "4 spec.owner: is missing; expected the e-mail of the owning team, or team:name",
        "5 spec.ownr: 'ownr' is not a key here; did you mean 'owner'?",
        "9 spec.schema.fields[0].type: 'strng' is not a type; did you mean 'string'?",
        "10 spec.schema.fields[1].name: 'order_id' is already the name of field 0; upper and lower case count as one",
        "12 spec.schema.fields[1].constraints.min: min 9 is above max 1; no value can hold both",
        "15 spec.quality.checks[0].column: 'ordr_id' is not a field of this product; did you mean 'order_id'?",
        "16 spec.sla.freshness: 'soon' is not a duration; write e.g. 15m, 1h, 2d or PT15M",
    ]


# Keys, types and words of the file


@pytest.mark.parametrize(
    ("path", "key", "nearest"),
    [
        ((), "metdata", "metadata"),
        (("metadata",), "verison", "version"),
        (("spec",), "retension", "retention"),
        (("spec", "sla"), "freshnes", "freshness"),
        (("spec", "support"), "chanel", "channel"),
        (("spec", "access"), "role", "roles"),
        (("spec", "lineage"), "upstreams", "upstream"),
        (("spec", "quality"), "check", "checks"),
        (("spec", "schema"), "field", "fields"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_one(path: tuple[str, ...], key: str, nearest: str) -> None:
    data = contract()
    place = data
    for part in path:
        place = place.setdefault(part, {})
    place[key] = "x"
    assert f"{'.'.join((*path, key))}: '{key}' is not a key here; did you mean '{nearest}'?" in said(data)


def test_an_unknown_key_of_a_field_or_its_constraints_is_answered_with_the_nearest_one() -> None:
    assert said_of_field(typ="long") == ["typ: 'typ' is not a key here; did you mean 'type'?"]
    assert said_of_constraints(primary=True) == ["primary: 'primary' is not a key here; did you mean 'primary_key'?"]


def test_an_argument_beside_the_assertion_is_sent_to_value() -> None:
    assert said_of_check(column="amount", assertion=BETWEEN, value={"max_value": 3}, min_value=1) == [
        (
            "min_value: 'min_value' is not a key here; the arguments of an expectation stand under 'value', "
            "e.g. value: {min_value: …}"
        )
    ]


def test_a_wrong_api_version_and_kind_are_answered_with_the_right_ones() -> None:
    assert said(contract() | {"apiVersion": "datamesh.io/v2", "kind": "Product"}) == [
        "apiVersion: found 'datamesh.io/v2', expected 'datamesh.io/v1'",
        "kind: found 'Product', expected 'DataProduct'",
    ]


def test_a_part_of_the_wrong_type_is_answered_with_what_was_found_and_expected() -> None:
    data = contract(sla=["1h"], tags=5, support="mail", inputs={"a": 1})
    assert sorted(said(data)) == [
        "metadata.tags: found the number 5, expected a list",
        "spec.inputs: found a mapping, expected a list",
        "spec.sla: found a list, expected a mapping",
        "spec.support: found 'mail', expected a mapping",
    ]


def test_words_are_never_read_as_yes_or_no_silently() -> None:
    assert said_of_constraints(unique="yes") == ["unique: found 'yes', expected true or false"]
    assert said_of_constraints(min_length="3") == ["min_length: found '3', expected a whole number"]
    assert said_of_constraints(pii=3) == [
        "pii: found the number 3, expected true or false or text; put it in quotes if it is text"
    ]


def test_a_bad_version_is_answered_with_an_example() -> None:
    assert said(contract(version="v1")) == ["metadata.version: found 'v1', expected a semantic version such as 1.0.0"]


def test_a_bad_domain_or_product_name_is_answered_with_the_rule() -> None:
    data = contract()
    data["metadata"] |= {"domain": "Order-Lines"}
    assert said(data) == [
        (
            "metadata.domain: found 'Order-Lines', "
            "expected lower-case letters and digits, starting with a letter, such as orders"
        )
    ]
    data["metadata"] |= {"domain": "orders", "name": "orders.Order Lines"}
    assert said(data) == [
        (
            "metadata.name: 'orders.Order Lines' does not end in a product name like order_lines; "
            "write it in lower case with _"
        )
    ]


@pytest.mark.parametrize("domain", ["platform", "public"])
def test_names_that_the_mesh_uses_itself_are_refused(domain: str) -> None:
    assert said(contract(f"{domain}.lines.v1")) == [
        f"metadata.domain: '{domain}' is a name the mesh uses itself; choose another"
    ]
    assert said(contract("orders.dbt.v1")) == ["metadata.name: 'dbt' is a name the mesh uses itself; choose another"]


@pytest.mark.parametrize("owner", ["orders", "team orders", "@company.io", "a@b", 5])
def test_an_owner_is_an_email_or_a_team(owner: Any) -> None:
    (message,) = said(contract(owner=owner))
    assert message.startswith("spec.owner: found ")
    assert message.endswith("expected an e-mail (orders@company.io) or team:name (team:orders)")


def test_a_status_and_its_sunset_belong_together() -> None:
    assert said(contract(status="depricated")) == [
        (
            "metadata.status: found 'depricated', expected one of draft, active, deprecated, retired; "
            "did you mean 'deprecated'?"
        )
    ]
    assert said(contract(sunset="2027-01-01")) == [
        "metadata.sunset: a sunset belongs to 'status: deprecated', but the status is active"
    ]
    assert said(contract(sunset=20270101, status="deprecated")) == [
        "metadata.sunset: found the number 20270101, expected a date such as 2026-12-31"
    ]


def test_a_contract_without_fields_is_refused() -> None:
    assert said(contract(fields={})) == ["spec.schema.fields: found a list, expected at least one field"]


# Fields


def test_a_field_name_that_no_table_can_hold_is_refused() -> None:
    found = said(contract(fields={"order id": "string"}))
    assert found == [
        (
            "spec.schema.fields[0].name: found 'order id', "
            "expected letters, digits and _, starting with a letter, at most 63 in all"
        )
    ]


def test_field_names_that_differ_only_in_case_are_one_name() -> None:
    (message,) = said(contract(fields={"id": "string", "ID": "string"}))
    assert message.startswith("spec.schema.fields[1].name: 'ID' is already the name of field 0")


@pytest.mark.parametrize(
    ("type_", "hint"),
    [("sting", "string"), ("timestmp", "timestamp"), ("Intger", "integer"), ("decimal(12.2)", "decimal(18,2)")],
)
def test_an_unknown_type_is_answered_with_the_nearest(type_: str, hint: str) -> None:
    assert said_of_field(type=type_) == [f"type: '{type_}' is not a type; did you mean '{hint}'?"]


def test_a_decimal_that_cannot_be_is_refused() -> None:
    assert said_of_field(type="decimal(3,9)") == [
        "type: 'decimal(3,9)' needs 1 <= precision <= 38 and scale <= precision"
    ]


def test_an_unknown_mask_is_answered_with_the_nearest() -> None:
    (message,) = said_of_field(masking="hsh")
    assert message == (
        "masking: found 'hsh', expected one of hash, partial, null, redact, tokenise, generalise; did you mean 'hash'?"
    )


def test_a_bare_null_as_mask_is_told_to_use_quotes() -> None:
    assert said_of_constraints(masking=None) == [
        "masking: found nothing, which is what a bare null is in YAML; quote 'null' or leave the key out"
    ]


def test_pii_or_mask_stated_twice_must_agree() -> None:
    assert said_of_field(pii=True, constraints={"pii": False}) == [
        "constraints.pii: says false, but 'pii' beside the field's name says true; say it once"
    ]
    assert said_of_field(masking="hash", constraints={"masking": "null"}) == [
        "constraints.masking: says 'null', but 'masking' beside the field's name says 'hash'; say it once"
    ]
    assert said_of_field(pii=True, masking="hash", constraints={"pii": True, "masking": "hash"}) == []
    assert said_of_field(pii=False, masking="hash") == ["masking: masks a field that 'pii: false' calls harmless"]


# Contradictory constraints


WHOLE, HOURS = "expected a whole number because the field is long", "expected a time in quotes such as '12:30:00'"
MOMENT = "expected a time such as 2026-12-31T00:00:00Z or 'now - 2h' because the field is timestamp"


@pytest.mark.parametrize(
    ("type_", "constraints", "message"),
    [
        ("long", {"min": 5, "max": 1}, "min: min 5 is above max 1; no value can hold both"),
        ("decimal(4,2)", {"min": "0.2", "max": 0.1}, "min: min 0.2 is above max 0.1; no value can hold both"),
        ("date", {"min": "2026-01-02", "max": date(2026, 1, 1)}, "min: min 2026-01-02 is above max 2026-01-01; no"),
        ("timestamp", {"min": "now", "max": "now - 1h"}, "min: min now is above max now - 1h; no value can hold both"),
        ("string", {"min_length": 3, "max_length": 2}, "min_length: min_length 3 is above max_length 2; no text can"),
        ("string", {"primary_key": True, "null": True}, "null: a primary key is never null; leave 'null' out or say"),
        ("string", {"primary_key": True, "unique": False}, "unique: a primary key is unique; leave 'unique' out"),
        ("string", {"timezone": "UTC"}, "timezone: a timezone belongs to a timestamp, but the field is string"),
        ("timestamp", {"timezone": "CET"}, "timezone: found 'CET', expected 'UTC'"),
        ("boolean", {"min": 0}, "min: a field of type boolean has no order; take 'min' out"),
        ("long", {"pattern": "^1"}, "pattern: 'pattern' belongs to a string, but the field is long"),
        ("long", {"max_length": 2}, "max_length: 'max_length' belongs to a string, but the field is long"),
        ("long", {"min": "one"}, f"min: found 'one', {WHOLE}"),
        ("long", {"min": 1.5}, f"min: found the number 1.5, {WHOLE}"),
        ("time", {"min": 750}, f"min: found the number 750, {HOURS} because the field is time"),
        ("timestamp", {"max": "now - soon"}, f"max: found 'now - soon', {MOMENT}"),
        ("string", {"pattern": "["}, "pattern: '[' is not a regular expression: unterminated character set"),
        ("array<string>", {"enum": ["a"]}, "enum: values of type array<string> cannot be listed; take 'enum' out"),
        ("string", {"enum": []}, "enum: is empty, so no value is allowed; list the values or take it out"),
        ("string", {"enum": ["a", "a"]}, "enum[1]: 'a' is listed twice"),
        ("string", {"enum": ["a"], "pattern": "^[A-Z]$"}, "enum[0]: 'a' is allowed here but not matched by pattern"),
        ("string", {"enum": ["abc"], "max_length": 2}, "enum[0]: 'abc' is allowed here but longer than max_length 2"),
        ("string", {"enum": ["a"], "min_length": 2}, "enum[0]: 'a' is allowed here but shorter than min_length 2"),
        ("long", {"enum": [0, 5], "min": 1, "max": 9}, "enum[0]: '0' is allowed here but below min 1"),
        ("long", {"enum": [10], "max": 9}, "enum[0]: '10' is allowed here but above max 9"),
        ("string", {"enum": [False, "SE"]}, "enum[0]: found false (a yes/no value), expected text in quotes"),
    ],
)
def test_constraints_that_contradict_each_other_or_the_type_are_refused(
    type_: str, constraints: dict[str, Any], message: str
) -> None:
    (found,) = said_of_constraints(type_, **constraints)
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("type_", "constraints"),
    [
        ("timestamp", {"min": "2023-01-01", "max": "now + 5m"}),
        ("timestamp", {"min": datetime(2023, 1, 1, tzinfo=UTC), "max": "2024-01-01T00:00:00+02:00"}),
        ("date", {"min": "now - 400d"}),
        ("string", {"min": "a", "max": "b", "enum": ["aa"], "pattern": "a$"}),
        ("decimal(4,2)", {"min": 0, "max": 1.5}),
        ("double", {"min": 0, "max": 1.5}),
        ("uuid", {"enum": ["00000000-0000-0000-0000-000000000001"]}),
        ("time", {"min": "08:00", "max": "18:00:00"}),
        ("boolean", {"enum": [True]}),
    ],
)
def test_constraints_that_fit_the_type_load(type_: str, constraints: dict[str, Any]) -> None:
    assert said_of_constraints(type_, **constraints) == []


# Checks


def test_an_unknown_column_in_a_check_is_answered_with_the_nearest_field() -> None:
    assert said_of_check(column="ammount", assertion=NOT_NULL) == [
        "column: 'ammount' is not a field of this product; did you mean 'amount'?"
    ]
    compound = "expect_compound_columns_to_be_unique"
    assert said_of_check(columns=["order_id", "evnt_ts"], assertion=compound) == [
        "columns[1]: 'evnt_ts' is not a field of this product; did you mean 'event_ts'?"
    ]
    pair = "expect_column_pair_values_a_to_be_greater_than_b"
    assert said_of_check(assertion=pair, value={"column_A": "amount", "column_B": "amont"}) == [
        "value.column_B: 'amont' is not a field of this product; did you mean 'amount'?"
    ]


def test_a_threshold_over_one_is_told_to_use_percent() -> None:
    assert said_of_check(column="amount", assertion=NOT_NULL, threshold=99) == [
        "threshold: found the number 99, expected a share from 0% to 100%, or from 0 to 1; did you mean 99%?"
    ]
    assert said_of_check(column="amount", assertion=NOT_NULL, threshold="most") == [
        "threshold: found 'most', expected a share such as 99.9% or 0.999"
    ]


def test_a_threshold_stated_twice_is_refused() -> None:
    found = said_of_check(column="amount", assertion=NOT_NULL, threshold=0.9, value={"mostly": 0.8})
    assert "value.mostly: 'threshold' already says this; say it once" in found


def test_a_typo_in_an_expectation_is_answered_with_the_nearest() -> None:
    assert said_of_check(column="amount", assertion="expect_column_value_to_not_be_null") == [
        (
            "assertion: 'expect_column_value_to_not_be_null' is not an expectation; "
            "did you mean 'expect_column_values_to_not_be_null'?"
        )
    ]


def test_the_arguments_of_an_expectation_are_those_it_takes() -> None:
    assert said_of_check(column="amount", assertion=BETWEEN, value={"min_vale": 1, "max_value": 2}) == [
        "value.min_vale: 'min_vale' is not an argument of this expectation; did you mean 'min_value'?"
    ]
    assert said_of_check(assertion=NOT_NULL) == ["spec.quality.checks[0]: needs 'column'"]
    (message,) = said_of_check(column="amount", assertion=BETWEEN, value={"min_value": 9, "max_value": 1})
    assert "no value lies between 'min_value' 9 and 'max_value' 1" in message


def test_bounds_and_sets_of_a_check_are_values_of_the_column() -> None:
    (message,) = said_of_check(column="event_ts", assertion=BETWEEN, value={"min_value": 2023})
    assert message.startswith("value.min_value: found the number 2023, expected a time such as 2026-12-31T00:00:00Z")
    (message,) = said_of_check(
        column="amount", assertion="expect_column_values_to_be_in_set", value={"value_set": [1, "a"]}
    )
    assert message == "value.value_set[1]: found 'a', expected a number because the field is decimal(12,2)"
    assert said_of_check(column="amount", assertion=BETWEEN, value={"min_value": 0.5, "max_value": 2}) == []
    assert said_of_check(column="event_ts", assertion=BETWEEN, value={"max_value": "now - 2h"}) == []


def test_an_unknown_severity_is_answered_with_the_words_there_are() -> None:
    assert said_of_check(column="amount", assertion=NOT_NULL, severity="fatal") == [
        "severity: found 'fatal', expected one of error, warn"
    ]


def test_two_checks_of_one_name_are_refused() -> None:
    checks = [{"column": "amount", "assertion": NOT_NULL, "name": name} for name in ("paid", "Paid")]
    assert said(contract(checks=checks)) == ["spec.quality.checks[1].name: 'Paid' is already the name of check 0"]


# Service levels


def test_service_levels_are_durations_and_shares() -> None:
    found = said(contract(sla={"freshness": 15, "latency": "0m", "availability": "lots", "completeness": 101}))
    assert sorted(found) == [
        "spec.sla.availability: found 'lots', expected a share such as 99.9% or 0.999",
        "spec.sla.completeness: found the number 101, expected a share from 0% to 100%, or from 0 to 1",
        "spec.sla.freshness: found the number 15, expected a duration such as 15m, 1h or 2d",
        "spec.sla.latency: '0m' is no time at all; write a duration such as 15m, 1h or 2d",
    ]


def test_freshness_under_a_minute_is_refused() -> None:
    (message,) = said(contract(sla={"freshness": "30s"}))
    assert message == "spec.sla.freshness: '30s' is under a minute, which is as fine as it is measured"


def test_event_time_names_a_field_that_is_a_time() -> None:
    assert said(contract(sla={"event_time": "event_t"})) == [
        "spec.sla.event_time: 'event_t' is not a field of this product; did you mean 'event_ts'?"
    ]
    assert said(contract(sla={"event_time": "amount"})) == [
        "spec.sla.event_time: 'amount' is decimal(12,2), expected a timestamp or a date"
    ]


def test_event_freshness_needs_an_event_time() -> None:
    assert said(contract(sla={"event_freshness": "1h"})) == [
        "spec.sla.event_freshness: needs 'event_time': the field that says when a row happened"
    ]


@pytest.mark.parametrize("schedule", ["hourly", "* * * *", 15, "a b c d e"])
def test_a_schedule_is_a_cron_line(schedule: Any) -> None:
    (message,) = said(contract(schedule=schedule))
    assert message.endswith("expected a cron line of five parts such as '15 * * * *'")


# Inputs


def test_an_unknown_type_of_input_is_answered_with_the_nearest() -> None:
    assert said_of_input(type="data_product") == [
        "type: 'data_product' is not a type of input port; did you mean 'data-product'?"
    ]
    assert said_of_input(type="carrier") == [
        "type: 'carrier' is not a type of input port; expected one of batch, data-product, kafka, postgres-cdc"
    ]


def test_options_of_an_input_are_those_of_its_type() -> None:
    assert said_of_input(colums=["a"]) == ["colums: 'colums' is not a key here; did you mean 'columns'?"]
    found = said(contract(inputs=[{"name": "files", "type": "batch"}]))
    assert found == [
        "spec.inputs[0].path: is missing; expected files such as 'transactions/*.parquet'",
        "spec.inputs[0].columns: is missing; expected the columns of the source, such as {basket_id: long}",
    ]
    assert said_of_input(format="cvs") == [
        "format: found 'cvs', expected one of parquet, csv, json; did you mean 'csv'?"
    ]
    assert said_of_input(columns={"id": "lng"}) == ["columns.id: 'lng' is not a type; did you mean 'long'?"]
    assert said_of_input(key=["idd"]) == ["key[0]: 'idd' is not a column of this input; did you mean 'id'?"]
    assert said_of_input(columns={"id": "long", "_batch": "string"}) == [
        "columns._batch: '_batch' is a column that landing adds itself; take it out"
    ]


def test_an_input_of_another_product_names_its_whole_address() -> None:
    found = said(contract(inputs=[{"name": "lines", "type": "data-product", "product": "orders.order_lines"}]))
    assert found == [
        (
            "spec.inputs[0].product: 'orders.order_lines' is not an address; "
            "write domain.product.v<major>, e.g. orders.order_lines.v1"
        )
    ]


def test_two_inputs_of_one_name_are_refused() -> None:
    port = {"name": "lines", "type": "data-product", "product": "web.lines.v1"}
    assert said(contract(inputs=[port, "lines"])) == ["spec.inputs[1]: 'lines' is already input 0"]


# The file itself


def test_a_contract_in_the_wrong_place_is_told_where_it_belongs(tmp_path: Path) -> None:
    assert problems(tmp_path, contract_text("orders.order_lines.v2")) == [
        "3 metadata: this is orders.order_lines.v2, whose contract belongs in contracts/orders/order_lines/v2.yaml"
    ]


def test_a_key_written_twice_names_both_lines(tmp_path: Path) -> None:
    text = contract_text() + "kind: DataProduct\n"
    assert problems(tmp_path, text)[0].endswith(" kind: is written twice; first in line 2")
    text = contract_text().replace("name: amount", "name: amount\n      name: paid")
    assert any("fields[1].name: is written twice" in message for message in problems(tmp_path, text))


def test_a_quoted_and_a_bare_null_are_one_key(tmp_path: Path) -> None:
    text = USERS_EXAMPLE.replace('"null": false}}', '"null": false, null: true}}', 1)
    (message,) = problems(tmp_path, text, at=EVENTS)
    assert message == "10 spec.schema.fields[0].constraints.null: is written twice; first in line 10"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 found nothing, expected a mapping that starts 'apiVersion:'"),
        ("# only a comment\n", "1 found nothing, expected a mapping that starts 'apiVersion:'"),
        ("- a\n- b\n", "1 found a list, expected a mapping that starts 'apiVersion:'"),
        ("contract", "1 found a single value, expected a mapping that starts 'apiVersion:'"),
        ("kind: a\n\tspec: b\n", "2 a tab indents this line; YAML is indented with spaces"),
        ("spec:\n\towner: b\n", "2 a tab indents this line; YAML is indented with spaces"),
        ("a: [1, 2\nb: 3\n", "2 is not YAML: did not find expected ',' or ']'"),
        ("a: b: c\n", "1 is not YAML: mapping values are not allowed in this context"),
        ("a: 1\n---\nb: 2\n", "2 a second document starts here ('---'); a contract is one document a file"),
        ("a: &x [1]\nb: *x\n", "2 '*x' is an alias; a contract has none, write the value out"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "3 '*x' is an alias; a contract has none, write the value out"),
        ("a: &x [*x]\n", "1 '*x' is an alias; a contract has none, write the value out"),
        ("a: *x\n", "1 is not YAML: found undefined alias"),
        ("a: \x07\n", "1 is not YAML: control characters are not allowed"),
    ],
    ids=[
        "empty", "comment", "list", "word", "tab in a mapping", "tab as indentation", "open list", "two colons",
        "two documents", "alias", "merge", "circle", "unknown alias", "control character",
    ],
)  # fmt: skip
def test_a_file_that_is_no_yaml_mapping_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert problems(tmp_path, text) == [message]


def test_a_billion_laughs_are_refused_before_they_grow(tmp_path: Path) -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert problems(tmp_path, "\n".join(lines)) == ["2 '*a0' is an alias; a contract has none, write the value out"]


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "? ", "[\n"])
def test_bottomless_nesting_is_refused_and_crashes_nothing(tmp_path: Path, opener: str) -> None:
    (message,) = problems(tmp_path, opener * 200_000)
    assert "nests deeper than 50 levels" in message or "is not YAML" in message


def test_a_staircase_of_indentation_is_refused(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, "".join(f"{' ' * step}a:\n" for step in range(2000)))
    assert message == "51 nests deeper than 50 levels"


def test_a_language_tag_is_refused(tmp_path: Path) -> None:
    text = contract_text().replace("owner: team:orders", "owner: !!python/object/apply:os.system [ls]")
    assert "9 spec.owner: the tag !!python/object/apply:os.system is not allowed here" in problems(tmp_path, text)


def test_a_date_that_is_none_is_refused(tmp_path: Path) -> None:
    text = contract_text().replace("version: 1.0.0", "version: 1.0.0\n  status: deprecated\n  sunset: 2026-02-31")
    assert problems(tmp_path, text)[0] == (
        "8 metadata.sunset: '2026-02-31' is not a valid timestamp; put it in quotes if it is text"
    )


def test_bytes_that_are_not_utf8_name_their_line(tmp_path: Path) -> None:
    path = write_contract(tmp_path, "")
    path.write_bytes(b"kind: DataProduct\nspec: {owner: M\xfcller}\n")
    with pytest.raises(ContractError) as raised:
        load_product(path, root=tmp_path)
    assert str(raised.value) == "contracts/orders/order_lines/v1.yaml:2 byte 0xfc is not UTF-8; save the file as UTF-8"


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + contract_text()).name == "order_lines"


def test_a_symbolic_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(contract_text())
    root = tmp_path / "mesh"
    path = write_contract(root, "")
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(ContractError, match=r"leads out of the mesh to .*outside.yaml; keep a real file"):
        load_product(path, root=root)


def test_a_symbolic_link_to_itself_is_refused(tmp_path: Path) -> None:
    path = write_contract(tmp_path, "")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(ContractError, match="cannot be read"):
        load_product(path, root=tmp_path)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(ContractError, match="cannot be read: "):
            load_product(path, root=tmp_path)


def test_a_file_of_a_size_no_contract_has_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "#" * (4 * 1024 * 1024 + 1)) == ["1 is over 4 MiB, which no contract needs"]


@pytest.mark.slow
def test_a_contract_of_ten_thousand_fields_loads(tmp_path: Path) -> None:
    fields = {f"field_{number}": "string" for number in range(10_000)}
    assert len(load(tmp_path, contract_text(fields=fields)).fields) == 10_000
