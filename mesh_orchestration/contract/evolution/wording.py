"""Values of a contract as people say them: no brackets, no quotes, no names of types of a programming language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST = 160
"""Characters of a value; a longer one is cut between words."""
_NOTHING: tuple[Any, ...] = (None, "", (), [], {})


def in_words(value: Any) -> str:
    """``value`` in words: ``line_id (long, never null), amount``."""
    text = _said(value)
    return text if len(text) <= MOST else f"{text[: text.rfind(' ', 0, MOST - 1)].rstrip(',; ')} …"


def structured(value: Any) -> bool:
    """Whether ``value`` has parts that have names of their own."""
    return isinstance(value, Mapping) or (_listed(value) and any(isinstance(item, Mapping) for item in value))


def differing(before: Any, after: Any) -> tuple[Any, Any]:
    """Both values without what they have in common, part by part."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return _other_parts(before, after), _other_parts(after, before)
    if _listed(before) and _listed(after):
        return [item for item in before if item not in after], [item for item in after if item not in before]
    return before, after


def _other_parts(value: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of each part of ``value`` is not in the same part of ``other``."""
    found = {key: differing(item, other[key])[0] if key in other else item for key, item in value.items()}
    return {key: item for key, item in found.items() if value[key] != other.get(key) and item not in _NOTHING}


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _said(value: Any) -> str:
    if value in _NOTHING:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return _mapping(value)
    if _listed(value):
        return ", ".join(map(_said, value))
    return str(value)


def _mapping(value: Mapping[str, Any]) -> str:
    if "name" in value:
        return _named(str(value["name"]), {key: item for key, item in value.items() if key != "name"})
    if "assertion" in value:
        rest = {key: item for key, item in value.items() if key not in ("assertion", "column", "value")}
        of = f" of {value['column']}" if value.get("column") else ""
        return _named(f"{value['assertion']}{of}", dict(value.get("value") or {}) | rest)
    parts = [f"{key.replace('_', ' ')} {_said(item)}" for key, item in value.items()]
    return ("; " if any(structured(item) or _listed(item) for item in value.values()) else ", ").join(parts)


def _named(name: str, rest: Mapping[str, Any]) -> str:
    said = ", ".join(_details(rest))
    return f"{name} ({said})" if said else name


def _details(rest: Mapping[str, Any]) -> Iterable[str]:
    for key, item in rest.items():
        if key == "null":
            yield "may be null" if item else "never null"
        elif key == "type":
            yield str(item)
        elif item not in _NOTHING:
            yield f"{key.replace('_', ' ')} {_said(item)}"
