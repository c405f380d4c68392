"""The Typer application: names and help of all commands, and what an error looks like."""

from __future__ import annotations

import sys
from importlib import import_module

import typer
from rich.console import Console, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.table import Table

from mesh_orchestration.errors import ContractError, MeshError, PolicyError, SettingsError, StorageError

COMMANDS = (
    "up", "run", "status", "show", "query", "rejected", "check", "lint", "contract",
    "policy", "audit", "access-report", "erase", "retention", "compliance", "sla", "gate", "anomalies", "incidents",
    "compile", "plan", "apply", "impact", "lineage", "catalog",
    "serve", "token", "session", "monitoring", "new", "resync", "dbt", "doctor", "demo",
)  # fmt: skip
BROKEN_CONFIGURATION = (SettingsError, ContractError, StorageError)

WIDE = 160  # columns when the output is no terminal, so that no address is cut off in a log
console = Console(width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True, soft_wrap=True)


class _NothingCutOff(RenderHook):
    """A cell that is too wide for its column goes on in its next line; an address cut off is of no use."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        for table in (one for one in renderables if isinstance(one, Table)):
            for column in table.columns:
                column.overflow = "fold"
        return renderables


console.push_render_hook(_NothingCutOff())

app = typer.Typer(
    name="mesh",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Run, inspect and query the data mesh. Exit codes: 0 ok, 1 findings, 2 broken configuration.",
)
for _name in COMMANDS:
    import_module(f"mesh_orchestration.cli.{_name.replace('-', '_')}_command").register(app)


def fail(error: MeshError) -> int:
    """Print ``error`` for a person and return the exit code that stands for it."""
    errors.print(f"[bold red]error[/] {escape(str(error))}", highlight=False)
    unreadable = isinstance(error, PolicyError) and bool(error.problems)
    return 2 if unreadable or isinstance(error, BROKEN_CONFIGURATION) else 1
