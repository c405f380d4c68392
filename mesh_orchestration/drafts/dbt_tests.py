"""dbt's tests in the words of a contract: constraints and checks, and what has no counterpart by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_orchestration.contract.literals import literal
from mesh_orchestration.contract.types import LogicalType, parse_type
from mesh_orchestration.expectations import registry

_OURS = frozenset({"model", "column_name", "quote_values", "combine_with"})
"""Arguments of a dbt test that say where it runs, not what it asks."""


@dataclass
class Promises:
    """What a model's tests promise: constraints by column, checks, columns that are unique together, and in
    words what could not be taken over."""

    constraints: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Test:
    name: str
    column: str
    arguments: Mapping[str, Any]
    warns: bool

    @property
    def said(self) -> str:
        shown = ", ".join(f"{key}: {value}" for key, value in self.arguments.items())
        return f"{self.name}({shown}){f' of {self.column}' if self.column else ''}"


def promises(tests: list[Mapping[str, Any]], types: Mapping[str, str]) -> Promises:
    """What the test nodes of a manifest promise about a model whose columns have ``types`` (contract words)."""
    found = Promises()
    for node in tests:
        metadata = node.get("test_metadata")
        if not metadata:
            found.left.append(f"test {node['name']}, which is SQL of its own; say it as a check, or keep it in dbt")
            continue
        arguments = {key: value for key, value in metadata["kwargs"].items() if key not in _OURS}
        column = str(node.get("column_name") or metadata["kwargs"].get("column_name") or "")
        severity = str(node["config"].get("severity") or "error").lower()
        test = _Test(str(metadata["name"]), column, arguments, severity == "warn")
        if where := node["config"].get("where"):
            found.left.append(f"test {test.said} where {where}: a check has no condition")
        elif column and column not in types:
            found.left.append(f"test {test.said}: the column is not in the contract")
        elif not _taken(test, found, types):
            found.left.append(f"test {test.said}: it has no counterpart; keep it in dbt")
    return found


def _taken(test: _Test, found: Promises, types: Mapping[str, str]) -> bool:
    if test.arguments.get("row_condition"):
        return False  # SQL here, another language in Great Expectations
    if test.name in registry.names():
        return _check(test, found, test.name, test.arguments)
    reader = _READERS.get(test.name)
    return reader is not None and reader(test, found, types)


def _check(test: _Test, found: Promises, assertion: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the expectation with those arguments could be added as a check."""
    given = {key: value for key, value in arguments.items() if value is not None}
    whole = given | ({"column": test.column} if test.column else {})
    if registry.problems(assertion, whole):
        return False
    check: dict[str, Any] = {"column": test.column} if test.column else {}
    check["assertion"] = assertion
    for argument, key in (("column_list", "columns"), ("mostly", "threshold")):
        if argument in given:
            check[key] = given.pop(argument)
    if given:
        check["value"] = given
    found.checks.append(check | ({"severity": "warn"} if test.warns else {}))
    return True


def _promise(test: _Test, found: Promises, assertion: str, constraint: dict[str, Any], value: dict[str, Any]) -> bool:
    """A constraint, or the check that it stands for when a failure only warns."""
    if test.warns:
        return _check(test, found, assertion, value)
    found.constraints.setdefault(test.column, {}).update(constraint)
    return True


def _not_null(test: _Test, found: Promises, _: Mapping[str, str]) -> bool:
    return _promise(test, found, "expect_column_values_to_not_be_null", {"null": False}, {})


def _unique(test: _Test, found: Promises, _: Mapping[str, str]) -> bool:
    if not test.warns:
        found.keys.append((test.column,))
    return _promise(test, found, "expect_column_values_to_be_unique", {"unique": True}, {})


def _accepted_values(test: _Test, found: Promises, types: Mapping[str, str]) -> bool:
    try:
        values = [_value(one, parse_type(types[test.column] or "string")) for one in test.arguments["values"]]
    except (ValueError, KeyError, TypeError):
        return False
    in_set = {"value_set": values}
    return _promise(test, found, "expect_column_values_to_be_in_set", {"enum": list(dict.fromkeys(values))}, in_set)


def _accepted_range(test: _Test, found: Promises, types: Mapping[str, str]) -> bool:
    kind = parse_type(types[test.column] or "string")
    bounds = {"min": test.arguments.get("min_value"), "max": test.arguments.get("max_value")}
    try:
        bounds = {key: _value(bound, kind) for key, bound in bounds.items() if bound is not None}
    except (ValueError, TypeError):
        return False
    if not bounds:
        return False
    value = {f"{key}_value": bound for key, bound in bounds.items()}
    if test.arguments.get("inclusive", True) is not True:
        strict = {f"strict_{key}": True for key in bounds}
        return _check(test, found, "expect_column_values_to_be_between", value | strict)
    return _promise(test, found, "expect_column_values_to_be_between", bounds, value)


def _not_empty(test: _Test, found: Promises, _: Mapping[str, str]) -> bool:
    between = {"min_value": 1}
    return _promise(test, found, "expect_column_value_lengths_to_be_between", {"min_length": 1}, between)


def _combination(test: _Test, found: Promises, types: Mapping[str, str]) -> bool:
    columns = tuple(test.arguments.get("combination_of_columns") or ())
    if len(columns) < 2 or not set(columns) <= set(types):
        return False
    if not test.warns:
        found.keys.append(columns)
    return _check(test, found, "expect_compound_columns_to_be_unique", {"column_list": list(columns)})


_READERS: Mapping[str, Callable[[_Test, Promises, Mapping[str, str]], bool]] = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted_values,
    "accepted_range": _accepted_range,
    "not_empty_string": _not_empty,
    "unique_combination_of_columns": _combination,
    "unique_combination": _combination,
}


def _value(given: Any, kind: LogicalType) -> Any:
    """A value that a test writes, as the contract writes values of ``kind``; raises ValueError when it is none."""
    candidates = [given] if not isinstance(given, str) or not kind.is_numeric else [int, float]
    for candidate in candidates:
        try:
            value = candidate(given) if callable(candidate) else candidate
            literal(value, kind)
        except ValueError:
            continue
        return value
    raise ValueError(f"{given!r} is no {kind}")
