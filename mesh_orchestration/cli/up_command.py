"""``mesh up``: the whole mesh on this machine, until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("up", epilog="Example: mesh up --port 3333 --skip-run")(up)


def up(
    port: Annotated[
        int, typer.Option(help="Port of the Dagster UI on 127.0.0.1; the next free one when taken.")
    ] = 3000,
    skip_run: Annotated[bool, typer.Option("--skip-run", help="Do not materialise the mesh first.")] = False,
) -> None:
    """Replay the source, publish the whole mesh once, then keep UI, schedules, automation and sensors running."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.run_command import materialise
    from mesh_orchestration.cli.status_command import print_status
    from mesh_orchestration.server import up as serve
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with serve.exclusive(settings):
        if not skip_run:
            materialise(settings, ())
            print_status(settings, ())
        serve.up(settings, port=port, on_progress=lambda text: console.print(f"[dim]·[/] {text}", highlight=False))
