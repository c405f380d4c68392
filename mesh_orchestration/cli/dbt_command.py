"""``mesh dbt``: any dbt command on a domain's project, with the connection that the settings say."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "dbt",
        epilog="Example: mesh dbt orders test --select order_lines",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(dbt)


def dbt(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help="The domain whose project it is.")],
    command: Annotated[str, typer.Argument(help="dbt's command: compile, build, test, show, ls …")],
) -> None:
    """Run dbt on a domain's project; what follows the command goes to dbt. Exit 1 when something failed."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.orchestration.dbt import invoke
    from mesh_orchestration.orchestration.discretion import holds_personal_data
    from mesh_orchestration.orchestration.manifest import ensure_manifest
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    project = replace(ensure_manifest(settings, domain), discreet=holds_personal_data(load_mesh(settings), domain))
    target = settings.home / "dbt" / domain / "by-hand"
    outcome = invoke(settings, project, [command, *context.args], target=target, listen=typer.echo)
    raise typer.Exit(outcome.code)
