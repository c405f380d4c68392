"""``mesh up``: the whole mesh on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Annotated

import typer

from mesh_orchestration.settings import Settings

_BROKEN_CONFIGURATION = 2


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("up", epilog="Example: mesh up --port 3333 --skip-run")(up)


def up(
    port: Annotated[
        int, typer.Option(help="Port of the Dagster UI on 127.0.0.1; the next free one when taken.")
    ] = 3000,
    catalog_port: Annotated[
        int, typer.Option(help="Port of the catalog on 127.0.0.1; the next free one when taken.")
    ] = 5000,
    skip_run: Annotated[bool, typer.Option("--skip-run", help="Do not materialise the mesh first.")] = False,
) -> None:
    """Replay the source, publish the whole mesh once, then keep catalog, UI, schedules and sensors running."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.server import up as serve

    settings = Settings.load()
    with serve.exclusive(settings):
        if not skip_run and run_once(settings) == _BROKEN_CONFIGURATION:
            raise typer.Exit(_BROKEN_CONFIGURATION)
        serve.up(
            settings,
            port=port,
            catalog_port=catalog_port,
            on_progress=lambda text: console.print(f"[dim]·[/] {text}", highlight=False),
        )


def run_once(settings: Settings) -> int:
    """The exit code of ``mesh run`` in a process of its own, because the memory it needs is given back only
    when it ends. An interrupt is passed on to it, and raised again when it has ended in order."""
    from mesh_orchestration.server import lifeline

    environ = {**settings.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home)}
    child = subprocess.Popen(
        [sys.executable, "-m", "mesh_orchestration.cli", "run"],
        env=environ,
        start_new_session=True,  # Ctrl-C is for this process, which passes it on once
        preexec_fn=lifeline.die_with_parent,
    )
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
