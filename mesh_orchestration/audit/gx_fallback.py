"""Checks answered by Great Expectations itself, imported only then (it costs seconds)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesh_orchestration.audit.bounded import texts_of, try_patterns
from mesh_orchestration.audit.sources import Source
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.expectations.patterns import patterns_in

_MAPPED = {"unexpected_count": "unexpected_count", "missing_count": "missing_count", "element_count": "element_count"}
_NAMED = ("column", "column_A", "column_B")


def run(check: Check, source: Source) -> CheckResult:
    """The check's result by Great Expectations on a pandas frame of the columns it names, or of all.

    Raises what Great Expectations raises, ValueError when it reports an exception of its own, and TooSlowError for
    a pattern that its engine, which backtracks, does not get done with.
    """
    frame = source.frame(_columns(check, source))
    if patterns := tuple(patterns_in(check.kwargs)):
        named = [name for name in _NAMED if check.kwargs.get(name) in frame.columns]
        values = {text for name in named for one in frame[check.kwargs[name]].dropna() for text in texts_of(one)}
        try_patterns(patterns, values)
    found = validate(frame, check.expectation, check.kwargs)
    if problem := _exception(found.get("exception_info")):
        raise ValueError(problem)
    said = dict(found.get("result") or {})
    counts = {ours: said[theirs] for theirs, ours in _MAPPED.items() if theirs in said and "element_count" in said}
    details = {} if counts else {key: value for key, value in said.items() if key != "observed_value"}
    return CheckResult(
        check,
        bool(found["success"]),
        observed_value=said.get("observed_value"),
        sample=tuple(said.get("partial_unexpected_list") or ())[:20] if counts else (),
        details=dict(details.pop("details", {}) or {}) | details,
        how="gx",
        **counts,
    )


def _columns(check: Check, source: Source) -> tuple[str, ...]:
    kwargs = check.kwargs
    named = [kwargs[key] for key in _NAMED if key in kwargs] + list(kwargs.get("column_list") or ())
    whole = not named or kwargs.get("row_condition") is not None
    missing = [name for name in named if name not in source.types]
    if missing:
        raise KeyError(f"there is no column '{missing[0]}'; the columns are {', '.join(source.types)}")
    return tuple(source.types) if whole else tuple(dict.fromkeys(named))


def validate(frame: Any, expectation: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Great Expectations' validation result JSON for one expectation on a pandas frame.

    Goes to its validator without a data context, which would write files and count usage.
    """
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.validator.validator import Validator

    engine = PandasExecutionEngine()
    engine.load_batch_data("written", frame)
    validator = Validator(execution_engine=engine)
    validator.metrics_calculator.show_progress_bars = False
    configuration = get_expectation_impl(expectation)(**kwargs).configuration
    runtime = {"result_format": {"result_format": "SUMMARY", "partial_unexpected_count": 20}}
    [found] = validator.graph_validate([configuration], runtime_configuration=runtime)
    said: dict[str, Any] = found.to_json_dict()
    return said


def _exception(info: Any) -> str:
    """The message of an exception Great Expectations caught; one for all metrics, or one for each."""
    if not isinstance(info, Mapping):
        return ""
    if "raised_exception" in info:
        return str(info.get("exception_message")) if info["raised_exception"] else ""
    return "; ".join(message for part in info.values() if (message := _exception(part)))
