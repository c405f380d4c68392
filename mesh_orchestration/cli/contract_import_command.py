"""``mesh contract import``: a draft contract from what a team already has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mesh_orchestration.contract.address import Address
    from mesh_orchestration.drafts import Draft
    from mesh_orchestration.settings import Settings

_STDOUT = "-"
_SHOWN = 12


def register(contract_app: typer.Typer) -> None:
    """Add the command to ``contract_app``."""
    epilog = "Example: mesh contract import landing/sales.parquet --domain sales --product tickets"
    contract_app.command("import", epilog=epilog)(import_)


def import_(  # noqa: PLR0913 - typer makes an option of each
    source: Annotated[
        str,
        typer.Argument(
            help="A Parquet or CSV file or pattern, .avsc, JSON Schema, dbt project or manifest, a contract in another "
            "form, or the word postgresql or iceberg."
        ),
    ],
    domain: Annotated[str, typer.Option(help="The domain that owns the product.")] = "",
    product: Annotated[str, typer.Option(help="The product's name; the source's own when left out.")] = "",
    owner: Annotated[str, typer.Option(help="The owning team: an e-mail, or team:name.")] = "",
    description: Annotated[str, typer.Option(help="'One row per …', and what it is for.")] = "",
    freshness: Annotated[str, typer.Option(help="How old the data may get, such as 1d.")] = "",
    kind: Annotated[str, typer.Option(help="The kind of source, when its name does not say.")] = "",
    table: Annotated[str, typer.Option(help="schema.table, namespace.table, dbt model or schema object.")] = "",
    postgres_url_env: Annotated[
        str, typer.Option(help="The environment variable with the URL of the PostgreSQL database.")
    ] = "MESH_IMPORT_POSTGRES_URL",
    catalog: Annotated[str, typer.Option(help="The Iceberg catalog, as pyiceberg's settings call it.")] = "mesh",
    rows: Annotated[int, typer.Option(min=0, help="Look at so many rows at most; 0 for all.")] = 2_000_000,
    output: Annotated[str, typer.Option("-o", "--output", help="The file to write; - prints it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Draft a contract from data, a table, a schema or a dbt model: types, keys, and what the rows suggest.

    Nothing is overwritten. What only a person knows is listed at the top of the file.
    """
    from mesh_orchestration.drafts import Options, draft
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    _require_meaning(owner=owner, freshness=freshness)
    options = Options(settings, table=table, url_setting=postgres_url_env, catalog=catalog, rows=rows)
    found = draft(source, options, kind=kind).answered(
        domain=domain, product=product, owner=owner, description=description, freshness=freshness
    )
    path = None if output == _STDOUT else _target(found, output, settings)
    text = found.text()
    if path:
        _write(path, text)
    if as_json:
        _print_json(found, path, text)
    elif path is None:
        sys.stdout.write(text)
    else:
        _print_words(found, path, settings)


def _require_meaning(**given: str) -> None:
    """Refuse an answer that no contract could hold, before anything is read."""
    from pydantic import TypeAdapter, ValidationError

    from mesh_orchestration.contract.words import Duration, Owner

    kinds: dict[str, Any] = {"owner": Owner, "freshness": Duration}
    for name, value in given.items():
        try:
            if value:
                TypeAdapter(kinds[name]).validate_python(value)
        except ValidationError as error:
            raise typer.BadParameter(str(error.errors()[0]["ctx"]["error"]), param_hint=f"--{name}") from None


def _target(found: Draft, output: str, settings: Settings) -> Path:
    """The file to write, which does not exist yet."""
    from mesh_orchestration.contract.loader import contract_path
    from mesh_orchestration.errors import MeshError

    path = Path(output).resolve() if output else settings.root / contract_path(_address(found))
    if path.exists() or path.is_symlink():
        shown = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
        raise MeshError(f"{shown} exists and is not overwritten; print the draft with -o - and take over what is new")
    return path


def _address(found: Draft) -> Address:
    from mesh_orchestration.contract.address import Address
    from mesh_orchestration.contract.words import product_name

    metadata = found.product["metadata"]
    if not metadata["domain"]:
        raise typer.BadParameter(
            "say which domain the product belongs to, or print the draft with -o -", param_hint="--domain"
        )
    name, major = product_name(str(metadata["name"])), str(metadata["version"]).split(".", 1)[0]
    try:
        return Address.parse(f"{metadata['domain']}.{name}.v{major}")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--domain, --product") from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def _print_json(found: Draft, path: Path | None, text: str) -> None:
    from mesh_orchestration.cli.output import print_json

    columns = [
        {"source": column.name, "type": column.type, "stated": column.said, "observed": column.observed}
        for column in found.columns
    ]
    print_json(
        {
            "file": str(path) if path else None,
            "kind": found.kind,
            "rows": found.rows,
            "to_fill_in": found.to_fill_in,
            "to_decide": found.to_decide,
            "renamed": found.renamed,
            "columns": columns,
            "contract": found.product,
        }
        | ({} if path else {"text": text})
    )


def _print_words(found: Draft, path: Path, settings: Settings) -> None:
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.drafts.text import counted

    shown = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
    count = len(found.product["spec"].get("schema", {}).get("fields", ()))
    of_rows = f" of {counted(found.rows, 'row')}" if found.rows else ""
    console.print(f"[green]written[/] {shown}: {counted(count, 'column')}{of_rows}", highlight=False)
    for title, lines in (("to fill in", found.to_fill_in), ("to decide", found.to_decide)):
        for line in lines[:_SHOWN]:
            console.print(f"[yellow]{title}[/] ", end="")
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if len(lines) > _SHOWN:
            console.print(f"and {len(lines) - _SHOWN} more, at the top of the file", highlight=False)
    console.print(f"then: [bold]mesh lint {shown}[/]", highlight=False)
