"""``mesh contract diff``: what changed between two versions of a contract, and which version that needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.contract.evolution import Verdict
    from mesh_orchestration.contract.mesh import Mesh
    from mesh_orchestration.contract.model import DataProduct
    from mesh_orchestration.settings import Settings

_ADDRESS = re.compile(r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_-]*(\.v\d+)?$")
_COLORS = {"breaking": "red", "notice": "yellow", "compatible": "green", "documentation": "dim"}


@dataclass(frozen=True)
class Sides:
    """The two versions and where each was found; ``earlier`` are the versions before the old one, oldest first."""

    old: DataProduct | None
    new: DataProduct
    names: tuple[str, str]
    earlier: tuple[DataProduct, ...] = ()


def register(contract_app: typer.Typer) -> None:
    """Add the command to ``contract_app``."""
    epilog = "Example: mesh contract diff orders.order_lines.v1 origin/main"
    contract_app.command("diff", epilog=epilog)(diff)


def diff(
    contract: Annotated[str, typer.Argument(metavar="ADDRESS_OR_FILE", help="The contract, or the older of two.")],
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE_OR_REF]",
            help="A second file or address, which is the newer one, or a git commit, branch or tag that the contract "
            "is compared with. Default: the merge base with main.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print changes and verdict as JSON.")] = False,
) -> None:
    """Compare two versions of a contract: each change, whom it concerns, and the version that it needs.

    Exit 1 when the version is too small for what changed.
    """
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.evolution import verdict
    from mesh_orchestration.settings import Settings

    sides = _sides(contract, other, Settings.load())
    said = verdict(sides.old, sides.new, earlier=sides.earlier) if sides.old else None
    if as_json:
        old = {"at": sides.names[0], "version": sides.old.version} if sides.old else None
        new = {"at": sides.names[1], "version": sides.new.version}
        print_json({"address": sides.new.address, "old": old, "new": new, "verdict": said})
    else:
        _print(sides, said)
    raise typer.Exit(1 if said and said.problem else 0)


def _sides(contract: str, other: str | None, settings: Settings) -> Sides:
    from mesh_orchestration.contract.mesh import load_mesh

    if other is not None and _is_file(other):
        return Sides(_named(contract, settings), _file(Path(other), settings), (contract, other))
    mesh = load_mesh(settings)
    if other is not None and _ADDRESS.match(other) and not _is_file(other) and _known(other, mesh):
        return Sides(_named(contract, settings), mesh.product(other), (contract, other))
    return _against(_named(contract, settings), other, mesh, settings)


def _is_file(word: str) -> bool:
    return word.endswith((".yaml", ".yml")) or Path(word).is_file()


def _known(word: str, mesh: Mesh) -> bool:
    """Whether ``word`` speaks of a product rather than of a branch: its domain is one of the mesh."""
    return word.split(".", 1)[0] in mesh.domains


def _named(word: str, settings: Settings) -> DataProduct:
    from mesh_orchestration.contract.mesh import load_mesh

    return _file(Path(word), settings) if _is_file(word) else load_mesh(settings).product(word)


def _file(path: Path, settings: Settings) -> DataProduct:
    """The contract in any file; raises ContractError with everything that is wrong with it."""
    from mesh_orchestration.contract.dialects import read_file
    from mesh_orchestration.contract.loader import parse_product
    from mesh_orchestration.errors import ContractError

    source = read_file(path, root=settings.root)
    product, findings = parse_product(source.value)
    problems = (*source.problems, *source.findings(findings))
    if product is None or problems:
        raise ContractError(problems)
    return product.in_file(source.file)


def _against(product: DataProduct, ref: str | None, mesh: Mesh, settings: Settings) -> Sides:
    """The product against itself at a commit or, when it is new since, against the major before it."""
    from mesh_orchestration.contract.loader import CONTRACTS
    from mesh_orchestration.planning.before import mesh_before
    from mesh_orchestration.planning.git import Repository
    from mesh_orchestration.planning.history import earlier

    repository = Repository.of(settings)
    base = repository.base(ref)
    before = mesh_before(repository, base, mesh, repository.changed(base, (CONTRACTS,)))
    family = [known for known in before.products if known.asset_key[:2] == product.address.asset_key[:2]]
    majors = [known for known in family if known.major <= product.address.major]
    if product.address not in majors and product.domain in before.broken:
        raise before.broken[product.domain]
    old = before.products[max(majors)] if majors else None
    transitive = old is not None and old.spec.schema_.compatibility.endswith("_transitive")
    found = earlier(repository, base, old) if old and transitive else ()
    return Sides(old, product, (f"{base.said} ({base.short})", product.source), found)


def _print(sides: Sides, said: Verdict | None) -> None:
    from rich.markup import escape
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    if said is None or sides.old is None:
        console.print(f"{sides.new.address} is new since {sides.names[0]}: there is nothing to compare it with")
        return
    versions = f"{sides.old.version} ({sides.names[0]}) -> {sides.new.version} ({sides.names[1]})"
    console.print(f"[bold]{sides.new.address}[/]  {escape(versions)}", highlight=False)
    if not said.changes:
        console.print("[green]nothing changed[/]")
    else:
        table = Table("kind", "what", "consumers", "producer", "why")
        for change in sorted(said.changes, key=lambda change: change.consumer, reverse=True):
            why = f"{change.reason}{f' ({change.hint})' if change.hint else ''}"
            sides_ = (f"[{_COLORS[level.value]}]{level}[/]" for level in (change.consumer, change.producer))
            table.add_row(change.kind, escape(change.says), *sides_, escape(why))
        console.print(table)
    for violation in said.violations:
        console.print(f"[red]{sides.old.spec.schema_.compatibility}[/] {escape(violation)}", highlight=False)
    if said.problem:
        console.print(f"[red]{escape(said.problem)}[/]", highlight=False, soft_wrap=True)
    elif said.changes:
        console.print(f"[green]needs {said.required}, given {said.given}[/]", highlight=False)
