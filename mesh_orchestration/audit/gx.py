"""Check results in Great Expectations' own words: the ``result`` of its validation result JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any, Literal
from uuid import UUID

from mesh_orchestration.expectations.check import CheckResult

ResultFormat = Literal["BOOLEAN_ONLY", "BASIC", "SUMMARY"]


def to_gx(result: CheckResult, result_format: ResultFormat = "SUMMARY") -> dict[str, Any]:
    """The ``result`` of Great Expectations 1.24's ExpectationValidationResult JSON for the same check.

    Positions of rows are left out, as Great Expectations does on SQL; the samples are the masked ones.
    """
    if result_format == "BOOLEAN_ONLY" or result.exception:
        return {}
    if result.element_count is None:
        return _measured(result)
    return _mapped(result, result_format)


def _measured(result: CheckResult) -> dict[str, Any]:
    plain = {key: _json(value) for key, value in result.details.items()}
    if "success_details" in result.details:
        return {"observed_value": _json(result.observed_value), "details": plain}
    if result.check.expectation == "expect_column_to_exist":
        return plain
    return {"observed_value": _json(result.observed_value), **plain}


def _mapped(result: CheckResult, result_format: ResultFormat) -> dict[str, Any]:
    rows, unexpected = result.element_count or 0, result.unexpected_count or 0
    of_all = _share(unexpected, rows)
    missing = result.missing_count
    of_present = of_all if missing is None else _share(unexpected, rows - missing)
    said: dict[str, Any] = {
        "element_count": rows,
        "unexpected_count": unexpected,
        "unexpected_percent": of_present,
        "partial_unexpected_list": _json(result.sample),
    }
    if missing is not None:
        said |= {
            "missing_count": missing,
            "missing_percent": _share(missing, rows),
            "unexpected_percent_total": of_all,
            "unexpected_percent_nonmissing": of_present,
        }
    if result_format == "SUMMARY":
        said["partial_unexpected_counts"] = _counts(result)
    return said


def _counts(result: CheckResult) -> list[dict[str, Any]]:
    """How often each value of the sample occurs in it, the most frequent first."""
    sample = [tuple(item.values()) if isinstance(item, Mapping) else item for item in result.sample]
    try:
        counted = sorted(Counter(sample).most_common(20), key=lambda pair: (-pair[1], pair[0]))
    except TypeError:
        return [{"error": "partial_exception_counts requires a hashable type"}]
    return [{"value": _json(value), "count": count} for value, count in counted]


def _share(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole > 0 else None


def _json(value: Any) -> Any:
    """``value`` as JSON can hold it, the way Great Expectations writes it."""
    match value:
        case Mapping():
            return {str(key): _json(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_json(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return _json(float(value))
        case UUID() | bytes():
            return str(value)
    return value
