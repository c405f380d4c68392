"""What changed in where rows come from and how they are read: inputs, outputs, consumers, exchange format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.model import Consumer, DataProduct, InputPort, OutputPort

_PROMISES: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "backward": frozenset({"old data"}),
    "backward_transitive": frozenset({"old data", "all old data"}),
    "forward": frozenset({"old readers"}),
    "forward_transitive": frozenset({"old readers", "all old readers"}),
    "full": frozenset({"old data", "old readers"}),
    "full_transitive": frozenset({"old data", "all old data", "old readers", "all old readers"}),
}
"""What each mode promises; a mode is weaker when it has lost a promise."""


def interface_changes(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    """Every difference of ports, consumers, exchange format and compatibility mode."""
    yield from _schema(old, new)
    if old.spec.inputs != new.spec.inputs:
        yield from _inputs(old, new)
    if old.spec.outputs != new.spec.outputs:
        yield from _outputs(old, new)
    if old.spec.consumers != new.spec.consumers:
        yield from _consumers(old, new)


def _schema(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    before, after = old.spec.schema_, new.spec.schema_
    if before.type.lower() != after.type.lower():
        yield change("format.changed", "spec.schema.type", before=before.type, after=after.type)
    if before.compatibility != after.compatibility:
        lost = _PROMISES[before.compatibility] - _PROMISES[after.compatibility]
        word = "compatibility.weakened" if lost else "compatibility.strengthened"
        path = "spec.schema.compatibility"
        yield change(word, path, before=before.compatibility, after=after.compatibility)


def _inputs(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    path = "spec.inputs"
    before, after = _named_inputs(old), _named_inputs(new)
    for name in before:
        if name not in after:
            yield change("input.removed", path, before=name)
    for name, (index, port) in after.items():
        where = f"{path}[{index}]"
        if name not in before:
            yield change("input.added", where, after=name)
            continue
        was, now = _port(before[name][1]), _port(port)
        for key in dict.fromkeys([*was, *now]):
            if was.get(key) != now.get(key):
                word = _INPUT.get(key, "input.changed")
                yield change(word, f"{where}.{key}", before=_plain(was.get(key)), after=_plain(now.get(key)))


_INPUT: Mapping[str, str] = {
    "product": "input.redirected",
    "type": "input.redirected",
    "expects": "input.expectation",
    "description": "words.changed",
}


def _named_inputs(product: DataProduct) -> dict[str, tuple[int, InputPort | str]]:
    ports = enumerate(product.spec.inputs)
    return {port.name if isinstance(port, InputPort) else port: (index, port) for index, port in ports}


def _port(port: InputPort | OutputPort | str) -> dict[str, Any]:
    """Everything a port says but its name; a bare name refers to a sibling's port of that name."""
    return {} if isinstance(port, str) else port.model_dump(exclude={"name"}, exclude_defaults=True)


def _outputs(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    path = "spec.outputs"
    before, after = _named_outputs(old), _named_outputs(new)
    for name in before:
        if name not in after:
            yield change("output.removed", path, before=name)
    for name, (index, port) in after.items():
        where = f"{path}[{index}]"
        if name not in before:
            yield change("output.added", where, after=name)
            continue
        was, now = _port(before[name][1]), _port(port)
        for key in dict.fromkeys([*was, *now]):
            if was.get(key) != now.get(key):
                word = "words.changed" if key == "description" else "output.changed"
                yield change(word, f"{where}.{key}", before=_plain(was.get(key)), after=_plain(now.get(key)))


def _named_outputs(product: DataProduct) -> dict[str, tuple[int, OutputPort]]:
    """The output ports by name, or by type where they have none; equal ones are numbered."""
    found: dict[str, tuple[int, OutputPort]] = {}
    for index, port in enumerate(product.spec.outputs):
        name, number = port.name or port.type, 2
        while name in found:
            name, number = f"{port.name or port.type} ({number})", number + 1
        found[name] = (index, port)
    return found


def _consumers(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    path = "spec.consumers"
    before = {one.name: one for one in old.spec.consumers}
    left = {one.name for one in new.spec.consumers}
    for name in before:
        if name not in left:
            yield change("consumer.removed", path, before=name)
    for index, one in enumerate(new.spec.consumers):
        where = f"{path}[{index}]"
        if one.name not in before:
            yield change("consumer.added", where, after=one.name)
            continue
        for key in Consumer.model_fields:
            was, now = getattr(before[one.name], key), getattr(one, key)
            if was != now:
                yield change("consumer.changed", f"{where}.{key}", before=_plain(was), after=_plain(now))


def _plain(value: Any) -> Any:
    """``value`` as a contract would write it, hashable lists."""
    return tuple(value) if isinstance(value, list) else value
