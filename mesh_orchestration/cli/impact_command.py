"""``mesh impact``: who reads a product or one of its columns, and whether they get what they expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from rich.tree import Tree

    from mesh_orchestration.contract.address import Address
    from mesh_orchestration.contract.mesh import Mesh
    from mesh_orchestration.contract.model import DataProduct
    from mesh_orchestration.impact.expected import ConsumerContract, Gap
    from mesh_orchestration.impact.expected_data import UnmetData
    from mesh_orchestration.impact.readers import ColumnRead, Flow, Readers, Use


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "impact",
        epilog="Example: mesh impact orders.order_lines.v1.paid_value, or mesh impact orders.order_lines --check",
    )(impact)


@dataclass(frozen=True)
class _Answer:
    """What consumers filed at one port, and what of it the contract and the data do not keep; ``data`` is None
    when the data was not asked or nothing is published."""

    contract: ConsumerContract
    gaps: tuple[Gap, ...]
    data: tuple[UnmetData, ...] | None = None

    @property
    def unmet(self) -> bool:
        broken = any(gap.state == "broken" and gap.severity == "error" for gap in self.gaps)
        return broken or any(one.severity == "error" for one in self.data or ())

    @property
    def standing(self) -> str:
        """How the expectations stand, in words."""
        if self.unmet:
            return "not met"
        if self.data is not None:
            return "met"
        return "promised in part" if any(gap.state == "open" for gap in self.gaps) else "promised"


def impact(
    address: Annotated[str, typer.Argument(help="domain.product, domain.product.v<major>, or either with .column.")],
    check: Annotated[
        bool, typer.Option("--check", help="Run the consumers' expectations on the published data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print consumers, columns and expectations as JSON.")] = False,
) -> None:
    """Who reads a product or a column: products, exposures, declared consumers, directly and through others.

    With --check, exit 1 when a consumer does not get what it filed that it expects."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.impact.readers import readers

    settings = Settings.load()
    mesh = load_mesh(settings)
    product, column = _named(mesh, address)
    reading = readers(mesh, settings.root, settings.home)
    answers = tuple(_answers(settings, mesh, product, check=check))
    if as_json:
        print_json(_as_dict(reading, product, column, answers))
    else:
        _print(mesh, reading, product, column, today=settings.now().date())
        _print_answers(answers, check=check)
    raise typer.Exit(1 if check and any(answer.unmet for answer in answers) else 0)


def _named(mesh: Mesh, name: str) -> tuple[DataProduct, str]:
    """The product, and the column when the last part of the name is one; raises MeshError for neither."""
    from mesh_orchestration.contract.wording import suggestion

    parts = name.split(".")
    given = 2 + (len(parts) > 2 and parts[2][:1] == "v" and parts[2][1:].isdecimal())
    product = mesh.product(".".join(parts[:given]))
    column = ".".join(parts[given:])
    if column and column not in product.columns:
        raise MeshError(f"{product.address} has no column '{column}'{suggestion(column, product.columns)}")
    return product, column


def _uses(reading: Readers, address: Address, column: str) -> tuple[Use, ...]:
    return tuple(use for use in reading.of(address) if not column or use.read(column))


def _answers(settings: Settings, mesh: Mesh, product: DataProduct, *, check: bool) -> Iterator[_Answer]:
    from mesh_orchestration.impact.expected import expected_of, gaps
    from mesh_orchestration.impact.expected_data import unmet_data

    for contract in expected_of(mesh, product.address):
        data = unmet_data(settings, mesh, contract) if check else None
        yield _Answer(contract, gaps(contract, product), data)


def _print(mesh: Mesh, reading: Readers, product: DataProduct, column: str, *, today: Any) -> None:
    from rich.tree import Tree

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.contract.deprecation import deprecation_of

    address = product.address
    name = f"{address}.{column}" if column else str(address)
    tree = Tree(f"[bold]{name}[/]  version {product.version}, {product.owner}", highlight=False)
    _grow(tree, reading, address, (column,) if column else (), {address})
    console.print(tree)
    if ending := deprecation_of(product, mesh.products):
        console.print(f"[yellow]{ending.says(today)}[/]", highlight=False)
    if not tree.children:
        console.print("Nobody reads it.")
    elif not column:
        _print_unread(reading, product)
    if came := _came(reading, product, column):
        console.print(f"Its values come from {', '.join(came)}.", highlight=False, soft_wrap=True)


def _print_unread(reading: Readers, product: DataProduct) -> None:
    from mesh_orchestration.cli.app import console

    if unread := _unread(reading, product):
        console.print(f"Nobody reads {', '.join(unread)}.", highlight=False, soft_wrap=True)


def _unread(reading: Readers, product: DataProduct) -> tuple[str, ...]:
    uses = reading.of(product.address)
    return tuple(column for column in product.columns if not any(use.read(column) for use in uses))


def _came(reading: Readers, product: DataProduct, column: str) -> tuple[str, ...]:
    return reading.columns(product.address).get(column, ()) if column else ()


def _grow(tree: Tree, reading: Readers, address: Address, columns: tuple[str, ...], above: set[Address]) -> None:
    """Add everybody who reads ``columns`` of ``address`` (all of them when empty), and who reads on from there."""
    for use in reading.of(address):
        if columns and not any(use.read(column) for column in columns):
            continue
        branch = tree.add(_said(use), highlight=False)
        if use.columns is None:
            branch.add(f"[yellow]counts as reading every column[/]: {use.why}", highlight=False)
        read = [one for one in use.reads if not columns or one.column in columns]
        for one in read:
            branch.add(f"{one.column} [dim]→[/] {_goes(one)}", highlight=False)
        further = tuple(dict.fromkeys(name for one in read for name in one.into))
        if use.address and use.address not in above and (further or use.columns is None):
            _grow(branch, reading, use.address, further, above | {use.address})


def _goes(one: ColumnRead) -> str:
    """Where a column goes: into columns, into the choice of rows, or nowhere although a file names it."""
    if one.into or one.rows:
        return ", ".join((*one.into, *(["[dim]which rows there are[/]"] if one.rows else [])))
    return f"[dim]named in {', '.join(one.files)}[/]" if one.files else "[dim]declared[/]"


def _said(use: Use) -> str:
    from rich.markup import escape

    kind = f"{use.kind} {use.type}".strip()
    return f"[bold]{escape(use.consumer)}[/]  {kind}{f', {escape(use.owner)}' if use.owner else ''}"


def _print_answers(answers: Iterable[_Answer], *, check: bool) -> None:
    from rich.markup import escape

    from mesh_orchestration.cli.app import console

    for answer in answers:
        filed = answer.contract
        colour = "red" if answer.unmet else "green"
        console.print(
            f"What {filed.consumer} expects at {filed.port} is [{colour}]{answer.standing}[/].", highlight=False
        )
        for gap in answer.gaps:
            if gap.state == "broken" or not check:
                mark = "contract" if gap.state == "broken" else "open, ask the data with --check"
                console.print(f"  {mark}: {escape(gap.message)}", highlight=False, soft_wrap=True)
        for one in answer.data or ():
            sample = f", such as {', '.join(map(str, one.sample))}" if one.sample else ""
            console.print(f"  data: {escape(one.message + sample)}", highlight=False, soft_wrap=True)
        if check and answer.data is None:
            console.print(f"  nothing of {filed.address} is published yet", highlight=False)


def _as_dict(reading: Readers, product: DataProduct, column: str, answers: Iterable[_Answer]) -> dict[str, Any]:
    uses = _uses(reading, product.address, column)
    names = (column,) if column else tuple(product.columns)
    flows = [flow for name in names for flow in reading.downstream(product.address, name)]
    return {
        "address": product.address,
        "column": column,
        "owner": product.owner,
        "consumers": [_use_dict(use, column) for use in uses],
        "flows": [_flow_dict(flow) for flow in flows],
        "unread": [] if column else _unread(reading, product),
        "comes_from": reading.columns(product.address) if not column else {column: _came(reading, product, column)},
        "expectations": [_answer_dict(answer) for answer in answers],
    }


def _use_dict(use: Use, column: str) -> dict[str, Any]:
    return {
        "consumer": use.consumer,
        "kind": use.kind,
        "type": use.type,
        "owner": use.owner,
        "domain": use.domain,
        "columns": None if use.columns is None else sorted(use.columns),
        "reads": [one for one in use.reads if not column or one.column == column],
        "why": use.why,
        "files": use.files,
        "url": use.url,
    }


def _flow_dict(flow: Flow) -> dict[str, Any]:
    return {
        "from": f"{flow.source}.{flow.source_column}",
        "consumer": flow.consumer,
        "column": flow.column,
        "certain": flow.certain,
    }


def _answer_dict(answer: _Answer) -> dict[str, Any]:
    filed = answer.contract
    return {
        "consumer": filed.consumer,
        "owner": filed.owner,
        "port": filed.port,
        "expects": filed.expects.model_dump(mode="json", exclude_none=True),
        "met": not answer.unmet,
        "contract": [{"state": gap.state, "severity": gap.severity, "message": gap.message} for gap in answer.gaps],
        "data": answer.data,
    }
