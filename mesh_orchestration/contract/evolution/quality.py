"""What changed in the quality checks: which belong together, and which of two is stricter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_orchestration.contract.check_rules import kwargs_of
from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.evolution.normal import comparable
from mesh_orchestration.contract.evolution.wording import in_words
from mesh_orchestration.contract.model import DataProduct, QualityCheck, SchemaField
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.ordering import Relation

_CHECKS = "spec.quality.checks"
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_SAID = {"tighter": "check.tightened", "looser": "check.loosened", "changed": "check.changed"}


@dataclass(frozen=True)
class _Said:
    """One check of one version: its arguments with values that compare and columns as the new version names them."""

    check: QualityCheck
    place: int
    arguments: Mapping[str, Any]
    column: str | None

    @property
    def mostly(self) -> float:
        return float(self.arguments.get("mostly", 1.0))

    @property
    def about(self) -> tuple[Any, ...]:
        """What the check is about: two checks of two versions are the same one only if this is equal."""
        return (self.check.assertion, *(str(self.arguments.get(key)) for key in _COLUMNS))

    def text(self) -> str:
        """The check in a few words."""
        rest = {key: item for key, item in kwargs_of(self.check).items() if key not in (*_COLUMNS, "mostly")}
        columns = [str(self.arguments[key]) for key in ("column", "column_A", "column_B") if key in self.arguments]
        listed = [str(item) for item in self.arguments.get("column_list", ())]
        words = [self.check.assertion, *(["of"] if columns or listed else []), ", ".join((*columns, *listed))]
        words += [f"({in_words(rest)})"] if rest else []
        words += [f"for {self.mostly:.4%} of the rows".replace(".0000%", "%")] if self.mostly != 1 else []
        return " ".join(word for word in words if word)


def check_changes(old: DataProduct, new: DataProduct, renamed: Mapping[str, str]) -> Iterator[Change]:
    """Every difference of the quality checks; ``renamed`` gives the old name of each renamed column."""
    if old.spec.quality == new.spec.quality and not renamed:
        return
    now = {was: name for name, was in renamed.items()}
    before = _grouped([_read(check, place, old.columns, now) for place, check in enumerate(old.spec.quality.checks)])
    after = _grouped([_read(check, place, new.columns, {}) for place, check in enumerate(new.spec.quality.checks)])
    for about in dict.fromkeys([*before, *after]):
        yield from _matched(before.get(about, []), after.get(about, []), renamed)


def _grouped(said: Sequence[_Said]) -> Mapping[tuple[Any, ...], list[_Said]]:
    groups: dict[tuple[Any, ...], list[_Said]] = defaultdict(list)
    for one in said:
        groups[one.about].append(one)
    return groups


def _read(check: QualityCheck, place: int, columns: Mapping[str, SchemaField], now: Mapping[str, str]) -> _Said:
    """The check with its column names as the new version says them (``now``: new names by old ones)."""
    arguments = kwargs_of(check)
    field = columns.get(str(arguments.get("column")))
    arguments = {key: _normal(key, value, field) for key, value in arguments.items()}
    for key in _COLUMNS:
        if isinstance(value := arguments.get(key), str):
            arguments[key] = now.get(value, value)
        elif isinstance(value, list | tuple):
            arguments[key] = tuple(now.get(str(item), str(item)) for item in value)
    column = arguments.get("column")
    return _Said(check, place, arguments, column if isinstance(column, str) else None)


def _normal(key: str, value: Any, field: SchemaField | None) -> Any:
    type_ = field.logical_type if field else None
    if type_ and type_.is_numeric and not isinstance(value, str):
        type_ = None  # a bound such as 2.5 is fine for a column of whole numbers
    if key in {"min_value", "max_value"}:
        return comparable(value, type_) if isinstance(value, str) else value
    if key == "value_set" and isinstance(value, list | tuple):
        values = [comparable(item, type_) if isinstance(item, str) else item for item in value]
        try:
            return frozenset(values)
        except TypeError:
            return tuple(values)
    return value


def _matched(before: Sequence[_Said], after: Sequence[_Said], renamed: Mapping[str, str]) -> Iterator[Change]:
    """The changes of the checks about one thing: equal ones and those of one name belong together, then in order."""
    left, right = list(before), list(after)
    for alike in (_equal, _of_one_name, lambda _, __: True):
        for one in tuple(left):
            other = next((item for item in right if alike(one, item)), None)
            if other is not None:
                left.remove(one)
                right.remove(other)
                yield from _changed(one, other, renamed)
    for one in left:
        word = "check.removed" if one.check.severity == "error" else "warning.removed"
        yield change(word, _CHECKS, column=_old(one.column, renamed), before=one.text())
    for one in right:
        word = "check.added" if one.check.severity == "error" else "warning.added"
        yield change(word, f"{_CHECKS}[{one.place}]", column=_old(one.column, renamed), after=one.text())


def _equal(one: _Said, other: _Said) -> bool:
    return one.arguments == other.arguments and one.check.name == other.check.name


def _of_one_name(one: _Said, other: _Said) -> bool:
    return one.check.name == other.check.name is not None


def _old(column: str | None, renamed: Mapping[str, str]) -> str | None:
    return None if column is None else renamed.get(column, column)


def _changed(old: _Said, new: _Said, renamed: Mapping[str, str]) -> Iterator[Change]:
    path, column = f"{_CHECKS}[{new.place}]", _old(new.column, renamed)
    relation = _relation(old, new)
    if relation != "same":
        yield change(_SAID[relation], f"{path}.value", column=column, before=old.text(), after=new.text())
    if old.mostly != new.mostly:
        word = "threshold.raised" if new.mostly > old.mostly else "threshold.lowered"
        yield change(word, f"{path}.threshold", column=column, before=old.text(), after=new.text())
    if old.check.severity != new.check.severity:
        word = "severity.raised" if new.check.severity == "error" else "severity.lowered"
        yield change(word, f"{path}.severity", column=column, before=old.text(), after=new.text())
    if old.check.name != new.check.name:
        yield change("check.renamed", f"{path}.name", column=column, before=old.check.name, after=new.check.name)
    was, now = old.check.description, new.check.description
    if was != now:
        yield change("check.described", f"{path}.description", column=column, before=was, after=now)


def _relation(old: _Said, new: _Said) -> Relation:
    expectation = registry.get(new.check.assertion)
    if expectation:
        return expectation.compare(old.arguments, new.arguments)
    before, after = ({**said.arguments, "mostly": None} for said in (old, new))
    return "same" if before == after else "changed"
