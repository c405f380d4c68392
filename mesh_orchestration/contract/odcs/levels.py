"""Service levels: ``slaProperties``, and ``sla``, ``retention`` and ``sunset`` of a contract, both ways.

The standard leaves the words of its properties open; ``freshness`` with an element is the age of that
column's newest value, without one the age of the last publication.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mesh_orchestration.contract.dialect import Place
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.model import SHARES, DataProduct
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.words import LEVEL
from mesh_orchestration.contract.spelling import percentage

_SHORT = {
    "av": "availability", "th": "throughput", "re": "retention", "ly": "latency", "el": "endoflife",
    "fr": "freshness", "freshness": "freshness",
}  # fmt: skip
_UNITS = {
    "s": ("s", 1), "sec": ("s", 1), "second": ("s", 1), "m": ("m", 1), "min": ("m", 1), "minute": ("m", 1),
    "h": ("h", 1), "hr": ("h", 1), "hour": ("h", 1), "d": ("d", 1), "day": ("d", 1), "w": ("w", 1), "wk": ("w", 1),
    "week": ("w", 1), "mo": ("d", 30), "month": ("d", 30), "y": ("d", 365), "yr": ("d", 365), "year": ("d", 365),
}  # fmt: skip
_PLAIN = re.compile(r"^([1-9]\d{0,8})([smhdw])$")


def written(product: DataProduct) -> list[dict[str, Any]]:
    """The service levels as properties of the standard."""
    sla = product.spec.sla
    said: list[dict[str, Any]] = []
    if sla.freshness:
        said.append({"property": "freshness"} | _length(sla.freshness))
    if sla.event_freshness:
        element = {"element": f"{product.name}.{sla.event_time}"} if sla.event_time else {}
        said.append({"property": "freshness"} | _length(sla.event_freshness) | element)
    for name in SHARES:
        if (share := getattr(sla, name)) is not None:
            percent = percentage(share)
            value = {"value": _number(percent), "unit": "percent"} if percent else {"value": share}
            said.append({"property": name} | value)
    if sla.latency:
        said.append({"property": "latency"} | _length(sla.latency))
    if sla.throughput is not None:
        said.append({"property": "throughput", "value": sla.throughput})
    if product.spec.retention:
        said.append({"property": "retention"} | _length(product.spec.retention))
    if product.metadata.sunset:
        said.append({"property": "endOfLife", "value": product.metadata.sunset.isoformat()})
    return said


def _length(text: str) -> dict[str, Any]:
    match = _PLAIN.match(text)
    return {"value": int(match[1]), "unit": match[2]} if match else {"value": text}


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == int(number) else float(number)


def read(value: Any, product: dict[str, Any], notes: Notes) -> None:
    """Put the service levels into the native mapping ``product``; those the mesh has no word for are lost."""
    spec, metadata = product["spec"], product["metadata"]
    sla: dict[str, Any] = {}
    notes.places["spec", "sla"] = Place(("slaProperties",))
    for path, item in notes.mappings(value, ("slaProperties",)):
        name = str(item.get("property", "")).lower()
        name = _SHORT.get(name, name)
        used = {"property", "value", "unit"}
        where = Place((*path, "value"))
        if name == "freshness" and item.get("element"):
            used.add("element")
            sla["event_freshness"], sla["event_time"] = _time(item), str(item["element"]).rsplit(".", 1)[-1]
            notes.places["spec", "sla", "event_time"] = Place((*path, "element"))
            notes.places["spec", "sla", "event_freshness"] = where
        elif name in {"freshness", "latency"}:
            sla[name] = _time(item)
            notes.places["spec", "sla", name] = where
        elif name == "retention":
            spec["retention"] = _time(item)
            notes.places["spec", "retention"] = where
        elif name in SHARES:
            sla[name] = _share(item)
            notes.places["spec", "sla", name] = where
        elif name == "throughput":
            sla[name] = _with_unit(item)
            notes.places["spec", "sla", name] = where
        elif name == "endoflife" and str(metadata.get("status")) in {"deprecated", "retired"}:
            metadata["sunset"] = str(item.get("value"))[:10]
            notes.places["metadata", "sunset"] = where
        else:
            _lose(item, path, notes)
            continue
        notes.rest(item, path, used=used, known=LEVEL)
    if sla:
        spec["sla"] = sla


def _lose(item: Mapping[Any, Any], path: Path_, notes: Notes) -> None:
    said = {key: item[key] for key in ("property", "value", "unit", "element") if item.get(key) is not None}
    if str(item.get("property", "")).lower() in {"endoflife", "el"}:
        notes.lose(path, said, "a sunset belongs to 'status: deprecated'")
    else:
        notes.lose(path, said, "the mesh keeps no service level of this name")


def _time(item: Mapping[Any, Any]) -> Any:
    """A length of time as a contract writes it; left as it is when it is none, for the contract's rules to refuse."""
    value, unit = item.get("value"), str(item.get("unit") or "").lower()
    known = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if known and isinstance(value, int) and not isinstance(value, bool):
        return f"{value * known[1]}{known[0]}"
    return _with_unit(item)


def _with_unit(item: Mapping[Any, Any]) -> Any:
    value, unit = item.get("value"), item.get("unit")
    return f"{value} {unit}" if unit else value


def _share(item: Mapping[Any, Any]) -> Any:
    value, unit = item.get("value"), item.get("unit")
    if str(unit) in {"percent", "%"} or (unit is None and isinstance(value, int | float) and 1 < value <= 100):
        return f"{value}%"
    return value
