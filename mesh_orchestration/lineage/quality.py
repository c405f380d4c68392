"""What an audit found, as facets of the dataset that was judged. No value of a personal column is told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.lineage.facets import Facets, facet

_METRICS: Mapping[str, str] = {
    "expect_column_min_to_be_between": "min",
    "expect_column_max_to_be_between": "max",
    "expect_column_sum_to_be_between": "sum",
    "expect_column_unique_value_count_to_be_between": "distinctCount",
}
_MEDIAN = "expect_column_median_to_be_between"
_WHOLE = {"distinctCount"}


@dataclass(frozen=True)
class Checked:
    """One evaluated check; ``said`` is what the audit wrote beside the verdict, ``at`` epoch seconds."""

    name: str
    passed: bool
    severity: Literal["error", "warn"]
    at: float
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def column(self) -> str:
        return str(self.said.get("column") or "")

    def whole(self, key: str) -> int | None:
        """A number of rows that the audit told."""
        value = self.said.get(key)
        return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def quality_facets(checks: Sequence[Checked], product: DataProduct | None) -> Facets:
    """Input facets of the judged dataset: each assertion, what it measured, and the verdicts in full."""
    personal = {one.name for one in product.fields if one.is_pii} if product else frozenset()
    found = {
        "dataQualityAssertions": facet("dataQualityAssertions", assertions=[_assertion(c, personal) for c in checks]),
        "mesh_verdicts": _verdicts(checks),
    }
    if metrics := _metrics(checks, personal):
        found["dataQualityMetrics"] = metrics
    return found


def _assertion(check: Checked, personal: Iterable[str]) -> dict[str, Any]:
    threshold, observed = check.said.get("threshold"), check.said.get("observed_value")
    said = {
        "assertion": str(check.said.get("expectation") or check.name),
        "name": check.name,
        "success": check.passed,
        "severity": check.severity,
        "column": check.column or None,
        "expected": None if threshold is None else f"at least {threshold} of the rows",
        "actual": None if observed is None or check.column in personal else str(observed),
    }
    return {key: value for key, value in said.items() if value is not None}


def _verdicts(checks: Sequence[Checked]) -> dict[str, Any]:
    failed = [check for check in checks if not check.passed]
    return facet(
        "mesh_verdicts",
        passed=len(checks) - len(failed),
        failed=len(failed),
        blocked=any(check.severity == "error" for check in failed),
        verdicts=[_verdict(check) for check in checks],
    )


def _verdict(check: Checked) -> dict[str, Any]:
    threshold = check.said.get("threshold")
    said = {
        "check": check.name,
        "expectation": check.said.get("expectation"),
        "column": check.column or None,
        "severity": check.severity,
        "success": check.passed,
        "threshold": threshold if isinstance(threshold, int | float) else None,
        "rows": check.whole("rows"),
        "unexpected": check.whole("unexpected_count"),
        "missing": check.whole("missing_count"),
        "how": check.said.get("how"),
        "exception": check.said.get("exception") or check.said.get("reason"),
    }
    return {key: value for key, value in said.items() if value is not None}


def _metrics(checks: Sequence[Checked], personal: Iterable[str]) -> dict[str, Any] | None:
    """The numbers that checks happened to measure; None when there are none."""
    columns: dict[str, dict[str, Any]] = {}
    rows = [count for check in checks if (count := check.whole("rows")) is not None]
    for check in checks:
        if check.column:
            measured = _measured(check, personal)
            if measured:
                columns.setdefault(check.column, {}).update(measured)
    if not columns and not rows:
        return None
    return facet("dataQualityMetrics", rowCount=max(rows, default=None), columnMetrics=columns)


def _measured(check: Checked, personal: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    expectation, observed = check.said.get("expectation"), check.said.get("observed_value")
    missing = check.whole("missing_count")
    if expectation == "expect_column_values_to_not_be_null":
        missing = check.whole("unexpected_count") if missing is None else missing
    if missing is not None:
        found["nullCount"] = missing
    if isinstance(observed, bool) or not isinstance(observed, int | float) or not math.isfinite(observed):
        return found
    if metric := _METRICS.get(str(expectation)):
        if metric in _WHOLE or check.column not in personal:
            found[metric] = int(observed) if metric in _WHOLE else observed
    elif expectation == _MEDIAN and check.column not in personal:
        found["quantiles"] = {"0.5": observed}
    return found
