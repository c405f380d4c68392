"""``mesh contract fmt``: the keys of the contracts in one order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("fmt", epilog="Example: mesh contract fmt contracts/orders --check")(fmt)


def fmt(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; all contracts when left out.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is not in order.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the files and problems as JSON.")] = False,
) -> None:
    """Put the keys into one order. Comments move with their keys; quotes, folds and meaning stay as they are."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.errors import ContractError, Problem
    from mesh_orchestration.settings import Settings

    root = Settings.load().root
    changed: list[str] = []
    problems: list[Problem] = []
    for path in _files(root, paths):
        try:
            if _in_order(path, root, write=not check):
                changed.append(_shown(path, root))
        except ContractError as error:
            problems.extend(error.problems)
    if as_json:
        print_json({"unordered" if check else "written": changed, "problems": problems})
    else:
        for name in changed:
            console.print(f"{'[red]not in order[/]' if check else '[green]written[/]'} {name}", highlight=False)
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        if not changed and not problems:
            console.print("[green]every contract is in order[/]")
        elif check and changed:
            console.print("run [bold]mesh contract fmt[/] and commit the result")
    raise typer.Exit(1 if problems or (check and changed) else 0)


def _files(root: Path, paths: list[Path] | None) -> list[Path]:
    from mesh_orchestration.contract.mesh import contract_files
    from mesh_orchestration.errors import SettingsError

    if not paths:
        return [root / path for path in contract_files(root)]
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise SettingsError(f"{path}: there is no such file or folder")
        found += sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
    return [path.resolve() for path in found]


def _in_order(path: Path, root: Path, *, write: bool) -> bool:
    """Whether the keys of ``path`` were out of order; they are put in order if ``write``."""
    from mesh_orchestration.contract import dialects
    from mesh_orchestration.contract.document import parse_document, read_text
    from mesh_orchestration.contract.layout import in_order

    file = _shown(path, root)
    text = read_text(path, root if path.is_relative_to(root) else path.parent, file)
    form = dialects.named(dialects.detect(parse_document(text, file).value))
    result = in_order(text, file, form.keys)
    if result != text and write:
        part = path.with_name(f".{path.name}.part")
        part.write_text(result, encoding="utf-8", newline="")
        part.replace(path)
    return result != text


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
