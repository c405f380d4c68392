"""The plan for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mesh_orchestration.planning import wording
from mesh_orchestration.planning.plan import Finding, Plan, ProductPlan
from mesh_orchestration.planning.renderers import View

_COLORS = {
    "breaking": "red", "notice": "yellow", "compatible": "green", "documentation": "dim",
    "error": "red", "warning": "yellow", "note": "dim", "deny": "red", "warn": "yellow",
    "added": "green", "removed": "red", "broken": "red", "renamed": "yellow",
}  # fmt: skip


def render(plan: Plan, view: View) -> str:
    """Lines of at most ``view.width`` characters; colours only when the view has them."""
    out = StringIO()
    console = Console(file=out, width=view.width, force_terminal=view.color, no_color=not view.color, highlight=False)
    for part in _parts(wording.printable(plan)):
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _parts(plan: Plan) -> Iterator[RenderableType]:
    yield Text.assemble((wording.heading(plan), "bold"), f": {wording.totals(plan)}")
    if plan.products:
        yield _summary(plan)
    for one in plan.products:
        if lines := list(_details(one)):
            yield Text.assemble("\n", (one.address, "bold"), "  ", (one.file, "dim"))
            yield Padding(Group(*lines), (0, 0, 0, 2))
    for title, lines in _sections(plan):
        yield Text(f"\n{title}", "bold")
        yield Padding(Group(*lines), (0, 0, 0, 2))
    style = "bold red" if plan.refused else "bold green"
    yield Text(f"\n{wording.outcome(plan)}" if not plan.empty else wording.outcome(plan), style)


def _summary(plan: Plan) -> Table:
    table = Table("product", "change", "version", "for consumers", "consumers", header_style="bold")
    table.columns[0].no_wrap = True
    for one in plan.products:
        status, version = wording.status_of(one), wording.version_of(one)
        level = Text(wording.level_of(one), _COLORS.get(one.level, ""))
        change = Text(status, _COLORS.get(status, ""))
        table.add_row(one.address, change, version, level, wording.consumers_of(one))
    return table


def _details(one: ProductPlan) -> Iterator[RenderableType]:
    yield from (Text(note, "dim") for note in one.notes)
    for change in one.changes[: wording.MANY]:
        said = f"{change.says}: {change.reason}{f' ({change.hint})' if change.hint else ''}"
        yield _row(change.consumer, f"line {change.line}", said)
    if len(one.changes) > wording.MANY:
        yield Text(f"and {len(one.changes) - wording.MANY} more", "dim")
    for affected in one.affected:
        agreed = "notice" if affected.needed and not affected.acknowledged else "compatible"
        yield _row(agreed, affected.consumer, f"{wording.reads(affected)} ({affected.owner})", first="consumer")
    for unmet in one.unmet:
        yield _row("breaking", unmet.consumer, f"{unmet.message} ({unmet.owner})", first="relies")
    if one.downstream:
        yield Text(f"built again after it: {', '.join(one.downstream)}", "dim")


def _row(level: str, place: str, said: str, *, first: str = "") -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=13)
    grid.add_column(min_width=9, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(first or level, _COLORS.get(level, "")), place, Text(said))
    return grid


def _sections(plan: Plan) -> Iterator[tuple[str, list[RenderableType]]]:
    if plan.models:
        yield "dbt models", _some([wording.model(change) for change in plan.models])
    if plan.tables:
        yield "lake", _some([wording.table(change) for change in plan.tables])
    if plan.generated:
        yield "generated files to write", _some(list(plan.generated))
    if plan.policies:
        yield "policies", [Text(wording.policy(one), _COLORS.get(one.outcome, "")) for one in plan.policies]
    elif plan.policies is not None and plan.products:
        yield "policies", [Text("all are kept")]
    findings = [one for one in plan.findings if one.severity != "note"]
    if findings:
        yield "findings", [part for one in findings for part in _finding(one)]


def _finding(one: Finding) -> Iterator[RenderableType]:
    place = f"{one.file}:{one.line} {one.path}" if one.file else ""
    yield Text.assemble((one.severity, _COLORS[one.severity]), f" {one.rule} ", (place, "dim"))
    yield Padding(Text(one.message), (0, 0, 0, 2))
    if one.fix:
        yield Padding(Text.assemble(("mend: ", "dim"), one.fix), (0, 0, 0, 2))


def _some(lines: list[str]) -> list[RenderableType]:
    shown: list[RenderableType] = [Text(line) for line in lines[: wording.MANY]]
    return [*shown, Text(f"and {len(lines) - wording.MANY} more", "dim")] if len(lines) > wording.MANY else shown
