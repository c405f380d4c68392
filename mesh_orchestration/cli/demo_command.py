"""``mesh demo``: let the example source deliver bad data, and mend it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings


class FaultName(StrEnum):
    """What can be wrong with a delivery."""

    nulls = "nulls"
    duplicates = "duplicates"
    truncated = "truncated"
    renamed_column = "renamed_column"
    wrong_type = "wrong_type"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    demo = typer.Typer(
        no_args_is_help=True,
        help="Break the replayed source of a product, watch the publication being refused, and mend it.",
        epilog="Example: mesh demo break orders.order_lines --fault nulls",
    )
    demo.command("break", epilog="Example: mesh demo break orders.order_lines --fault nulls")(break_)
    demo.command("heal", epilog="Example: mesh demo heal orders.order_lines")(heal)
    app.add_typer(demo, name="demo")


def break_(
    address: Annotated[str, typer.Argument(help="A product with a batch input port.")],
    fault: Annotated[FaultName, typer.Option(help="What is wrong with the delivery.")] = FaultName.nulls,
) -> None:
    """Let the source deliver a recent file of the product again, broken."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.replay.faults import inject

    settings = Settings.load()
    path = inject(settings, _table(settings, address), fault.value)
    console.print(f"delivered {path.relative_to(settings.landing_dir)}; now: mesh run {address}", highlight=False)


def heal(address: Annotated[str, typer.Argument(help="The product whose source was broken.")]) -> None:
    """Let the source deliver the broken files once more, good this time."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.replay.faults import heal as mend

    settings = Settings.load()
    for path in mend(settings, _table(settings, address)):
        console.print(f"delivered {path.relative_to(settings.landing_dir)}", highlight=False)
    console.print(f"now: mesh run {address}", highlight=False)


def _table(settings: Settings, address: str) -> str:
    """The source's table behind the product: the folder of its batch port."""
    from mesh_orchestration.contract.mesh import load_mesh

    mesh = load_mesh(settings)
    product = mesh.product(address)
    for port in mesh.ports_of(product):
        if port.type == "batch":
            return str(port.options["path"]).split("/", 1)[0]
    raise MeshError(
        f"{product.address} has no batch input port, so there is no source to break; try orders.order_lines"
    )
