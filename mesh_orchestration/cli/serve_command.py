"""``mesh serve``: the catalog's pages and APIs on one address."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve", epilog="Example: mesh serve --port 5000")(serve)


def serve(
    port: Annotated[int, typer.Option(help="The port; 0 for any free one.", min=0, max=65535)] = 5000,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 127.0.0.1 keeps other machines out.")
    ] = "127.0.0.1",
) -> None:
    """Serve the catalog: pages for people, and the lineage and product APIs, until Ctrl-C."""
    from mesh_orchestration.web import serve as web

    settings = Settings.load()
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {error.strerror}; choose another with --port"
        ) from error
    with listening:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        web.serve(settings, listening, announce=lambda: typer.echo(address))
