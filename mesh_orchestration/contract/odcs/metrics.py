"""The library metrics of the standard, and the checks that ask the same.

``mustBeBetween`` is read with its ends, as its sign ∈ says and as other tools read it. A share that may
not be reached (less than 1 percent) is asked of the column's proportion, every other one of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.model import QualityCheck
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.words import OPERATORS
from mesh_orchestration.contract.spelling import as_text

Check = dict[str, Any]
_Metric = dict[str, Any]
_NOT_NULL = "expect_column_values_to_not_be_null"
_IN_SET = "expect_column_values_to_be_in_set"
_NOT_IN_SET = "expect_column_values_to_not_be_in_set"
_REGEX = "expect_column_values_to_match_regex"
_UNIQUE = "expect_column_values_to_be_unique"
_UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"
_FILLED = "expect_column_proportion_of_non_null_values_to_be_between"
_DISTINCT = "expect_column_proportion_of_unique_values_to_be_between"
_ROWS, _ROWS_EQUAL = "expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"
_OLD_METRICS = {"duplicateCount": "duplicateValues", "validValues": "invalidValues", "nullCheck": "nullValues"}
_NONE = {"mustBe": 0}
_STEPS = {
    "mustBeGreaterThan": ("min_value", 1),
    "mustBeGreaterOrEqualTo": ("min_value", 0),
    "mustBeLessThan": ("max_value", -1),
    "mustBeLessOrEqualTo": ("max_value", 0),
}


def metric_of(check: QualityCheck) -> _Metric | None:
    """The library metric that asks exactly what ``check`` asks; None when there is none."""
    asks = (_OF_COLUMN if check.column is not None else _OF_TABLE).get(check.assertion)
    return asks(check) if asks else None


def _null_values(check: QualityCheck) -> _Metric | None:
    return _tolerating({"metric": "nullValues"}, check) if not check.value else None


def _values(check: QualityCheck) -> list[Any] | None:
    """The value set, when it is all a check says and JSON can hold it."""
    values = check.value.get("value_set")
    plain = set(check.value) == {"value_set"} and isinstance(values, list | tuple) and None not in values
    return list(values) if plain and as_text(values) == list(values) else None  # type: ignore[arg-type]  # a list by then


def _valid_values(check: QualityCheck) -> _Metric | None:
    values = _values(check)
    if values is None:
        return None
    return _tolerating({"metric": "invalidValues", "arguments": {"validValues": values}}, check)


def _pattern(check: QualityCheck) -> _Metric | None:
    if set(check.value) != {"regex"}:
        return None
    return _tolerating({"metric": "invalidValues", "arguments": {"pattern": check.value["regex"]}}, check)


def _missing_values(check: QualityCheck) -> _Metric | None:
    values = _values(check)
    if values is None or check.threshold is not None:
        return None
    return {"metric": "missingValues", "arguments": {"missingValues": values}} | _NONE


def _duplicate_values(check: QualityCheck) -> _Metric | None:
    return None if check.value or check.threshold is not None else {"metric": "duplicateValues"} | _NONE


def _duplicate_rows(check: QualityCheck) -> _Metric | None:
    if not check.columns or check.value or check.threshold is not None:
        return None
    return {"metric": "duplicateValues", "arguments": {"properties": list(check.columns)}} | _NONE


def _row_count(check: QualityCheck) -> _Metric | None:
    given = {key: item for key, item in check.value.items() if isinstance(item, int) and not isinstance(item, bool)}
    if given != dict(check.value):
        return None
    match sorted(given):
        case ["value"]:
            return {"metric": "rowCount", "mustBe": given["value"]}
        case ["min_value"]:
            return {"metric": "rowCount", "mustBeGreaterOrEqualTo": given["min_value"]}
        case ["max_value"]:
            return {"metric": "rowCount", "mustBeLessOrEqualTo": given["max_value"]}
        case ["max_value", "min_value"] if given["min_value"] != given["max_value"]:
            return {"metric": "rowCount", "mustBeBetween": [given["min_value"], given["max_value"]]}
    return None


def _proportion(metric: str) -> Callable[[QualityCheck], _Metric | None]:
    """More than a share of good values, as less than a percentage of bad ones."""

    def asks(check: QualityCheck) -> _Metric | None:
        least = check.value.get("min_value")
        if dict(check.value) != {"min_value": least, "strict_min": True} or not isinstance(least, int | float):
            return None
        percent = _percent_left(least)
        return None if percent is None else {"metric": metric, "mustBeLessThan": percent, "unit": "percent"}

    return asks


_OF_COLUMN: Mapping[str, Callable[[QualityCheck], _Metric | None]] = {
    _NOT_NULL: _null_values,
    _IN_SET: _valid_values,
    _REGEX: _pattern,
    _NOT_IN_SET: _missing_values,
    _UNIQUE: _duplicate_values,
    _FILLED: _proportion("nullValues"),
    _DISTINCT: _proportion("duplicateValues"),
}
_OF_TABLE: Mapping[str, Callable[[QualityCheck], _Metric | None]] = {
    _UNIQUE_TOGETHER: _duplicate_rows,
    _ROWS: _row_count,
    _ROWS_EQUAL: _row_count,
}


def _tolerating(metric: _Metric, check: QualityCheck) -> _Metric | None:
    """``metric`` with the share of rows that may break it; None when percent cannot say it exactly."""
    if check.threshold is None:
        return metric | _NONE
    percent = _percent_left(check.threshold)
    return None if percent is None else metric | {"mustBeLessOrEqualTo": percent, "unit": "percent"}


def _percent_left(share: float) -> float | int | None:
    """What ``share`` leaves, in percent; None when no plain number says exactly that."""
    left = (1 - Decimal(str(share))) * 100
    if not 0 <= left <= 100:
        return None
    percent = int(left) if left == int(left) else float(left)
    return percent if _complement(percent) == share else None


def _complement(percent: float) -> float:
    return float(1 - Decimal(str(percent)) / 100)


def read_metric(item: Mapping[Any, Any], column: str, path: Path_, notes: Notes) -> list[Check]:
    """The checks that a rule with a library metric is; what no check asks is lost."""
    said = item.get("metric") or item.get("rule")
    metric = _OLD_METRICS.get(str(said), str(said))
    arguments = dict(notes.mapping(item.get("arguments"), (*path, "arguments")))
    if "validValues" in item:
        arguments["validValues"] = item["validValues"]
    if metric == "rowCount":
        checks = _read_row_count(item)
    elif metric == "duplicateValues" and "properties" in arguments:
        together = {"columns": arguments["properties"], "assertion": _UNIQUE_TOGETHER}
        checks = [together] if _is_none(item) else []
    elif not column:
        notes.lose((*path, "metric"), said, "is a metric of a property; move the rule there", refused=True)
        return []
    else:
        checks = _read_column_metric(metric, item, arguments, column)
    if not checks:
        limit = {key: item[key] for key in OPERATORS if key in item} or "no limit"
        reason = "no check asks this; let it be 0, or a percentage with mustBeLessOrEqualTo"
        notes.lose((*path, "metric"), f"{said} {limit}", reason, refused=True)
    return checks


def _read_column_metric(metric: str, item: Mapping[Any, Any], arguments: Mapping[str, Any], column: str) -> list[Check]:
    share = _share(item)
    least = _strict_share(item)
    match metric:
        case "nullValues" if share is not None:
            return [{"column": column, "assertion": _NOT_NULL} | share]
        case "nullValues" | "duplicateValues" if least is not None:
            assertion = _FILLED if metric == "nullValues" else _DISTINCT
            return [{"column": column, "assertion": assertion, "value": {"min_value": least, "strict_min": True}}]
        case "duplicateValues" if share == {}:
            return [{"column": column, "assertion": _UNIQUE}]
        case "duplicateValues" if share is not None:
            return [{"column": column, "assertion": _DISTINCT, "value": {"min_value": share["threshold"]}}]
        case "invalidValues" if share is not None:
            return _read_invalid(arguments, column, share)
        case "missingValues" if share is not None:
            return _read_missing(arguments, column, share)
    return []


def _read_invalid(arguments: Mapping[str, Any], column: str, share: Check) -> list[Check]:
    checks: list[Check] = []
    if isinstance(arguments.get("validValues"), list):
        values = [value for value in arguments["validValues"] if value is not None]
        checks.append({"column": column, "assertion": _IN_SET, "value": {"value_set": values}} | share)
    if "pattern" in arguments:
        checks.append({"column": column, "assertion": _REGEX, "value": {"regex": arguments["pattern"]}} | share)
    return checks if len(checks) == 1 or not share else []


def _read_missing(arguments: Mapping[str, Any], column: str, share: Check) -> list[Check]:
    missing = arguments.get("missingValues", [None])
    words = [value for value in missing if value is not None] if isinstance(missing, list) else []
    checks: list[Check] = []
    if words:
        checks.append({"column": column, "assertion": _NOT_IN_SET, "value": {"value_set": words}} | share)
    if not isinstance(missing, list) or None in missing:
        checks.append({"column": column, "assertion": _NOT_NULL} | share)
    return checks if len(checks) == 1 or not share else []


def _is_none(item: Mapping[Any, Any]) -> bool:
    """Whether the count must be zero."""
    limits = _limits(item)
    rows = str(item.get("unit") or "rows") == "rows"
    return limits in ({"mustBe": 0}, {"mustBeLessOrEqualTo": 0}) or (rows and limits == {"mustBeLessThan": 1})


def _share(item: Mapping[Any, Any]) -> Check | None:
    """The ``threshold`` of a rule about rows, empty when every row must hold, None when it is no share."""
    limits = _limits(item)
    percent = str(item.get("unit")) in {"percent", "%"}
    if percent and set(limits) == {"mustBeLessOrEqualTo"} and _is_percent(limits["mustBeLessOrEqualTo"]):
        return {"threshold": _complement(limits["mustBeLessOrEqualTo"])}
    return {} if _is_none(item) else None


def _strict_share(item: Mapping[Any, Any]) -> float | None:
    """The share of good rows that must be exceeded."""
    limits = _limits(item)
    if (
        str(item.get("unit")) in {"percent", "%"}
        and set(limits) == {"mustBeLessThan"}
        and _is_percent(limits["mustBeLessThan"])
    ):
        return _complement(limits["mustBeLessThan"])
    return None


def _is_percent(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100


def _read_row_count(item: Mapping[Any, Any]) -> list[Check]:
    limits = _limits(item)
    match limits:
        case {"mustBe": int(rows)} if len(limits) == 1:
            return [{"assertion": _ROWS_EQUAL, "value": {"value": rows}}]
        case {"mustBeBetween": [int(low), int(high)]} if len(limits) == 1:
            return [{"assertion": _ROWS, "value": {"min_value": low, "max_value": high}}]
    if not limits or any(key not in _STEPS or not isinstance(value, int) for key, value in limits.items()):
        return []
    bounds = {_STEPS[key][0]: max(value + _STEPS[key][1], 0) for key, value in limits.items()}
    return [{"assertion": _ROWS, "value": bounds}]


def _limits(item: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: item[key] for key in OPERATORS if item.get(key) is not None}
