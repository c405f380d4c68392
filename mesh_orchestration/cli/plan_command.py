"""``mesh plan``: what a change would do to everybody, before it is merged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

_ACKNOWLEDGE = "Agree, for a consuming domain, to what the plan does to the product with this address."


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("plan", epilog="Example: mesh plan --against origin/main --format markdown -o plan.md")(plan)


def plan(
    against: Annotated[
        str | None,
        typer.Option(help="A commit, branch or tag; REF... for the merge base with it. Default: that with main."),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="table (default), json, markdown, sarif or junit.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    acknowledge: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_ACKNOWLEDGE)] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="DOMAIN", help="The domain that agrees.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="How long it agrees; 30 days when left out.")
    ] = None,
) -> None:
    """Compare the working tree with a git commit: contracts, versions, consumers, dbt models, tables, policies.

    Exit 1 when something must be mended first, 2 without git or such a commit.
    """
    from mesh_orchestration.cli.app import WIDE, console
    from mesh_orchestration.planning.planner import plan_of
    from mesh_orchestration.planning.proposal import propose
    from mesh_orchestration.planning.renderers import View, renderer
    from mesh_orchestration.settings import Settings

    render = renderer(_word(format_, as_json))
    proposal = propose(Settings.load(), against)
    if acknowledge:
        from mesh_orchestration.planning.agreeing import agree

        path = agree(proposal, acknowledge, domain=as_, until=until.date() if until else None)
        console.print(f"[green]written[/] {path}; commit it", highlight=False)
        return
    if as_ or until:
        raise typer.BadParameter("--as and --until belong to --acknowledge ADDRESS")
    found = plan_of(proposal)
    if output:
        _write(output, render(found, View(width=WIDE)))
    else:
        color = console.is_terminal and not console.no_color
        typer.echo(render(found, View(color=color, width=console.width)), nl=False, color=color)
    raise typer.Exit(1 if found.refused else 0)


def _word(format_: str | None, as_json: bool) -> str:
    if as_json and format_ not in (None, "json"):
        raise typer.BadParameter(f"--json and --format {format_} contradict each other; give one of them")
    return "json" if as_json else format_ or "table"


def _write(output: Path, text: str) -> None:
    from mesh_orchestration.errors import SettingsError

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{output} cannot be written: {error.strerror}; give another file after -o") from None
