"""The ``mesh`` command. One module a command; each imports what it needs when it is called."""

from __future__ import annotations

from mesh_orchestration.cli.app import app, fail
from mesh_orchestration.errors import MeshError


def main() -> None:
    """Run the command line: exit 0 ok, 1 findings, 2 broken configuration or usage."""
    try:
        app()
    except MeshError as error:
        raise SystemExit(fail(error)) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
