"""Answers as check results: the verdict, the counts, and a masked sample of what broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_orchestration.audit.asked import Asked, columns_of
from mesh_orchestration.expectations.base import holds_mostly
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.expectations.question import Answer, Measure, Quantiles, Reading, Rows, Tally
from mesh_orchestration.masking import mask_value

_OBSERVED_DETAILS = ("partial_unexpected_list",)


@dataclass(frozen=True)
class Masks:
    """The masks of columns, and the secret they are keyed with."""

    of: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)

    def value(self, column: str, value: Any) -> Any:
        return mask_value(value, self.of[column], self.key) if column in self.of else value


def result_of(asked: Asked, answer: Answer, how: str, masks: Masks) -> CheckResult:
    """The outcome of a check whose question was answered."""
    if isinstance(answer, Tally):
        return _of_tally(asked, answer, how, masks)
    return _of_reading(asked, answer, how, masks)


def failure(check: Check, error: BaseException, how: str = "") -> CheckResult:
    """The outcome of a check that could not be evaluated: failed, and it says why."""
    said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return CheckResult(check, False, how=how, exception=f"{type(error).__name__}: {said}")


def _of_tally(asked: Asked, tally: Tally, how: str, masks: Masks) -> CheckResult:
    question = asked.question
    counts_missing = not isinstance(question, Rows) or question.missing_counts
    return CheckResult(
        check=asked.check,
        success=holds_mostly(tally, asked.check.mostly),
        element_count=tally.rows,
        missing_count=tally.rows - tally.considered if counts_missing else None,
        unexpected_count=tally.unexpected,
        sample=_sample(asked, tally, masks),
        how=how,
    )


def _sample(asked: Asked, tally: Tally, masks: Masks) -> tuple[Any, ...]:
    """Values of one column, pairs of two, or mappings of a list of columns, as Great Expectations shows them."""
    assert asked.expectation is not None
    assert asked.question is not None
    columns = columns_of(asked.question)
    rows = [tuple(masks.value(name, item) for name, item in zip(columns, row, strict=True)) for row in tally.sample]
    match asked.expectation.domain:
        case "column map":
            return tuple(row[0] for row in rows)
        case "multi column":
            return tuple(dict(zip(columns, row, strict=True)) for row in rows)
    return tuple(rows)


def _of_reading(asked: Asked, reading: Reading, how: str, masks: Masks) -> CheckResult:
    assert asked.expectation is not None
    assert asked.arguments is not None
    verdict = asked.expectation.judge(asked.arguments, reading)
    observed, details = verdict.observed, dict(verdict.details)
    column = asked.check.column
    if column is not None and column in masks.of:
        observed = _masked(asked, observed, masks)
        for key in _OBSERVED_DETAILS:
            if key in details:
                details[key] = [masks.value(column, item) for item in details[key]]
    return CheckResult(asked.check, verdict.success, observed_value=observed, details=details, how=how)


def _masked(asked: Asked, observed: Any, masks: Masks) -> Any:
    """A smallest value, a largest or a quantile is the value of some row; a mean or a count is nobody's."""
    column = asked.check.column or ""
    match asked.question:
        case Measure("min" | "max"):
            return masks.value(column, observed)
        case Quantiles() if isinstance(observed, dict):
            return observed | {"values": [masks.value(column, item) for item in observed["values"]]}
        case Quantiles():
            return masks.value(column, observed)
    return observed
