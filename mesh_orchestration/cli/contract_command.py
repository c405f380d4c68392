"""``mesh contract``: work on contract files. Each further file ``contract_<word>_command.py`` here adds one to it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import typer

contract_app = typer.Typer(
    name="contract",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Read, write, compare and tidy contracts, in the native, the short and the ODCS form.",
    epilog="Example: mesh contract convert contracts/orders/order_lines/v1.yaml --to odcs",
)
for _path in sorted(Path(__file__).parent.glob("contract_*_command.py")):
    import_module(f"mesh_orchestration.cli.{_path.stem}").register(contract_app)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    app.add_typer(contract_app)
