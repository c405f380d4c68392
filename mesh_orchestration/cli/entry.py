"""What runs around every command: errors become one line and an exit code."""

from __future__ import annotations

import sys

from mesh_orchestration.cli.app import app, fail
from mesh_orchestration.cli.disk import disk_trouble
from mesh_orchestration.errors import MeshError, StorageError
from mesh_orchestration.settings import Settings


def main() -> None:
    """Run the command line: exit 0 ok, 1 findings, 2 broken configuration or usage."""
    sys.unraisablehook = _unraisable
    try:
        app()
    except MeshError as error:
        raise SystemExit(fail(error)) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except Exception as error:
        said = disk_trouble(error)
        if not said:
            raise
        raise SystemExit(fail(_unwritable(said))) from None


def _unwritable(said: str) -> StorageError:
    home = Settings.load().home
    return StorageError(
        f"{home} cannot be written ({said}): make room there or mend it, then run again; what was published stays"
    )


def _unraisable(failed: sys.UnraisableHookArgs) -> None:
    """Python's own hook, but silent about what a full disk breaks while a failed run is cleaned up."""
    if failed.exc_value is None or not disk_trouble(failed.exc_value):
        sys.__unraisablehook__(failed)
