"""``python -m tests.server.run_up LOCATION…``: the supervisor with locations of ``standin``."""

from __future__ import annotations

import sys

from mesh_orchestration.server.locations import Location
from mesh_orchestration.server.up import up
from mesh_orchestration.settings import Settings

if __name__ == "__main__":
    up(
        Settings.load(),
        port=0,
        catalog_port=0,
        on_progress=lambda line: print(line, flush=True),
        locations=[Location(name, "tests.server.standin", name) for name in sys.argv[1:]],
    )
