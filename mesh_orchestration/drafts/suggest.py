"""What the observations of a column suggest, as comments that become keys when the ``#`` is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesh_orchestration.contract.types import parse_type
from mesh_orchestration.drafts.base import Observed, SourceColumn
from mesh_orchestration.drafts.names import is_identifier, personal_mask
from mesh_orchestration.drafts.text import counted, flow

_ENUM = 12  # at most this many values read as a closed set
_REPEATED = 10  # each value of a closed set is met this often on average
_SHOWN = 8
_WIDE = 40


def comments(column: SourceColumn, *, name: str, in_key: bool) -> tuple[str, ...]:
    """The comment lines of one field called ``name`` in the contract."""
    lines = list(column.remarks)
    mask = None if "pii" in column.said else personal_mask(column.name)
    personal = mask is not None or bool(column.said.get("pii"))
    if column.name != name:
        lines.append(f"called {column.name!r} in the source")
    if column.observed:
        lines.append(f"observed: {observation(column, personal=personal)}")
    said: Mapping[str, Any] = column.said.get("constraints", {})
    added = {} if column.observed is None else _constraints(column, column.observed, personal=personal)
    if in_key:
        said, added = {"primary_key": True} | without_key_words(said), without_key_words(added)
    if fresh := {key: value for key, value in added.items() if key not in said}:
        whole = flow({"constraints": dict(said) | fresh})
        lines.append(f"instead of the line below? {whole}" if said else whole)
    if mask:
        lines += ["personal, judging by its name alone:", f"pii: true\nmasking: {mask}"]
    return tuple(line for block in lines for line in block.split("\n"))


def without_key_words(constraints: Mapping[str, Any]) -> dict[str, Any]:
    """The constraints without what a primary key says already."""
    return {key: value for key, value in constraints.items() if key not in {"null", "unique"}}


def observation(column: SourceColumn, *, personal: bool) -> str:
    """What was seen in words; no value of a column that may be personal is quoted."""
    seen = column.observed
    assert seen is not None
    if seen.rows == 0:
        return "no rows"
    if seen.nulls == seen.rows:
        return f"nothing but nulls in {counted(seen.rows, 'row')}"
    nulls = f"{_share(seen.nulls, seen.rows)} null ({seen.nulls:,} of {counted(seen.rows, 'row')})"
    parts = [] if personal else _range(seen)
    parts.append(nulls if seen.nulls else f"no nulls in {counted(seen.rows, 'row')}")
    if seen.distinct:
        parts.append(f"{'' if seen.exact else 'about '}{seen.distinct:,} distinct")
    if seen.cents and parse_type(column.type or "string").name == "double" and seen.high != seen.low:
        parts.append("never more than 2 decimals: decimal(12,2) if money")
    return ", ".join(parts)


def _range(seen: Observed) -> list[str]:
    if seen.low is not None:
        return [f"{_number(seen.low)} … {_number(seen.high)}"]
    if seen.values:
        shown = [str(value) for value in seen.values]
        if len(shown) <= _SHOWN and max(map(len, shown)) <= _WIDE:
            return [f"always {shown[0]!r}" if len(shown) == 1 else ", ".join(map(repr, shown))]
    if seen.longest is not None:
        same = seen.shortest == seen.longest
        return [f"{seen.longest} characters" if same else f"{seen.shortest} … {seen.longest} characters"]
    return []


def _constraints(column: SourceColumn, seen: Observed, *, personal: bool) -> dict[str, Any]:
    """The constraints that all rows looked at would keep and that are likely meant."""
    if seen.rows == 0 or seen.nulls == seen.rows:
        return {}
    logical, found = parse_type(column.type or "string"), dict[str, Any]()
    if seen.nulls == 0:
        found["null"] = False
    if seen.exact and seen.distinct == seen.rows > 1 and is_identifier(column.name):
        found["unique"] = True
    if logical.is_numeric and seen.low is not None and seen.low >= 0:
        whole = logical.name in {"integer", "long"}
        found["min"] = 1 if whole and seen.low >= 1 else 0
    if personal or logical.name != "string" or "enum" in column.said.get("constraints", {}):
        return found
    if seen.values and len(seen.values) <= min(_ENUM, (seen.rows - seen.nulls) / _REPEATED) and len(seen.values) > 1:
        found["enum"] = list(seen.values)
    elif seen.longest and seen.shortest == seen.longest:
        found |= {"min_length": seen.shortest, "max_length": seen.longest}
    return found


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole
    return "under 0.1%" if 0 < share < 0.1 else f"{share:.1f}%"


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
