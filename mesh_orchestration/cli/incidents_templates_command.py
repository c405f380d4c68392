"""``mesh incidents templates``: the words of messages, to be changed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.cli.options import AsJson
from mesh_orchestration.errors import SettingsError

if TYPE_CHECKING:
    from mesh_orchestration.incidents.templates import Templates


def register(incidents_app: typer.Typer) -> None:
    """Add the command to ``incidents_app``."""
    epilog = "Example: mesh incidents templates -o /tmp/words"
    incidents_app.command("templates", epilog=epilog)(templates)


def templates(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write those that come with the mesh into this folder.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Try the mesh's own; exit 1 when one is broken.")] = False,
    as_json: AsJson = False,
) -> None:
    """The templates that messages are made of. A file of the same name in the mesh's folder notices/ replaces one."""
    from mesh_orchestration.incidents.templates import Templates
    from mesh_orchestration.settings import Settings

    if check and output:
        raise SettingsError("--check tries the templates in notices/, --output writes others; give one of the two")
    found = Templates.of(Settings.load())
    if check:
        _check(found, as_json=as_json)
    elif output:
        _write(found, output)
    else:
        _list(found, as_json=as_json)


def _check(found: Templates, *, as_json: bool) -> None:
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.incidents.trial import check

    faults = check(found)
    if as_json:
        print_json([{"file": str(one.file), "line": one.line, "problem": one.problem} for one in faults])
    elif faults:
        for fault in faults:
            _say(str(fault))
        _say("until these are mended, messages are told in the words that come with the mesh")
    elif found.own:
        _say(f"every message can be told: {', '.join(found.own)}")
    else:
        _say("no template in notices/: every message is told in the words that come with the mesh")
    raise typer.Exit(1 if faults else 0)


def _write(found: Templates, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in found.shipped:
            file = folder / name
            if file.exists():
                _say(f"kept {file}, it was there")
            else:
                file.write_text(found.source(name), encoding="utf-8")
                _say(f"wrote {file}")
    except OSError as error:
        raise SettingsError(f"--output: {folder} cannot be written: {error.strerror}") from error


def _list(found: Templates, *, as_json: bool) -> None:
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.incidents.templates import FOLDER

    names = sorted({*found.shipped, *found.own})
    files = {name: f"{FOLDER}/{name}" if name in found.own else "" for name in names}
    if as_json:
        print_json([{"name": name, "file": file or None} for name, file in files.items()])
        return
    for name, file in files.items():
        _say(f"{name:<18}  {file or 'comes with the mesh'}")


def _say(text: str) -> None:
    from mesh_orchestration.cli.app import console

    console.print(text, highlight=False, markup=False, soft_wrap=True)
