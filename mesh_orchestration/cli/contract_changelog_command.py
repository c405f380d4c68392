"""``mesh contract changelog``: what each version of a product brought its consumers, from the git history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.contract.evolution.changelog import Release
    from mesh_orchestration.planning.history import Past

_SHALLOW = (
    "This clone is shallow, so the history begins where it was cut off; the oldest version below may not be the "
    "first. Fetch all of it: git fetch --unshallow"
)


def register(contract_app: typer.Typer) -> None:
    """Add the command to ``contract_app``."""
    epilog = "Example: mesh contract changelog orders.order_lines"
    contract_app.command("changelog", epilog=epilog)(changelog)


def changelog(
    address: Annotated[
        str | None, typer.Argument(help="domain.product, across its majors; every product when left out.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write one file a product into this folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print versions and changes as JSON.")] = False,
) -> None:
    """Write the changelog of a product as Markdown: each version, its day, and its changes by what they ask of you."""
    import sys

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.evolution.changelog import markdown

    found, notes = _releases(address)
    if as_json:
        print_json({"notes": notes, "products": found})
        return
    texts = {name: markdown(name, said, notes) for name, said in found.items()}
    if output is None:
        sys.stdout.write("\n".join(texts.values()))
        return
    for name, text in texts.items():
        _write(output / f"{name}.md", text)
    console.print(f"[green]{len(texts)} changelogs[/] in {output}", highlight=False)


def _releases(address: str | None) -> tuple[Mapping[str, tuple[Release, ...]], Sequence[str]]:
    """The versions of the product, or of each one, newest first, and what is to be said about them."""
    from mesh_orchestration.contract.evolution.changelog import releases
    from mesh_orchestration.contract.loader import CONTRACTS
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.contract.wording import suggestion
    from mesh_orchestration.errors import MeshError
    from mesh_orchestration.planning.git import Repository
    from mesh_orchestration.planning.history import history, states
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    repository = Repository.of(settings)
    mesh = load_mesh(settings)
    wanted = ".".join(address.replace("-", "_").split(".")[:2]) if address else ""
    pasts = history(repository, "/".join((CONTRACTS, *wanted.split(".")) if wanted else (CONTRACTS,)))
    known = states(pasts, mesh)
    if wanted and wanted not in known:
        names = {f"{one.domain}.{one.product}" for one in mesh.products} | known.keys()
        raise MeshError(f"'{address}' is not a data product, and never was one{suggestion(wanted, names)}")
    said = {name: releases(known[name]) for name in known if wanted in ("", name)}
    notes = ([_SHALLOW] if repository.shallow else []) + _unread(pasts)
    return said, notes


def _unread(pasts: Sequence[Past]) -> list[str]:
    """What is said of old contracts that are none by today's words."""
    commits = [f"{past.address} at {past.commit[:10]}" for past in pasts if not past.readable]
    if not commits:
        return []
    return [f"{len(commits)} states could not be read by today's rules and are left out: {', '.join(commits[:5])}"]


def _write(path: Path, text: str) -> None:
    from mesh_orchestration.errors import SettingsError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}; give another folder after -o") from None
