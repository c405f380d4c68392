"""``mesh policy migrate``: Rego of before v1 in today's words."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.governance.migrate import Migration


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("migrate", epilog="Example: mesh policy migrate --diff old/*.rego")(migrate)


def migrate(
    files: Annotated[list[Path], typer.Argument(help="Rego files, from anywhere.")],
    write: Annotated[bool, typer.Option("--write", "-w", help="Write the result into the files.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change instead of the whole result.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Show nothing; exit 1 when a file would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Rewrite Rego of before v1 where that cannot change its meaning, and name what a person must decide.

    Exit 1 when something is left to do: the result parses, but this mesh would not admit it yet."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.governance.engine import Embedded
    from mesh_orchestration.governance.migrate import migrate as migrated

    if write and check:
        raise SettingsError("--check writes nothing; leave out --write or --check")
    with Embedded() as engine:
        found = [migrated(str(file), _text(file), engine) for file in files]
    for one in found if write else ():
        _replace(one)
    left = [problem for one in found for problem in one.left]
    if as_json:
        print_json({"files": [_plain(one) for one in found]})
    else:
        for one in found:
            _show(one, write=write, diff=diff, check=check)
        for problem in left:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if left or (check and any(one.changed for one in found)) else 0)


def _plain(one: Migration) -> dict[str, object]:
    return {"file": one.file, "changed": one.changed, "failed": one.failed, "after": one.after, "left": list(one.left)}


def _text(file: Path) -> str:
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.governance.bundle import MAX_BYTES

    try:
        if file.stat().st_size > MAX_BYTES:
            raise SettingsError(f"{file} is over {MAX_BYTES // 1024} KiB, which no policy needs")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None


def _replace(one: Migration) -> None:
    if one.changed:
        path = Path(one.file)
        part = path.with_name(f".{path.name}.part")
        part.write_text(one.after, encoding="utf-8", newline="")
        part.replace(path)


def _show(one: Migration, *, write: bool, diff: bool, check: bool) -> None:
    if check or write:
        word = "unreadable" if one.failed else ("written" if write else "is old") if one.changed else "is fine"
        typer.echo(f"{word}: {one.file}")
    elif diff:
        lines = (one.before.splitlines(keepends=True), one.after.splitlines(keepends=True))
        typer.echo("".join(difflib.unified_diff(*lines, one.file, one.file)), nl=False)
    elif not one.failed:
        typer.echo(one.after, nl=False)
