"""The ``mesh`` command. One module a command; each imports what it needs when it is called."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line: exit 0 ok, 1 findings, 2 broken configuration or usage."""
    gc.disable()  # nothing that an import makes is garbage, and looking for some is a tenth of `mesh lint`
    from mesh_orchestration.cli.entry import main as run

    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # a large mesh is hundreds of thousands of objects that all stay
    gc.enable()
    run()
