"""``mesh policy bench``: what each rule costs."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("bench", epilog="Example: mesh policy bench")(bench)


def bench(as_json: Annotated[bool, typer.Option("--json", help="Print seconds as JSON.")] = False) -> None:
    """Time every rule on this mesh's products, reads, files and deployments, and a read's decision."""
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.guardrails import Guardrails
    from mesh_orchestration.governance.timing import time_reads, time_rules
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    mesh = load_mesh(settings).require()
    with Guardrails(settings) as guardrails:
        rules, reads = time_rules(guardrails, mesh), time_reads(guardrails, mesh)
    a_product = sum(rule.middle for rule in rules if rule.kind == "product")
    if as_json:
        return print_json({"rules": list(rules), "product": a_product, "read": reads})
    table = Table("rule", "judges", "inputs", "median µs", "longest µs", box=None, header_style="bold")
    for rule in rules:
        table.add_row(rule.code, rule.kind, str(rule.inputs), f"{rule.middle * 1e6:.0f}", f"{rule.longest * 1e6:.0f}")
    console.print(table)
    said = f"all rules on a product {a_product * 1e3:.2f} ms, on a thousand {a_product * 1000:.2f} s"
    console.print(said, highlight=False)
    if reads:
        said = f"a read is decided in {reads.uncached * 1e3:.2f} ms, again in {reads.cached * 1e6:.1f} µs"
        console.print(said, highlight=False)
    return None
