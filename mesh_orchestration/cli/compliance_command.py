"""``mesh compliance``: whether the mesh keeps its rules, with the evidence, now or at a past moment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.cli.options import AsOf, Selection, past_moment

if TYPE_CHECKING:
    from mesh_orchestration.compliance.report import ComplianceReport, ProductReport


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compliance", epilog="Example: mesh compliance --as-of 2026-11-01T00:00:00 --html report.html")(
        compliance
    )


def compliance(
    selection: Selection = None,
    as_of: AsOf = "",
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as an HTML page to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Rules, verdicts, waivers and evidence of each product. Exit 1 when a product is not compliant.

    A past moment is judged by the contracts and policies that git has of it, the snapshots of the lake and
    the log of decisions.
    """
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.compliance.collect import collect, selected
    from mesh_orchestration.compliance.page import page
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    report = collect(settings, as_of=past_moment(as_of))
    if selection:
        report = selected(report, load_mesh(settings), selection)
    if html:
        html.write_text(page(report), encoding="utf-8")
    if as_json:
        print_json(_plain(report))
    else:
        _print(report)
        if html:
            console.print(f"[dim]written to {html}[/]", highlight=False)
    raise typer.Exit(0 if report.compliant else 1)


def _plain(report: ComplianceReport) -> dict[str, Any]:
    from mesh_orchestration.cli.output import plain
    from mesh_orchestration.compliance.report import share

    domains = {domain: share(report.of(domain)) for domain in report.domains}
    products = [plain(one) | {"compliant": one.compliant, "fresh": one.fresh} for one in report.products]
    said: dict[str, Any] = plain(report)
    return said | {
        "compliant": report.compliant,
        "share": share(report.products),
        "domains": domains,
        "products": products,
    }


def _print(report: ComplianceReport) -> None:
    from rich.markup import escape
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.compliance.report import share

    table = Table("product", "state", "findings", "served", header_style="bold")
    for product in report.products:
        colour = "green" if product.compliant else "red"
        state = f"[{colour}]{'compliant' if product.compliant else 'not compliant'}[/]"
        table.add_row(str(product.address), state, _findings(product), _served(product))
    console.print(table)
    for problem in report.broken:
        console.print(f"[red]broken contract[/] {escape(str(problem))}", highlight=False)
    for waiver in report.waivers:
        until = f"until {waiver.expires}" if waiver.holds else f"[red]expired {waiver.expires}[/]"
        console.print(f"waiver {waiver.rule} for {waiver.address} {until}: {escape(waiver.reason)}", highlight=False)
    log = report.decisions
    whole = "whole" if log.whole else f"[red]broken: {log.problem}[/]"
    console.print(f"{log.records} decisions on record, {log.denied} denied; the log is {whole}", highlight=False)
    where = f"commit {report.commit[:10]}" if report.commit else "the working tree"
    at, part = f"{report.as_of:%Y-%m-%d %H:%M:%S}", share(report.products)
    console.print(f"{part:.0%} of {len(report.products)} products compliant at {at} UTC, by {where}", highlight=False)


def _findings(product: ProductReport) -> str:
    from rich.markup import escape

    words = {"deny": "[red]denied[/]", "warn": "[yellow]warned[/]", "waived": "[yellow]waived[/]", "dry-run": "dry run"}
    said = ((verdict, escape(verdict.message)) for verdict in product.verdicts)
    return "\n".join(f"{verdict.code} {words[verdict.outcome]}: {message}" for verdict, message in said)


def _served(product: ProductReport) -> str:
    if product.published is None:
        return "[red]never published[/]"
    late = "" if product.fresh else ", [yellow]late[/]"
    return f"{product.published.at:%Y-%m-%d %H:%M}{late}"
