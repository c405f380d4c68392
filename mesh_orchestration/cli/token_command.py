"""``mesh token``: tokens for the service's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.settings import Settings

token_app = typer.Typer(
    name="token",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Make, list and revoke tokens for the service that mesh serve starts.",
    epilog="Example: mesh token create ci --role engineer --may products",
)

_MOST_DAYS = 3650


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    token_app.command("create", epilog="Example: mesh token create ci --role engineer --may products --days 90")(create)
    token_app.command("list", epilog="Example: mesh token list --json")(list_)
    token_app.command("revoke", epilog="Example: mesh token revoke ci")(revoke)
    app.add_typer(token_app)


def create(
    name: Annotated[str, typer.Argument(help="Who or what will show it, such as airflow or ana@example.org.")],
    role: Annotated[str, typer.Option(help="The role it reads in, one of policies/data/roles.yaml.")],
    may: Annotated[
        list[str] | None,
        typer.Option(help="A right beyond reading: feedback, incidents, lineage or products."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="How long it counts.")] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="Print the token and what it allows as JSON.")] = False,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    from datetime import timedelta

    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.catalog.tokens import Token
    from mesh_orchestration.catalog.tokens import create as keep
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.governance.reader import local_reader
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    _require_role(settings, role)
    now = settings.now()
    rights = tuple(sorted(set(may or ())))
    made = Token("", name, role, rights, now, local_reader(settings).who, now + timedelta(days=days), None)
    with open_catalog(settings) as catalog, catalog.writing() as conn:
        secret = keep(conn, made)
    if as_json:
        print_json({"token": secret, "name": name, "role": role, "rights": rights, "ends_at": made.ends_at})
        return
    typer.echo(secret)
    said = f"{name} reads as {role}" + (f", may do {', '.join(rights)}" if rights else "")
    typer.echo(f"{said}, until {made.ends_at:%Y-%m-%d}; it is not shown again", err=True)


def list_(as_json: Annotated[bool, typer.Option("--json", help="Print the tokens as JSON.")] = False) -> None:
    """List the tokens, without their secrets."""
    from rich.table import Table

    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.catalog.tokens import tokens
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal, plain, print_json
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    now = settings.now()
    with open_catalog(settings) as catalog, catalog.reading() as conn:
        known = tokens(conn)
    if as_json:
        print_json([{**plain(one), "state": one.state(now)} for one in known])
        return
    if not known:
        typer.echo("no tokens; make one with: mesh token create NAME --role ROLE")
        return
    table = Table("name", "id", "state", "role", "may", "until", "made by", box=None, header_style="bold")
    for one in known:
        words = (
            one.name,
            one.id,
            one.state(now),
            one.role,
            " ".join(one.rights),
            f"{one.ends_at:%Y-%m-%d}",
            one.made_by,
        )
        table.add_row(*map(literal, words))
    console.print(table)


def revoke(name: Annotated[str, typer.Argument(help="Its name or id.")]) -> None:
    """End a token at once."""
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.catalog.tokens import revoke as end
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_catalog(settings) as catalog, catalog.writing() as conn:
        end(conn, name, now=settings.now())
    typer.echo(f"{name} no longer counts")


def _require_role(settings: Settings, role: str) -> None:
    """Raise MeshError for a role that the policies do not know; without roles in the policies any word is one."""
    from mesh_orchestration.contract.wording import suggestion
    from mesh_orchestration.errors import MeshError
    from mesh_orchestration.governance.bundle import load_bundle

    known = load_bundle(settings.root).data.get("config", {}).get("roles", {})
    if known and role not in known:
        raise MeshError(f"'{role}' is no role of policies/data/roles.yaml{suggestion(role, known)}")
