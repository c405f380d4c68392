"""``mesh catalog``: find things in the mesh, see how fresh the catalog is, write it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.cli.options import AsJson

if TYPE_CHECKING:
    from mesh_orchestration.catalog.search import Results, Span

catalog_app = typer.Typer(
    name="catalog",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Find products, datasets and jobs; see how fresh the catalog is; write it anew.",
    epilog="Example: mesh catalog search household",
)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    catalog_app.command("search", epilog="Example: mesh catalog search basket_id --domain orders")(search)
    catalog_app.command("status", epilog="Example: mesh catalog status --json")(status)
    catalog_app.command("rebuild", epilog="Example: mesh catalog rebuild")(rebuild)
    app.add_typer(catalog_app)


def search(
    text: Annotated[list[str], typer.Argument(help="Words, or their beginnings; all of them must be there.")],
    domain: Annotated[str, typer.Option(help="Only of this domain.")] = "",
    owner: Annotated[str, typer.Option(help="Only of this owner.")] = "",
    tag: Annotated[str, typer.Option(help="Only with this tag.")] = "",
    kind: Annotated[str, typer.Option(help="Only product, dataset or job.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search names, columns, tags, owners and descriptions; typing errors are forgiven. Exit 1 without a hit."""
    from mesh_orchestration.catalog.search import KINDS, Filters
    from mesh_orchestration.catalog.search import search as find
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.settings import Settings

    if kind not in ("", *KINDS):
        raise SettingsError(f"--kind {kind} is none of {', '.join(KINDS)}")
    with open_catalog(Settings.load()) as catalog, catalog.reading() as conn:
        found = find(conn, " ".join(text), Filters(domain, owner, tag, kind), limit=limit)
    if as_json:
        print_json(found)
    else:
        _print(found, " ".join(text))
    raise typer.Exit(0 if found.total else 1)


def status(as_json: AsJson = False) -> None:
    """How much the catalog knows, of when it is, and where it is kept. Exit 1 when it is behind the contracts."""
    from mesh_orchestration.catalog.standing import standing
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_catalog(settings) as catalog, catalog.reading() as conn:
        found, where = standing(conn, load_mesh(settings)), catalog.where
    if as_json:
        print_json({"where": where, **vars(found)})
    else:
        for name, count in found.counts.items():
            console.print(f"{name:<22} {count:>12,}", highlight=False)
        told = f"{found.projected:%Y-%m-%d %H:%M:%S} UTC" if found.projected else "never"
        console.print(f"{'brought up to date':<22} {told:>12}", highlight=False)
        for address in found.behind:
            console.print(f"[yellow]behind[/] {address}; mesh up keeps it fresh, mesh catalog rebuild writes it anew")
        console.print(f"[dim]{where}[/]", highlight=False)
    raise typer.Exit(1 if found.behind else 0)


def rebuild(as_json: AsJson = False) -> None:
    """Write the catalog anew from contracts, Iceberg, the log of decisions and the event log.

    What nobody else remembers stays: lineage of other producers, registered contracts, comments, tokens, sessions.
    Exit 1 when a product's table could not be read."""
    from mesh_orchestration.catalog.store import open_catalog
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.orchestration.instance import open_instance
    from mesh_orchestration.orchestration.platform_catalog import rebuild as write_anew
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_catalog(settings) as catalog, open_instance(settings) as instance:
        done, where = write_anew(settings, catalog, instance), catalog.where
    projected = done.projected
    if as_json:
        print_json({"where": where, **vars(done)})
    else:
        console.print(
            f"{projected.contracts} contracts, {projected.attempts} publications, {projected.reads} reads, "
            f"{done.timed} run times, {done.events} lineage events; {projected.indexed} things to find",
            highlight=False,
        )
        for trouble in projected.troubles:
            console.print(f"[red]not read[/] {trouble}", highlight=False)
        console.print(f"[dim]{where}[/]", highlight=False)
    raise typer.Exit(1 if projected.troubles else 0)


def _print(found: Results, text: str) -> None:
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal

    if found.corrected:
        console.print(f"nothing is called {literal(text)}; found for [bold]{found.corrected}[/]:", highlight=False)
    if not found.total:
        console.print("nothing found", highlight=False)
        return
    table = Table("found", "kind", "columns", "says")
    for hit in found.hits:
        columns = ", ".join(hit.columns[:4]) + (" …" if len(hit.columns) > 4 else "")
        table.add_row(literal(hit.key), hit.kind, literal(columns), _marked(hit.snippet))
    console.print(table)
    if found.total > len(found.hits):
        console.print(f"[dim]{len(found.hits)} of {found.total}; --limit shows more[/]", highlight=False)


def _marked(spans: tuple[Span, ...]) -> str:
    from rich.markup import escape

    return "".join(f"[bold]{escape(one.text)}[/]" if one.hit else escape(one.text) for one in spans)
