"""How a plan speaks to people, the same on a terminal and in a comment."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from mesh_orchestration.planning.plan import Affected, ModelChange, Plan, PolicyVerdict, ProductPlan, TableChange

_LEVELS = ("breaking", "notice", "compatible", "documentation")
_ACTIONS = {
    "create-namespace": "create namespace",
    "create-table": "create table",
    "evolve-table": "evolve table",
    "stale-table": "table stays",
}
MANY = 20
"""Lines of a list that a terminal shows; the rest is counted."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
T = TypeVar("T")


def printable(value: T) -> T:
    """``value``, at any depth, with every control character of its texts made a space: a contract's words steer no
    terminal."""
    if isinstance(value, str):
        return cast("T", _CONTROL.sub(" ", value))
    if isinstance(value, tuple):
        return cast("T", tuple(printable(item) for item in value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: printable(getattr(value, one.name)) for one in fields(value)})
    return value


def heading(plan: Plan) -> str:
    """What is compared with what."""
    commit = f" ({plan.commit[:10]})" if plan.commit else ""
    return f"Plan against {plan.against}{commit}"


def totals(plan: Plan) -> str:
    """How many products stand how: ``2 changed, 1 rebuilt, 6 unchanged``."""
    counts = {name: number for name, number in vars(plan.counts).items() if number}
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "no products"


def outcome(plan: Plan) -> str:
    """The last line: whether it may go on, and how."""
    if plan.refused:
        return f"refused: {_count(len(plan.errors), 'finding')} to mend first"
    if plan.empty:
        return "nothing changes"
    return "nothing stands in its way"


def version_of(one: ProductPlan) -> str:
    """``1.0.0 → 1.1.0``; a single version where there is but one."""
    if one.before == one.after or not one.before:
        return one.after
    return f"{one.before} → {one.after}" if one.after else one.before


def status_of(one: ProductPlan) -> str:
    """The status as a person says it."""
    return "rebuilt" if one.status == "unchanged" else one.status


def consumers_of(one: ProductPlan) -> str:
    """The consumers that read what changes, in short."""
    names = [affected.consumer for affected in one.affected]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def level_of(one: ProductPlan) -> str:
    """How many changes of each level, gravest first, for consumers."""
    counts = Counter(change.consumer for change in one.changes)
    return ", ".join(f"{counts[level]} {level}" for level in _LEVELS if counts[level])


def reads(affected: Affected) -> str:
    """Which of the changed columns the consumer reads, and whether it agreed."""
    what = ", ".join(affected.columns) or "the product"
    if not affected.needed:
        return f"reads {what}"
    agreed = f"agreed in {affected.acknowledged}" if affected.acknowledged else "has not agreed"
    return f"reads {what}; {agreed}"


def model(change: ModelChange) -> str:
    """One dbt model and why it changes."""
    why = ", ".join(change.files) or f"built from {change.because}"
    return f"{change.domain}: {change.model} ({why})"


def table(change: TableChange) -> str:
    """One step in the lake: what becomes of which table."""
    if change.action == "stale-table":
        return f"table {change.table} stays until it is dropped by name: mesh apply --drop {change.address}"
    columns = (
        ""
        if change.action == "create-table"
        else ", ".join(
            " ".join(filter(None, (column.kind, column.column, _types(column.before, column.after))))
            for column in change.columns
        )
    )
    if change.action == "create-table":
        columns = _count(len(change.columns), "column")
    known = "" if change.compared_with == "lake" else ", by its old contract"
    return f"{_ACTIONS[change.action]} {change.table}{f' ({columns}{known})' if columns else ''}"


def policy(verdict: PolicyVerdict) -> str:
    """One verdict of a policy."""
    return f"{verdict.policy} {verdict.outcome} {verdict.address}: {verdict.message}"


def _types(before: str, after: str) -> str:
    return f"{before} → {after}" if before and after and before != after else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
