"""What is seen between two versions, and for whom it matters how much."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.contract.evolution import Change, Level, changes
from mesh_orchestration.contract.model import DataProduct
from tests.builders import product

KEY = {"type": "string", "constraints": {"primary_key": True}}
NEVER_NULL = {"type": "string", "constraints": {"null": False}}
BETWEEN = "expect_column_values_to_be_between"


def seen(old: DataProduct, new: DataProduct) -> list[str]:
    return [change.kind for change in changes(old, new)]


def with_fields(**fields: Any) -> DataProduct:
    return product(fields={"id": KEY} | fields)


def with_amount(**constraints: Any) -> DataProduct:
    return with_fields(amount={"type": "long", "constraints": constraints})


def with_check(assertion: str = BETWEEN, **said: Any) -> DataProduct:
    return product(checks=[{"column": "amount", "assertion": assertion} | said])


def one(old: DataProduct, new: DataProduct) -> Change:
    (change,) = changes(old, new)
    return change


@pytest.mark.parametrize(
    ("old", "new", "kind", "producer", "consumer"),
    [
        (with_fields(a="string"), with_fields(), "field.removed", "compatible", "breaking"),
        (with_fields(), with_fields(a="string"), "field.added", "compatible", "compatible"),
        (with_fields(), with_fields(a=NEVER_NULL), "field.added_required", "notice", "compatible"),
        (with_fields(a="integer"), with_fields(a="long"), "field.widened", "compatible", "notice"),
        (with_fields(a="long"), with_fields(a="integer"), "field.retyped", "breaking", "breaking"),
        (with_fields(a=NEVER_NULL), with_fields(a="string"), "null.allowed", "compatible", "breaking"),
        (with_fields(a="string"), with_fields(a=NEVER_NULL), "null.forbidden", "notice", "compatible"),
        (with_amount(enum=[1, 2]), with_amount(enum=[1, 2, 3]), "enum.widened", "compatible", "notice"),
        (with_amount(enum=[1, 2]), with_amount(enum=[1]), "enum.narrowed", "notice", "compatible"),
        (with_amount(min=0), with_amount(min=1), "values.tightened", "notice", "compatible"),
        (with_amount(min=0), with_amount(), "values.loosened", "compatible", "notice"),
        (with_check(value={"min_value": 0}), product(), "check.removed", "compatible", "notice"),
        (product(), with_check(value={"min_value": 0}), "check.added", "notice", "compatible"),
        (product(sla={"freshness": "1h"}), product(sla={"freshness": "2h"}), "sla.loosened", "compatible", "notice"),
        (product(access={"roles": ["a", "b"]}), product(access={"roles": ["a"]}),
         "role.removed", "compatible", "breaking"),
        (product(), product(access={"roles": ["a"]}), "access.restricted", "compatible", "breaking"),
        (product(description="One row per a."), product(description="One row per b."),
         "words.changed", "documentation", "documentation"),
        (with_fields(a={"type": "string", "pii": True}), with_fields(a={"type": "string", "pii": True,
         "masking": "partial"}), "mask.weakened", "notice", "breaking"),
    ],
)  # fmt: skip
def test_each_side_has_its_own_level(
    old: DataProduct, new: DataProduct, kind: str, producer: str, consumer: str
) -> None:
    change = one(old, new)
    assert (change.kind, str(change.producer), str(change.consumer)) == (kind, producer, consumer)


def test_levels_are_ordered() -> None:
    assert sorted(set(Level)) == [Level.DOCUMENTATION, Level.COMPATIBLE, Level.NOTICE, Level.BREAKING]


def test_another_spelling_of_the_same_thing_is_no_change() -> None:
    old = product(fields={"id": KEY, "amount": "int", "at": {"type": "timestamp", "constraints": {"timezone": "UTC"}}},
                  sla={"freshness": "1h"}, retention="7d")  # fmt: skip
    new = product(fields={"id": KEY, "amount": "integer", "at": "timestamptz"}, sla={"freshness": "60m"},
                  retention="1w")  # fmt: skip
    assert old.fingerprint != new.fingerprint
    assert changes(old, new) == ()


def test_personal_data_said_in_one_place_or_the_other_is_the_same() -> None:
    beside, within = {"type": "string", "pii": True}, {"type": "string", "constraints": {"pii": True}}
    assert changes(with_fields(a=beside), with_fields(a=within)) == ()


def test_a_change_names_its_place_in_the_new_version() -> None:
    change = one(with_amount(min=0), with_amount(min=1))
    assert (change.path, change.column, change.before, change.after) == (
        "spec.schema.fields[1].constraints.min", "amount", 0, 1,
    )  # fmt: skip
    assert change.place == ("spec", "schema", "fields", 1, "constraints", "min")
    assert str(change).startswith("min of amount became 1, was 0: every value that is left")


def test_a_column_with_its_old_name_as_an_alias_was_renamed() -> None:
    renamed = {"type": "long", "description": "The amount.", "aliases": ["amount"]}
    change = one(with_fields(amount="long"), with_fields(value=renamed))
    assert (change.kind, change.column, change.before, change.after) == ("field.renamed", "amount", "amount", "value")


def test_checks_and_keys_follow_a_renamed_column() -> None:
    fields = {"id": KEY, "line": KEY, "amount": "long"}
    check = {"assertion": BETWEEN, "value": {"min_value": 1}}
    old = product(fields=fields, checks=[{"column": "amount"} | check])
    new = product(
        fields={"id": KEY, "line_no": KEY | {"aliases": ["line"], "description": "The line."},
                "value": {"type": "long", "aliases": ["amount"], "description": "The amount."}},
        checks=[{"column": "value"} | check],
    )  # fmt: skip
    assert seen(old, new) == ["field.renamed", "field.renamed"]


def test_an_alias_kept_from_an_earlier_version_renames_nothing_again() -> None:
    kept = with_fields(value={"type": "long", "aliases": ["amount"]})
    assert changes(kept, with_fields(value={"type": "long", "aliases": ["amount"]}, amount="long"))[0].kind == (
        "field.added"
    )


def test_a_removed_and_an_added_column_alike_are_met_with_the_suggestion_of_an_alias() -> None:
    old = with_fields(amount_usd="long")
    new = with_fields(usd_amount={"type": "long", "description": "The amount_usd."})
    assert [change.hint for change in changes(old, new)] == [
        "",
        "looks like a rename of amount_usd: give aliases: [amount_usd]",
    ]


def test_two_unlike_columns_are_no_rename() -> None:
    old = with_fields(first="long", amount="long")
    assert [change.hint for change in changes(old, with_fields(first="long", at="timestamp"))] == ["", ""]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((), ("a",), "key.added"),
        (("a",), (), "key.removed"),
        (("a",), ("a", "b"), "key.widened"),
        (("a", "b"), ("b",), "key.narrowed"),
        (("a",), ("b",), "key.changed"),
    ],
)
def test_the_key_says_what_a_row_stands_for(before: tuple[str, ...], after: tuple[str, ...], kind: str) -> None:
    def keyed(names: tuple[str, ...]) -> DataProduct:
        return product(fields={name: {"type": "long", "constraints": {"primary_key": True} if name in names
                                      else {"null": False}} for name in ("a", "b")})  # fmt: skip

    assert one(keyed(before), keyed(after)).kind == kind


def test_columns_in_another_order_are_one_change() -> None:
    assert seen(with_fields(a="long", b="long"), with_fields(b="long", a="long")) == ["field.moved"]


def test_a_column_put_in_between_moves_no_other() -> None:
    assert seen(with_fields(a="long", b="long"), with_fields(a="long", c="date", b="long")) == ["field.added"]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("now - 2h", "now - 1h", "values.tightened"),
        ("now - 1h", "now - 60m", None),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", None),
        ("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "values.loosened"),
        ("now - 2h", "2026-01-01T00:00:00Z", "values.changed"),
    ],
)
def test_times_are_compared_as_times(before: str, after: str, kind: str | None) -> None:
    old, new = (
        with_fields(at={"type": "timestamp", "constraints": {"timezone": "UTC", "min": value}})
        for value in (before, after)
    )
    assert seen(old, new) == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"value": {"min_value": 1}}, {"value": {"min_value": 1, "max_value": 9}}, ["check.tightened"]),
        ({"value": {"min_value": 1, "max_value": 9}}, {"value": {"min_value": 1}}, ["check.loosened"]),
        ({"value": {"min_value": 1, "max_value": 9}}, {"value": {"min_value": 2, "max_value": 10}}, ["check.changed"]),
        ({"value": {"min_value": 1}}, {"value": {"min_value": 2}, "threshold": 0.9},
         ["check.tightened", "threshold.lowered"]),
        ({"value": {"min_value": 1}}, {"value": {"min_value": 1}, "threshold": "100%"}, []),
        ({"value": {"min_value": 1}, "severity": "warn"}, {"value": {"min_value": 1}}, ["severity.raised"]),
        ({"value": {"min_value": 1}, "name": "a"}, {"value": {"min_value": 1}, "name": "b"}, ["check.renamed"]),
    ],
)  # fmt: skip
def test_two_settings_of_a_check_are_compared(before: dict[str, Any], after: dict[str, Any], kinds: list[str]) -> None:
    assert seen(with_check(**before), with_check(**after)) == kinds


def test_checks_of_one_kind_are_told_apart_by_what_they_say() -> None:
    first, second, third = ({"column": "amount", "assertion": BETWEEN, "value": {"min_value": value}, "severity": said}
                            for value, said in ((1, "error"), (5, "warn"), (7, "warn")))  # fmt: skip
    assert seen(product(checks=[first, second]), product(checks=[second, first])) == []
    assert seen(product(checks=[first, second]), product(checks=[third, first])) == ["check.tightened"]
    assert seen(product(checks=[first, second]), product(checks=[second])) == ["check.removed"]


def test_a_check_that_only_warns_stops_nothing_when_it_comes_or_goes() -> None:
    warning = with_check(value={"min_value": 1}, severity="warn")
    assert seen(product(), warning) == ["warning.added"]
    assert seen(warning, product()) == ["warning.removed"]


def test_an_expectation_that_only_great_expectations_has_is_the_same_or_changed() -> None:
    name = "expect_column_values_to_match_strftime_format"
    old, new = (with_check(name, value={"strftime_format": value}) for value in ("%Y", "%m"))
    assert seen(old, new) == ["check.changed"]


def test_ten_thousand_columns_are_compared_and_a_rename_of_all_of_them_too() -> None:
    old = product(fields={f"a{number}": "long" for number in range(10_000)})
    new = product(fields={f"b{number}": "long" for number in range(10_000)})
    assert len(changes(old, new)) == 20_000
