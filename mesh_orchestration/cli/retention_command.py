"""``mesh retention``: nothing is kept longer than its contract says."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("retention", epilog="Example: mesh retention --dry-run")(retention)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is too old and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome of each product as JSON.")] = False,
) -> None:
    """Take rows out of what is published that are older than spec.retention, and expire older snapshots.

    The platform's upkeep job does the same every night. Exit 1 when a product's old rows had to stay.
    """
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.privacy.retention import retain
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    done = tuple(retain(settings, load_mesh(settings), dry_run=dry_run))
    if as_json:
        print_json({"dry_run": dry_run, "products": done})
    else:
        table = Table("product", "retention", "rows by", "older rows", "older snapshots", box=None, header_style="bold")
        for one in done:
            by = one.column or "[dim]no event_time: snapshots only[/]"
            table.add_row(str(one.address), one.retention, by, f"{one.rows:,}", f"{one.snapshots}")
        console.print(table if done else "no contract names a retention")
        for one in done:
            if one.trouble:
                console.print(f"[red]{one.address}[/] ", end="")
                console.print(one.trouble, markup=False, highlight=False)
        if dry_run and any(one.rows or one.snapshots for one in done):
            console.print("[bold]nothing was changed[/]: leave --dry-run out to expire this", highlight=False)
    raise typer.Exit(1 if any(one.trouble for one in done) else 0)
