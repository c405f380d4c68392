"""The plan as a comment on a pull request: what matters in a table, the rest folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from mesh_orchestration.contract.markdown import escaped
from mesh_orchestration.planning import wording
from mesh_orchestration.planning.plan import Plan, ProductPlan
from mesh_orchestration.planning.renderers import View

_CALLS = re.compile(r"[#@]")
"""What names a person or another issue in a comment."""
_LIMIT = 60_000
"""Characters; GitHub takes 65 536 in a comment, GitLab more."""


def render(plan: Plan, _: View) -> str:
    """GitHub-flavoured Markdown, cut where no pull request would take it."""
    text = "\n".join(_lines(wording.printable(plan)))
    if len(text) > _LIMIT:
        cut = text[: text.rindex("\n", 0, _LIMIT)]
        opened = cut.count("<details>") - cut.count("</details>")
        text = "\n".join((cut, *["", "</details>"] * opened, "", "… the rest is in `mesh plan`"))
    return text + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"### {'❌' if plan.refused else '✅'} Mesh plan: {_safe(wording.outcome(plan))}"
    yield ""
    yield f"{_safe(wording.heading(plan))}: {wording.totals(plan)}"
    yield from _findings(plan)
    if plan.products:
        yield from ("", "| product | change | version | for consumers | consumers |", "|-|-|-|-|-|")
        yield from (_row(one) for one in plan.products)
    for one in plan.products:
        yield from _folded(f"<code>{escape(one.address)}</code>: {wording.level_of(one) or 'as it was'}", _details(one))
    yield from _folded("dbt models", (wording.model(change) for change in plan.models))
    yield from _folded("Lake", (wording.table(change) for change in plan.tables))
    yield from _folded("Generated files to write", plan.generated)
    yield from _folded("Policies", (wording.policy(verdict) for verdict in plan.policies or ()))


def _findings(plan: Plan) -> Iterator[str]:
    shown = [finding for finding in plan.findings if finding.severity != "note"]
    if shown:
        yield ""
    for finding in shown:
        mark = "❌" if finding.severity == "error" else "⚠️"
        place = f"{_code(f'{finding.file}:{finding.line}')} " if finding.file else ""
        fix = f"<br>{_safe(finding.fix)}" if finding.fix else ""
        yield f"- {mark} **{finding.rule}** {place}{_safe(finding.message)}{fix}"


def _row(one: ProductPlan) -> str:
    cells = (wording.status_of(one), wording.version_of(one), wording.level_of(one), _safe(wording.consumers_of(one)))
    return f"| {_code(one.address)} | {' | '.join(cells)} |"


def _details(one: ProductPlan) -> Iterator[str]:
    yield from one.notes
    for change in one.changes:
        yield f"{change.consumer}, line {change.line}: {change.says}: {change.reason}"
    for affected in one.affected:
        yield f"{affected.consumer} ({affected.owner}) {wording.reads(affected)}"
    yield from (f"{unmet.consumer} ({unmet.owner}) relies on it: {unmet.message}" for unmet in one.unmet)
    if one.downstream:
        yield f"built again after it: {', '.join(one.downstream)}"


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    if items := [f"- {_safe(line)}" for line in lines]:
        yield from ("", f"<details><summary>{title}</summary>", "", *items, "", "</details>")


def _safe(text: str) -> str:
    """``text`` as Markdown shows it letter for letter, on one line; it names nobody and links nowhere."""
    return _CALLS.sub(r"\\\g<0>", escaped(text))


def _code(text: str) -> str:
    """``text`` as code, on one line and in one cell of a table."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '/')}`"
