"""``mesh compile``: write (or check) the files that follow from the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.compile.files import Difference

_STYLES = {"missing": "red", "outdated": "red", "orphan": "yellow", "foreign": "bold red"}
_WORDS = {"orphan": "left over", "foreign": "in the way"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compile", epilog="Example: mesh compile --check --diff")(compile_)


def compile_(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="As --check, and show what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the files as JSON.")] = False,
) -> None:
    """Write what follows from the contracts: dbt sources and model contracts, Avro and JSON Schemas, product pages."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.compile.files import apply, differences
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    found = differences(load_mesh(settings).require(), settings.root)
    if not (check or diff):
        apply(found)
        print_json(_as_json(found, settings.root, "written")) if as_json else _print_written(found, settings.root)
        return
    if as_json:
        print_json(_as_json(found, settings.root, "stale", diff=diff))
    else:
        _print_stale(found, settings.root, diff=diff)
    raise typer.Exit(1 if found else 0)


def _as_json(found: tuple[Difference, ...], root: Path, word: str, *, diff: bool = False) -> dict[str, object]:
    listed = [{"path": _name(one, root), "kind": one.kind} for one in found]
    return {word: listed} | ({"diff": "".join(line for one in found for line in _diff(one, root))} if diff else {})


def _print_written(found: tuple[Difference, ...], root: Path) -> None:
    from mesh_orchestration.cli.app import console

    for one in found:
        word = "[yellow]removed[/]" if one.after is None else "[green]written[/]"
        console.print(f"{word} {_name(one, root)}", highlight=False)
    if not found:
        console.print("[green]everything generated is up to date[/]")


def _print_stale(found: tuple[Difference, ...], root: Path, *, diff: bool) -> None:
    from mesh_orchestration.cli.app import console

    for one in found:
        console.print(f"[{_STYLES[one.kind]}]{_WORDS.get(one.kind, one.kind)}[/] {_name(one, root)}", highlight=False)
        if diff:
            for line in _diff(one, root):
                typer.echo(line, nl=False)
    if not found:
        console.print("[green]everything generated is up to date[/]")
    elif any(one.kind == "foreign" for one in found):
        console.print("move away or delete what is in the way, then run [bold]mesh compile[/] and commit the result")
    else:
        console.print("run [bold]mesh compile[/] and commit the result")


def _diff(one: Difference, root: Path) -> Iterator[str]:
    """The difference as ``git diff`` would show it."""
    from difflib import unified_diff

    name = _name(one, root)
    before, after = (text.splitlines(keepends=True) if text else [] for text in (one.before, one.after))
    old = "/dev/null" if one.before is None else f"a/{name}"
    new = "/dev/null" if one.after is None else f"b/{name}"
    for line in unified_diff(before, after, old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _name(one: Difference, root: Path) -> str:
    return one.path.relative_to(root).as_posix()
