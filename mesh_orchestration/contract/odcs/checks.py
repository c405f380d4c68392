"""Quality rules: library metrics and rules of Great Expectations, and the checks of a contract, both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from mesh_orchestration.contract.dialect import Place
from mesh_orchestration.contract.document import Path_, parse_document
from mesh_orchestration.contract.model import QualityCheck
from mesh_orchestration.contract.odcs.customs import difference, restore, store
from mesh_orchestration.contract.odcs.metrics import Check, metric_of, read_metric
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.words import OPERATORS, QUALITY
from mesh_orchestration.contract.spelling import as_text
from mesh_orchestration.errors import ContractError
from mesh_orchestration.expectations import registry

ENGINE, OWN_ENGINE = "greatExpectations", "mesh"
POSITION = "position"
"""The custom property that says where a check stands, when the order of the file does not."""
_OWN = frozenset(QualityCheck.model_fields) | {POSITION}
_ENGINES = {"greatexpectations", "great-expectations", "great_expectations", "gx", OWN_ENGINE}
_WARNINGS = {"warn", "warning", "info", "low", "minor"}


def written(check: QualityCheck) -> dict[str, Any]:
    """``check`` as a rule: a library metric where one asks the same, else a rule of Great Expectations or the mesh."""
    rule = metric_of(check) or _custom(check)
    said: dict[str, Any] = {"name": check.name} if check.name else {}
    said |= {"description": check.description} if check.description else {}
    said |= rule | {"severity": "error" if check.severity == "error" else "warning"}
    back = read(said, check.column or "", (), Notes())
    again = QualityCheck.model_validate(back[0]).model_dump(exclude_defaults=True) if len(back) == 1 else {}
    return store(said, difference(check.model_dump(exclude_defaults=True), again))


def enum_rule(values: list[Any]) -> dict[str, Any]:
    """The rule that a column's allowed values are; unlike a check's it has no severity."""
    return {"metric": "invalidValues", "arguments": {"validValues": as_text(values)}} | {"mustBe": 0}


def _custom(check: QualityCheck) -> dict[str, Any]:
    arguments: dict[str, Any] = {"column": check.column} if check.column is not None else {}
    arguments |= {"column_list": list(check.columns)} if check.columns is not None else {}
    arguments |= dict(check.value)
    arguments |= {"mostly": check.threshold} if check.threshold is not None else {}
    rule: Any = {"type": check.assertion, "kwargs": arguments}
    if as_text(rule) != rule:  # JSON has no dates, a text of YAML has
        rule = yaml.safe_dump(rule, sort_keys=False, allow_unicode=True)
    expectation = registry.get(check.assertion)
    engine = ENGINE if expectation is None or expectation.foreign else OWN_ENGINE
    return {"type": "custom", "engine": engine, "implementation": rule}


def read(item: Mapping[Any, Any], column: str, path: Path_, notes: Notes) -> list[Check]:
    """The checks that a rule is: none when nothing here can run it, two when it asks two things.

    ``column`` is the property the rule stands with, empty for one of the whole object.
    """
    used = {"name", "description", "severity", "customProperties", "type"}
    match _kind(item):
        case "text":
            notes.lose(path, item.get("description"), "a rule in words is no check")
            return []
        case "library":
            used |= {"metric", "rule", "arguments", "unit", "validValues", *OPERATORS}
            checks = read_metric(item, column, path, notes)
        case "custom":
            used |= {"engine", "implementation"}
            checks = _read_custom(item, column, path, notes)
        case kind:
            reason = "SQL is not run here; ask it with an expectation" if kind == "sql" else "is no type of rule"
            notes.lose(path, item.get("query") or kind, reason, refused=True)
            return []
    for check in checks:
        _common(check, item, path, notes)
    if checks:
        notes.rest(item, path, used=used, known=QUALITY)
        restore(checks[0], item, (path, ("check", *path)), notes, _OWN)
    return checks


def _kind(item: Mapping[Any, Any]) -> str:
    return str(item.get("type") or ("custom" if "engine" in item else "sql" if "query" in item else "library"))


def _common(check: Check, item: Mapping[Any, Any], path: Path_, notes: Notes) -> None:
    if str(item.get("severity", "error")).lower() in _WARNINGS:
        check["severity"] = "warn"
    name, description = item.get("name"), item.get("description")
    if name:
        if re.fullmatch(r"[A-Za-z0-9_]+", str(name)):
            check["name"] = name
        else:
            notes.lose((*path, "name"), name, "a check's name is of letters, digits and _")
    if description:
        check["description"] = description


def is_enum(item: Mapping[Any, Any]) -> bool:
    """Whether a rule is what ``enum_rule`` writes: allowed values without exception or severity."""
    stated = {key for key, value in item.items() if value is not None} - {"type"}
    arguments = item.get("arguments")
    plain = stated == {"metric", "arguments", "mustBe"} and isinstance(arguments, Mapping)
    return (
        plain
        and item.get("metric") == "invalidValues"
        and item["mustBe"] == 0
        and set(arguments or ()) == {"validValues"}
    )


def _read_custom(item: Mapping[Any, Any], column: str, path: Path_, notes: Notes) -> list[Check]:
    engine, rule = str(item.get("engine", "")), item.get("implementation")
    if engine.lower() not in _ENGINES:
        notes.lose((*path, "engine"), engine, "only Great Expectations' rules are run here", refused=True)
        return []
    if isinstance(rule, str):
        try:
            rule = parse_document(rule, "").value
        except ContractError:
            rule = None
    assertion = (rule.get("type") or rule.get("expectation_type")) if isinstance(rule, Mapping) else None
    if not isinstance(rule, Mapping) or not isinstance(assertion, str):
        message = "is no rule of Great Expectations; write {type: expect_…, kwargs: {…}}"
        notes.lose((*path, "implementation"), rule, message, refused=True)
        return []
    arguments = {_snake(str(key)): value for key, value in dict(rule.get("kwargs") or {}).items()}
    check: Check = {"assertion": assertion}
    if column:
        check["column"] = arguments.pop("column", column)
    for key, own in (("column_list", "columns"), ("mostly", "threshold")):
        if key in arguments:
            check[own] = arguments.pop(key)
    notes.places["check", *path] = Place((*path, "implementation"))
    return [check | ({"value": arguments} if arguments else {})]


def _snake(key: str) -> str:
    """``minValue`` as Great Expectations spells it; names that are its own stay (``column_A``)."""
    return key if "_" in key else re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", key)
