"""``mesh access-report``: what the mesh holds on a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.privacy.report import AccessReport
    from mesh_orchestration.privacy.search import Found

COLUMNS = 8  # of a row on a screen


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "access-report", epilog="Example: mesh access-report --subject 42 --role data-protection --html report.html"
    )(access_report)


def access_report(
    subject: Annotated[str, typer.Option(help="The key that names the person, such as 42.")],
    column: Annotated[str, typer.Option(help="The column it stands in, when the mesh names several kinds.")] = "",
    role: Annotated[str, typer.Option(help="The role to read in; MESH_ROLE, or analyst, when left out.")] = "",
    purpose: Annotated[str, typer.Option(help="What for; MESH_PURPOSE when left out.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Rows of each product to show.")] = 20,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Show where the mesh holds a person, and their published rows as the policies let your role see them.

    Each read is logged (mesh audit). Exit 0, also when nobody is known by that key.
    """
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.governance.reader import local_reader
    from mesh_orchestration.privacy.page import page
    from mesh_orchestration.privacy.report import access_report as report_on
    from mesh_orchestration.privacy.search import request
    from mesh_orchestration.privacy.subject import subject_of
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    asked = request(settings, load_mesh(settings), subject_of(settings, subject, hashed=False), column)
    report = report_on(asked, local_reader(settings, role=role, purpose=purpose), limit=limit)
    if html:
        try:
            html.write_text(page(report, settings.now()), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{html} cannot be written: {error.strerror}; give another file") from error
    if as_json:
        print_json(report)
    else:
        _print(report, html)


def _print(report: AccessReport, html: Path | None) -> None:
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    print_found(report.found)
    for one in report.products:
        if one.denied:
            console.print(f"[bold]{one.address}[/] [red]denied[/]: ", end="")
            console.print("; ".join(one.denied), markup=False, highlight=False)
        elif one.rows:
            table = Table(*one.columns[:COLUMNS], title=f"{one.address}: {one.count} rows", title_justify="left")
            for row in one.rows:
                table.add_row(*("" if value is None else str(value) for value in row[:COLUMNS]))
            console.print(table)
            if one.masked:
                said = ", ".join(f"{name} ({mask})" for name, mask in one.masked.items())
                console.print(f"[dim]masked: {said}[/]", highlight=False)
    for name in report.unclassified:
        console.print(f"[yellow]unclassified[/] {name} names people but is not pii: true", highlight=False)
    if html:
        console.print(f"wrote {html}", highlight=False)


def print_found(found: tuple[Found, ...]) -> None:
    """The places that hold a person, as a table."""
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    if not found:
        console.print("nobody is known by that key: 0 rows in every product, engine and landed file")
        return
    table = Table("kind", "where", "rows", "snapshot", "note", box=None, header_style="bold")
    for one in found:
        rows = "?" if one.rows is None else f"{one.rows:,}"
        table.add_row(one.kind, one.where, rows, str(one.snapshot or ""), one.note)
    console.print(table)
