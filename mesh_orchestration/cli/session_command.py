"""``mesh session``: who is signed in to the service, and how to end it."""

from __future__ import annotations

from typing import Annotated

import typer

session_app = typer.Typer(
    name="session",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List and end the sessions of people who signed in to the catalog at the identity provider.",
    epilog="Example: mesh session list",
)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    session_app.command("list", epilog="Example: mesh session list --json")(list_)
    session_app.command("end", epilog="Example: mesh session end ana")(end)
    app.add_typer(session_app)


def list_(as_json: Annotated[bool, typer.Option("--json", help="Print the sessions as JSON.")] = False) -> None:
    """List who is signed in, in which role, until when."""
    from rich.table import Table

    from mesh_orchestration.catalog.sessions import going_on
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal, plain, print_json
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_catalog(settings) as catalog, catalog.reading() as conn:
        known = going_on(conn, now=settings.now())
    if as_json:
        print_json([{name: value for name, value in plain(one).items() if name != "ended_at"} for one in known])
        return
    if not known:
        typer.echo("nobody is signed in")
        return
    table = Table("who", "role", "may", "until", box=None, header_style="bold")
    for one in known:
        table.add_row(*map(literal, (one.who, one.role, " ".join(one.rights), f"{one.ends_at:%Y-%m-%d %H:%M} UTC")))
    console.print(table)


def end(who: Annotated[str, typer.Argument(help="Whose sessions, by the name that mesh session list shows.")]) -> None:
    """End all sessions of somebody at once."""
    from mesh_orchestration.catalog.sessions import end_all
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_catalog(settings) as catalog, catalog.writing() as conn:
        count = end_all(conn, who, now=settings.now())
    typer.echo(f"{who} is signed out of {count} session{'' if count == 1 else 's'}")
