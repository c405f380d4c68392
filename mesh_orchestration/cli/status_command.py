"""``mesh status``: every product in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.cli.options import Selection
from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import ContractError, Problem
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from mesh_orchestration.publication.status import ProductStatus

_FRESHNESS = {"ok": "green", "late": "red", "never": "red"}
_ROOM_FOR_SNAPSHOTS = 110  # columns; on a narrower screen the other columns would be cut, and mesh show has the ids


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("status", epilog="Example: mesh status orders billing.daily_revenue --json")(status)


def status(
    selection: Selection = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the products as JSON.")] = False,
) -> None:
    """Rows, snapshot, checks and freshness against the SLA. Exit 1 when a product is late, refused,
    denied by a policy or missing, 2 when a contract is broken."""
    from mesh_orchestration.cli.output import print_json

    settings = Settings.load()
    found = read_status(settings, selection or ())
    denied = _denials(settings, found)
    if as_json:
        told = _endings(settings, found)
        extra = {
            one.address: {"deprecations": told[one.address], "denied": denied.get(one.address, ())} for one in found
        }
        print_json([_as_dict(one) | extra[one.address] for one in found])
    else:
        _print(settings, found, denied)
    if broken := _broken(settings, selection or ()):
        raise ContractError(broken)
    raise typer.Exit(0 if all(one.freshness == "ok" and not one.refused for one in found) and not denied else 1)


def _broken(settings: Settings, selection: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with the contracts of the selected domains: their products may be missing in the table."""
    from mesh_orchestration.contract.mesh import load_mesh

    asked = {word.split(".", 1)[0] for word in selection}
    broken = load_mesh(settings).broken
    return tuple(one for domain, error in broken.items() if not asked or domain in asked for one in error.problems)


def read_status(settings: Settings, selection: Sequence[str]) -> tuple[ProductStatus, ...]:
    """How the selected products stand now; raises MeshError for a word that names nothing."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.orchestration.plan import resolve
    from mesh_orchestration.publication.status import statuses
    from mesh_orchestration.storage.catalog import open_lake

    mesh = load_mesh(settings)
    with open_lake(settings) as lake:
        return statuses(lake, [mesh.products[address] for address in resolve(mesh, selection)], settings.now())


def print_status(settings: Settings, selection: Sequence[str]) -> tuple[ProductStatus, ...]:
    """Print the table of the selected products and return what it shows."""
    found = read_status(settings, selection)
    _print(settings, found, _denials(settings, found))
    return found


def _print(settings: Settings, found: Sequence[ProductStatus], denied: Mapping[Address, tuple[str, ...]]) -> None:
    from mesh_orchestration.cli.app import console

    if not found:
        console.print("no product yet: mesh new domain NAME, then mesh new product NAME.PRODUCT --from FILE")
        return
    console.print(_table(found, with_snapshots=console.width >= _ROOM_FOR_SNAPSHOTS))
    for one in found:
        if one.refused and one.refusal:
            console.print(f"[red]{one.address}[/] refused {one.refusal.at:%Y-%m-%d %H:%M} UTC: ", end="")
            console.print("; ".join(one.refusal.reasons), markup=False, highlight=False)
            console.print(f"  see the rows: mesh rejected {one.address}", highlight=False)
    for reasons in dict.fromkeys(denied.values()):
        addresses = ", ".join(str(address) for address, why in denied.items() if why == reasons)
        console.print(f"[red]{addresses}[/] cannot be run: ", end="", highlight=False)
        console.print("; ".join(reasons), markup=False, highlight=False)
    for told in _endings(settings, found).values():
        for line in told:
            console.print(f"[yellow]{line}[/]", highlight=False)


def _table(found: Sequence[ProductStatus], *, with_snapshots: bool) -> Table:
    from rich.table import Column, Table

    from mesh_orchestration.contract.duration import span

    table = Table(
        Column("product", no_wrap=True), Column("rows", no_wrap=True, justify="right"),
        *([Column("snapshot", no_wrap=True)] if with_snapshots else []),
        "checks", Column("age", no_wrap=True, justify="right"), Column("SLA", no_wrap=True, justify="right"), "state",
        header_style="bold",
    )  # fmt: skip
    for one in found:
        table.add_row(
            str(one.address),
            "-" if one.rows is None else f"{one.rows:,}",
            *([str(one.snapshot_id or "-")] if with_snapshots else []),
            _checks(one),
            span(one.age),
            span(one.window),
            _state(one),
        )
    return table


def _denials(settings: Settings, found: Iterable[ProductStatus]) -> Mapping[Address, tuple[str, ...]]:
    """The products that the policies do not let run, and why."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.denials import denials

    mesh = load_mesh(settings)
    return denials(settings, mesh, [mesh.products[one.address] for one in found])


def _endings(settings: Settings, found: Iterable[ProductStatus]) -> Mapping[Address, tuple[str, ...]]:
    """For each product that is deprecated, or reads one that is, what to know of it."""
    from mesh_orchestration.contract.deprecation import endings
    from mesh_orchestration.contract.mesh import load_mesh

    mesh, today = load_mesh(settings), settings.now().date()
    told: dict[Address, tuple[str, ...]] = {}
    for one in found:
        product = mesh.products[one.address]
        going = endings(product, mesh.upstream(product), mesh.products)
        told[one.address] = tuple(
            ending.says(today) if ending.address == one.address else f"{ending.says(today)} (read by {one.address})"
            for ending in going
        )
    return told


def _checks(one: ProductStatus) -> str:
    parts = [f"[green]{one.passed} ok[/]"]
    parts += [f"[red]{one.failed} failed[/]"] if one.failed else []
    parts += [f"[yellow]{one.warned} warn[/]"] if one.warned else []
    return ", ".join(parts) if one.passed or one.failed or one.warned else "-"


def _state(one: ProductStatus) -> str:
    if one.refused:
        return "[red]refused[/], last good is served" if one.snapshot else "[red]refused[/]"
    words = {"ok": "fresh", "late": "late", "never": "never published"}
    return f"[{_FRESHNESS[one.freshness]}]{words[one.freshness]}[/]"


def _as_dict(one: ProductStatus) -> dict[str, Any]:
    return {
        "address": one.address,
        "contract_version": one.contract_version,
        "rows": one.rows,
        "snapshot_id": one.snapshot_id,
        "published_at": one.published_at,
        "checks": {"passed": one.passed, "failed": one.failed, "warned": one.warned},
        "freshness": {"state": one.freshness, "age_seconds": one.age, "window_seconds": one.window},
        "refused": one.refused,
        "refusal": {"at": one.refusal.at, "reasons": one.refusal.reasons} if one.refused and one.refusal else None,
    }
