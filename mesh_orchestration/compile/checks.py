"""The checks of a contract: its constraints, its quality checks and its event freshness, each said once.

A check that a constraint and the contract's own list both make is one check, the stricter of the
two; bounds that speak of the same rows are drawn together. Names are
``contract__<expectation>__<columns>``, numbered only where several checks share one, so results keep
their history when a contract grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from mesh_orchestration.contract.check_rules import kwargs_of
from mesh_orchestration.contract.model import DataProduct, QualityCheck, SchemaField
from mesh_orchestration.expectations.check import Check, Severity

EVENT_FRESHNESS = "event_freshness"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
COMPOUND_UNIQUE = "expect_compound_columns_to_be_unique"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
REGEX = "expect_column_values_to_match_regex"
LENGTHS = "expect_column_value_lengths_to_be_between"
TYPE = "expect_column_values_to_be_of_type"
_BOUNDS = {"min_value": max, "max_value": min}
_NO_WORDS = re.compile(
    r"^expect_(?:column_values?_|column_|table_)?(?:to_)?|_to(?=_be_|_match_|_contain_|_equal|_have_)"
)
_SYMBOLS = re.compile(r"[^A-Za-z0-9_]+")


def contract_checks(product: DataProduct) -> tuple[Check, ...]:
    """Every check of the product in the contract's order, without duplicates, with unique stable names."""
    merged: list[Check] = []
    alike: dict[str, list[int]] = {}
    for check in (*_of_constraints(product), *_of_quality(product)):
        places = alike.setdefault(_subject(check), [])
        for place in places:
            if both := _one_of_two(merged[place], check):
                merged[place] = both
                break
        else:
            places.append(len(merged))
            merged.append(check)
    return _named((*merged, *_of_sla(product)))


@cache
def short_name(expectation: str) -> str:
    """The expectation without the words all of them share: ``not_null``, ``between``, ``a_greater_than_b``."""
    words = _NO_WORDS.sub("", expectation)
    words = re.sub(r"(^|_)be_", r"\1", words).removeprefix("pair_values_").replace("value_lengths", "lengths")
    return words.removesuffix("_between") or "between"


def _of_constraints(product: DataProduct) -> Iterator[Check]:
    key = product.primary_key
    if len(key) > 1:
        yield _check(COMPOUND_UNIQUE, "spec.schema.fields", column_list=list(key), ignore_row_if="never")
    for place, field in enumerate(product.fields):
        yield from _of_field(field, f"spec.schema.fields[{place}].constraints", alone=key == (field.name,))


def _of_field(field: SchemaField, path: str, *, alone: bool) -> Iterator[Check]:
    """The checks of one field; ``alone`` when it is the whole primary key."""
    said, name = field.constraints, field.name
    if said.unique or alone:
        yield _check(UNIQUE, f"{path}.{'primary_key' if alone else 'unique'}", column=name)
    if not field.nullable:
        yield _check(NOT_NULL, f"{path}.{'primary_key' if said.primary_key else 'null'}", column=name)
    if said.timezone:
        yield _check(TYPE, f"{path}.timezone", column=name, type_="timestamptz")
    if said.pattern is not None:
        yield _check(REGEX, f"{path}.pattern", column=name, regex=said.pattern)
    if said.enum is not None:
        yield _check(IN_SET, f"{path}.enum", column=name, value_set=list(said.enum))
    if said.min is not None or said.max is not None:
        yield _check(BETWEEN, path, column=name, **_some(min_value=said.min, max_value=said.max))
    if said.min_length is not None or said.max_length is not None:
        bounds = _some(min_value=said.min_length, max_value=said.max_length)
        yield _check(LENGTHS, path, column=name, **bounds)


def _of_quality(product: DataProduct) -> Iterator[Check]:
    for place, said in enumerate(product.spec.quality.checks):
        yield Check(
            name=said.name or "",
            expectation=said.assertion,
            kwargs=kwargs_of(said),
            severity=said.severity,
            path=f"spec.quality.checks[{place}]",
            description=said.description or _described(said),
        )


def _of_sla(product: DataProduct) -> Iterator[Check]:
    sla = product.spec.sla
    if sla.event_time and sla.event_freshness:
        yield Check(
            name=EVENT_FRESHNESS,
            expectation="expect_column_max_to_be_between",
            kwargs={"column": sla.event_time, "min_value": f"now - {sla.event_freshness}"},
            path="spec.sla.event_freshness",
            description=f"The newest {sla.event_time} is at most {sla.event_freshness} old.",
        )


def _check(expectation: str, path: str, **kwargs: Any) -> Check:
    return Check(name="", expectation=expectation, kwargs=kwargs, path=path)


def _some(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _described(said: QualityCheck) -> str:
    share = f" for {said.threshold * 100:.8g}% of the rows" if said.threshold is not None else ""
    return f"{short_name(said.assertion).replace('_', ' ')}{share}" if share else ""


def _subject(check: Check) -> str:
    """What the check asks of which columns; two checks can only be one when this is the same."""
    columns = [check.kwargs.get(key) for key in ("column", "column_A", "column_B", "column_list")]
    return f"{check.expectation} {columns}"


def _one_of_two(first: Check, second: Check) -> Check | None:
    """One check that says both, or None when they are two."""
    if first.expectation != second.expectation:
        return None
    said, added = _statement(first), _statement(second)
    as_strict = first.mostly == second.mostly and first.severity == second.severity
    if said == added:
        kwargs = dict(first.kwargs) | dict(second.kwargs)
        if first.mostly != 1 or second.mostly != 1:
            kwargs["mostly"] = max(first.mostly, second.mostly)
        severity: Severity = "error" if "error" in (first.severity, second.severity) else "warn"
    elif as_strict and (bounds := _tightened(said, added)) is not None:
        kwargs, severity = dict(first.kwargs) | bounds, first.severity
    else:
        return None
    name, description = second.name or first.name, second.description or first.description
    if kwargs.get("mostly") == 1:
        del kwargs["mostly"]
    return replace(second, name=name, kwargs=kwargs, severity=severity, description=description)


def _statement(check: Check) -> dict[str, Any]:
    """What the check says of a row, whatever share of the rows must keep it."""
    return {key: value for key, value in check.kwargs.items() if key != "mostly" and value is not None}


def _tightened(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any] | None:
    """The narrower bounds of two statements that differ in nothing else; None when they cannot be one."""
    rest = [{key: value for key, value in said.items() if key not in _BOUNDS} for said in (first, second)]
    if rest[0] != rest[1] or any(key.startswith("strict_") for key in rest[0]):
        return None
    if not set(first) & set(_BOUNDS) or not set(second) & set(_BOUNDS):
        return None
    bounds: dict[str, Any] = {}
    for key, narrower in _BOUNDS.items():
        values = [said[key] for said in (first, second) if key in said]
        if len(values) == 2 and not all(isinstance(value, int | float) for value in values):
            return None
        bounds |= {key: narrower(values)} if values else {}
    low, high = bounds.get("min_value"), bounds.get("max_value")
    if type(low) is type(high) and low is not None and low > high:
        return None
    return bounds


def _named(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks with a name each; a second one of a kind gets ``_2``, given names come first."""
    taken = {check.name for check in checks if check.name}
    named = []
    for check in checks:
        name = check.name or _free(_default_name(check), taken)
        taken.add(name)
        named.append(replace(check, name=name))
    return tuple(named)


def _default_name(check: Check) -> str:
    kwargs = check.kwargs
    columns = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    listed = kwargs.get("column_list") or ()
    words = ["contract", short_name(check.expectation), "_".join(str(item) for item in (*columns, *listed) if item)]
    return _SYMBOLS.sub("_", "__".join(word for word in words if word))


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
