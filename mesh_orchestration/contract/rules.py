"""What a contract may not say although every part of it is well formed.

The rules read a ``Draft``: the parts that are well formed, by their place. So one run reports the
wrong words of one part together with the contradictions of all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from mesh_orchestration.contract.check_rules import check_findings
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.field_rules import field_findings
from mesh_orchestration.contract.model import (
    DataProduct,
    InputPort,
    Metadata,
    PortOrName,
    QualityCheck,
    SchemaField,
    Sla,
)
from mesh_orchestration.contract.ports import PORTS
from mesh_orchestration.contract.structure import Finding, structural_findings
from mesh_orchestration.contract.wording import suggestion

RESERVED_DOMAINS = frozenset({"platform", "public", "main", "landing"})
RESERVED_PRODUCTS = frozenset({"dbt", "input", "acknowledgements"})
_SHORTEST_FRESHNESS = timedelta(minutes=1)
_FIELDS = ("spec", "schema", "fields")
_CHECKS = ("spec", "quality", "checks")
_INPUTS = ("spec", "inputs")
_PORT: TypeAdapter[InputPort | str] = TypeAdapter(PortOrName)
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Draft:
    """The well-formed parts of a contract by their index; ``names`` are all field names, well formed or not."""

    names: tuple[tuple[int, str], ...]
    fields: Mapping[int, SchemaField]
    checks: Mapping[int, QualityCheck]
    ports: Mapping[int, InputPort | str]
    sla: Sla | None
    metadata: Metadata | None


def draft_of(product: DataProduct) -> Draft:
    """The draft of a product that is well formed as a whole."""
    return Draft(
        names=tuple(enumerate(field.name for field in product.fields)),
        fields=dict(enumerate(product.fields)),
        checks=dict(enumerate(product.spec.quality.checks)),
        ports=dict(enumerate(product.spec.inputs)),
        sla=product.spec.sla,
        metadata=product.metadata,
    )


def draft_of_parts(data: Mapping[Any, Any]) -> Draft:
    """The draft of raw ``data`` that is not well formed as a whole."""
    fields = _items(data, _FIELDS)
    return Draft(
        names=tuple(
            (index, item["name"])
            for index, item in fields.items()
            if isinstance(item, dict) and isinstance(item.get("name"), str)
        ),
        fields=_valid(SchemaField, fields),
        checks=_valid(QualityCheck, _items(data, _CHECKS)),
        ports={index: port for index, item in _items(data, _INPUTS).items() if (port := _port(item)) is not None},
        sla=_valid(Sla, {0: _get(data, ("spec", "sla"))}).get(0),
        metadata=_valid(Metadata, {0: _get(data, ("metadata",))}).get(0),
    )


def rule_findings(draft: Draft) -> Iterator[Finding]:
    """Every contradiction and every unknown word in ``draft``."""
    for rule in (_names, _constraints, _expectations, _check_names, _service_levels, _ports, _reserved):
        yield from rule(draft)


def _get(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _items(data: Mapping[Any, Any], path: tuple[str, ...]) -> dict[int, Any]:
    items = _get(data, path)
    return dict(enumerate(items)) if isinstance(items, list) else {}


def _valid(model: type[_Model], items: Mapping[int, Any]) -> dict[int, _Model]:
    result = {}
    for index, item in items.items():
        try:
            result[index] = model.model_validate(item)
        except ValidationError:
            continue
    return result


def _port(item: Any) -> InputPort | str | None:
    try:
        return _PORT.validate_python(item)
    except ValidationError:
        return None


def _names(draft: Draft) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, name in draft.names:
        seen = first.setdefault(name.lower(), index)
        if seen != index:
            message = f"'{name}' is already the name of field {seen}; upper and lower case count as one"
            yield (*_FIELDS, index, "name"), message


def _constraints(draft: Draft) -> Iterator[Finding]:
    for index, field in draft.fields.items():
        for path, message in field_findings(field):
            yield (*_FIELDS, index, *path), message


def _expectations(draft: Draft) -> Iterator[Finding]:
    names = tuple(name for _, name in draft.names)
    fields = {field.name: field for field in draft.fields.values()}
    for index, check in draft.checks.items():
        for path, message in check_findings(check, names, fields):
            yield (*_CHECKS, index, *path), message


def _check_names(draft: Draft) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, check in draft.checks.items():
        if check.name and (seen := first.setdefault(check.name.lower(), index)) != index:
            yield (*_CHECKS, index, "name"), f"'{check.name}' is already the name of check {seen}"


def _service_levels(draft: Draft) -> Iterator[Finding]:
    sla = draft.sla
    if sla is None:
        return
    if sla.freshness and parse_duration(sla.freshness) < _SHORTEST_FRESHNESS:
        yield ("spec", "sla", "freshness"), f"'{sla.freshness}' is under a minute, which is as fine as it is measured"
    if sla.event_freshness and not sla.event_time:
        yield ("spec", "sla", "event_freshness"), "needs 'event_time': the field that says when a row happened"
    if sla.event_time is None:
        return
    columns = tuple(name for _, name in draft.names)
    where = ("spec", "sla", "event_time")
    if sla.event_time not in columns:
        yield where, f"'{sla.event_time}' is not a field of this product{suggestion(sla.event_time, columns)}"
    for field in draft.fields.values():
        if field.name == sla.event_time and field.logical_type.name not in {"date", "timestamp"}:
            yield where, f"'{field.name}' is {field.logical_type}, expected a timestamp or a date"


def _ports(draft: Draft) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, port in draft.ports.items():
        name = port if isinstance(port, str) else port.name
        where = (*_INPUTS, index)
        if (seen := first.setdefault(name, index)) != index:
            yield where if isinstance(port, str) else (*where, "name"), f"'{name}' is already input {seen}"
        if isinstance(port, InputPort):
            yield from _port_options(port, where)


def _port_options(port: InputPort, where: tuple[str | int, ...]) -> Iterator[Finding]:
    model = PORTS.get(port.type)
    if model is None:
        yield (*where, "type"), f"'{port.type}' is not a type of input port{suggestion(port.type, PORTS)}"
        return
    findings: Iterator[Finding]
    try:
        findings = model.model_validate(port.options).findings()
    except ValidationError as error:
        findings = structural_findings(error, port.options, model)
    for path, message in findings:
        yield (*where, *path), message


def _reserved(draft: Draft) -> Iterator[Finding]:
    metadata = draft.metadata
    if metadata is None:
        return
    if metadata.domain in RESERVED_DOMAINS:
        yield ("metadata", "domain"), f"'{metadata.domain}' is a name the mesh uses itself; choose another"
    if metadata.name.rsplit(".", 1)[-1] in RESERVED_PRODUCTS:
        yield ("metadata", "name"), f"'{metadata.name}' is a name the mesh uses itself; choose another"
    if metadata.sunset and metadata.status not in {"deprecated", "retired"}:
        yield ("metadata", "sunset"), f"a sunset belongs to 'status: deprecated', but the status is {metadata.status}"
    if metadata.status == "deprecated" and not metadata.sunset:
        message = "'deprecated' needs 'sunset', the last day on which consumers may rely on the product"
        yield ("metadata", "status"), message
