"""``mesh contract convert`` and ``export``: a contract in another form, and what that form cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.contract.dialect import Lost, Source, Written
    from mesh_orchestration.contract.model import DataProduct

Form = Annotated[str, typer.Option("--to", help="The form to write: native, short or odcs.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="The file to write; standard output otherwise.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the text, the files and what was lost as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("convert", epilog="Example: mesh contract convert orders.odcs.yaml --to native -o v1.yaml")(convert)
    app.command("export", epilog="Example: mesh contract export orders.order_lines.v1 --to odcs")(export)


def convert(
    file: Annotated[Path, typer.Argument(help="A contract in any of the forms.")],
    to: Form,
    output: Output = None,
    schema: Annotated[str, typer.Option(help="The schema object to take of an ODCS file with several.")] = "",
    domain: Annotated[str, typer.Option(help="The domain, where the file names none.")] = "",
    owner: Annotated[str, typer.Option(help="The owner, where the file names none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write a contract file in another form; what has no place there is listed on standard error, never dropped."""
    from mesh_orchestration.contract import dialects
    from mesh_orchestration.contract.loader import parse_product
    from mesh_orchestration.errors import ContractError
    from mesh_orchestration.settings import Settings

    dialects.named(to)
    source = dialects.read_file(file, root=Settings.load().root, schema=schema)
    for part, key, said in (("metadata", "domain", domain), ("spec", "owner", owner)):
        if said and isinstance(source.value.get(part), dict):
            source.value[part].setdefault(key, said)
    product, findings = parse_product(source.value)
    problems = (*source.problems, *source.findings(findings))
    if product is None or problems:
        raise ContractError(problems)
    _answer(product, dialects.write(product, to), to=to, output=output, as_json=as_json, source=source)


def export(
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    to: Form = "odcs",
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Write a product's contract in another form, for tools that read that form."""
    from mesh_orchestration.contract import dialects
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings

    dialects.named(to)
    product = load_mesh(Settings.load()).product(address)
    _answer(product, dialects.write(product, to), to=to, output=output, as_json=as_json)


def _answer(
    product: DataProduct,
    written: Written,
    *,
    to: str,
    output: Path | None,
    as_json: bool,
    source: Source | None = None,
) -> None:
    """Write or print the text; name what was lost on the way."""
    from mesh_orchestration.cli.output import print_json

    lost = (*(source.lost if source else ()), *written.lost)
    files = _write(written, output) if output else []
    if as_json:
        content = {"text": written.text, "files": written.files} if output is None else {"written": files}
        listed = [{"path": one.path, "value": one.value, "reason": one.reason} for one in lost]
        print_json({"address": product.address, "form": to} | content | {"lost": listed})
        return
    if output is None:
        typer.echo(written.text, nl=False)
        for name, text in written.files.items():
            typer.echo(f"\n# {name}\n{text}", nl=False)
    _list(lost)
    for name in files:
        typer.echo(f"wrote {name}", err=True)


def _write(written: Written, output: Path) -> list[str]:
    """Write the contract, and the files that belong beside it; returns their names."""
    from mesh_orchestration.errors import SettingsError

    names = []
    for path, text in ((output, written.text), *((output.parent / name, text) for name, text in written.files.items())):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}; choose another with -o") from None
        names.append(str(path))
    return names


def _list(lost: tuple[Lost, ...]) -> None:
    if lost:
        typer.echo(f"{len(lost)} {'thing was' if len(lost) == 1 else 'things were'} not kept:", err=True)
    for one in lost:
        typer.echo(f"  {one}", err=True)
