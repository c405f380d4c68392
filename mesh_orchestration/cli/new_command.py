"""``mesh new``: domains, products, checks, rules and whole meshes from templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.scaffold.result import Result

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; what is not given is the default.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Try it, say what would be written, write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was written as JSON; nothing is asked.")]
Owner = Annotated[str, typer.Option(help="Who answers for it: an e-mail address, or team:name.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    new = typer.Typer(
        no_args_is_help=True,
        help="Make a domain, a product, a check, a rule or a mesh from a template. Nothing existing is overwritten.",
        epilog="Example: mesh new product returns.returned_items --from returns.csv",
    )
    new.command("domain", epilog="Example: mesh new domain returns --owner team-returns@company.io --yes")(domain)
    new.command("product", epilog="Example: mesh new product returns.returned_items --from returns.csv --yes")(product)
    new.command("check", epilog="Example: mesh new check returns.returned_items --column reason --yes")(check)
    new.command("rule", epilog="Example: mesh new rule has_retention --requires spec.retention --yes")(rule)
    new.command("mesh", epilog="Example: mesh new mesh ~/our-mesh --yes")(mesh)
    app.add_typer(new, name="new")


def domain(  # noqa: PLR0913 - the options of a command are its parameters
    name: Annotated[str, typer.Argument(help="The domain's name: lower-case letters and digits.")],
    owner: Owner = "",
    description: Annotated[str, typer.Option(help="What the domain is about, for its README.")] = "",
    engine: Annotated[str, typer.Option(help="Where its models run in CI: duckdb or postgresql.")] = "",
    team: Annotated[str, typer.Option(help="Who reviews changes to it: a handle for CODEOWNERS.")] = "",
    update: Annotated[bool, typer.Option("--update", help="Merge what has changed in the template since.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a domain: its dbt project, README, code owners and CI for GitHub and GitLab."""
    from mesh_orchestration.scaffold.domain import new_domain
    from mesh_orchestration.scaffold.update import update_domain

    settings = Settings.load()
    given = {"owner": owner, "description": description, "engine": engine, "team": team}

    def make() -> Result:
        if update:
            return update_domain(settings, name)
        return new_domain(settings, name, _said(given), interactive=_interactive(yes, as_json))

    _finish(settings.root, make, dry_run=dry_run, as_json=as_json)


def product(  # noqa: PLR0913 - as above
    address: Annotated[str, typer.Argument(help="domain.product, or domain.product.v2 for its next major.")],
    source: Annotated[
        str, typer.Option("--from", help="What shows its columns: a file, a schema, a table, a contract or an address.")
    ] = "",
    pattern: Annotated[str, typer.Option(help="How rows come: batch, postgres-cdc, kafka or data-product.")] = "",
    upstream: Annotated[str, typer.Option(help="The product it reads (data-product).")] = "",
    table: Annotated[str, typer.Option(help="The table it reads, as schema.table (postgres-cdc).")] = "",
    topic: Annotated[str, typer.Option(help="The topic it reads (kafka).")] = "",
    description: Annotated[str, typer.Option(help="What one row is: 'One row per …'.")] = "",
    owner: Owner = "",
    fields: Annotated[str, typer.Option(help="Its columns as 'id:long, name:string', when nothing shows them.")] = "",
    key: Annotated[str | None, typer.Option(help="The columns that tell rows apart, separated by commas.")] = None,
    pii: Annotated[str | None, typer.Option(help="Columns about persons: 'email:hash, name:redact'.")] = None,
    sla: Annotated[str, typer.Option(help="quarter-hourly, hourly, daily or weekly.")] = "",
    event_time: Annotated[str | None, typer.Option(help="The column that says when a row happened.")] = None,
    retention: Annotated[str | None, typer.Option(help="How long rows are kept, as 365d.")] = None,
    roles: Annotated[str | None, typer.Option(help="The roles that may read it, separated by commas.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Merge what has changed in the template since.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a product: contract, models, tests and sample; its file is delivered to the landing folder."""
    from mesh_orchestration.scaffold.product import new_product
    from mesh_orchestration.scaffold.update import update_product

    settings = Settings.load()
    given = _said(
        {"origin": source, "pattern": pattern, "upstream": upstream, "table": table, "topic": topic,
         "description": description, "owner": owner, "fields": fields, "sla": sla}
    )  # fmt: skip
    emptied = {"key": key, "pii": pii, "event_time": event_time, "retention": retention, "roles": roles}
    given |= {name: said for name, said in emptied.items() if said is not None}

    def make() -> Result:
        if update:
            return update_product(settings, address)
        return new_product(settings, address, given, interactive=_interactive(yes, as_json))

    _finish(settings.root, make, dry_run=dry_run, as_json=as_json)


def check(  # noqa: PLR0913 - as above
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    expectation: Annotated[str, typer.Option(help="Great Expectations' name; not null when left out.")] = "",
    column: Annotated[str, typer.Option(help="The column it is about.")] = "",
    value: Annotated[str, typer.Option(help="Its arguments, as 'min_value: 0, max_value: 10'.")] = "",
    threshold: Annotated[str, typer.Option(help="The share of rows that must keep it, as 99.9%.")] = "",
    severity: Annotated[str, typer.Option(help="error stops publication, warn reports.")] = "",
    description: Annotated[str, typer.Option(help="Why, in one sentence.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a check to a product's contract; every other line of it stays as it is."""
    from mesh_orchestration.scaffold.check import new_check

    settings = Settings.load()
    given = {"expectation": expectation, "column": column, "value": value, "threshold": threshold,
             "severity": severity, "description": description}  # fmt: skip
    interactive = _interactive(yes, as_json)
    _finish(
        settings.root,
        lambda: new_check(settings, address, _said(given), interactive=interactive),
        dry_run=dry_run,
        as_json=as_json,
    )


def rule(  # noqa: PLR0913 - as above
    name: Annotated[str, typer.Argument(help="Its name and file, in lower case with _: has_retention.")],
    requires: Annotated[str, typer.Option(help="What must be said: a path of the contract, a key of a message.")] = "",
    kind: Annotated[str, typer.Option(help="What it judges: product or payload.")] = "",
    domain_: Annotated[str, typer.Option("--domain", help="The only domain it holds for; all when left out.")] = "",
    code: Annotated[str, typer.Option(help="Its code, such as RET-002; the next free one when left out.")] = "",
    title: Annotated[str, typer.Option(help="What it asks for, in one sentence.")] = "",
    why: Annotated[str, typer.Option(help="Why.")] = "",
    fix: Annotated[str, typer.Option(help="What one does to keep it.")] = "",
    owner: Owner = "",
    mode: Annotated[str, typer.Option(help="How it begins: warn, deny or dry-run.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a guardrail with its test, and say which products do not keep it."""
    from mesh_orchestration.scaffold.rule import new_rule

    settings = Settings.load()
    given = _said(
        {"requires": requires, "kind": kind, "code": code, "title": title, "why": why, "fix": fix, "owner": owner,
         "mode": mode}
    )  # fmt: skip
    interactive = _interactive(yes, as_json)
    _finish(
        settings.root,
        lambda: new_rule(settings, name, given, domain=domain_, interactive=interactive),
        dry_run=dry_run,
        as_json=as_json,
    )


def mesh(
    folder: Annotated[Path, typer.Argument(help="Where; an empty or new folder.")] = Path(),
    name: Annotated[str, typer.Option(help="What the mesh is called; the folder's name when left out.")] = "",
    owner: Annotated[str, typer.Option(help="Who runs it: a handle for CODEOWNERS.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make an empty mesh: workspace, Dagster instance, Makefile, folders for contracts, models and policies."""
    from mesh_orchestration.scaffold.mesh import new_mesh

    root = folder.expanduser().resolve()
    given = _said({"name": name, "owner": owner})
    interactive = _interactive(yes, as_json)
    _finish(root, lambda: new_mesh(root, given, interactive=interactive), dry_run=dry_run, as_json=as_json)


def _said(answers: dict[str, str]) -> dict[str, str]:
    return {name: said for name, said in answers.items() if said}


def _interactive(yes: bool, as_json: bool) -> bool:
    import sys

    return not yes and not as_json and sys.stdin.isatty() and sys.stdout.isatty()


def _finish(root: Path, make: Callable[[], Result], *, dry_run: bool, as_json: bool) -> None:
    """Make it, write it unless it is a dry run, and say what came of it. Exit 1 when a person must finish it."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.scaffold.names import AnswerError
    from mesh_orchestration.scaffold.result import write

    try:
        result = make()
    except AnswerError as error:
        raise typer.BadParameter(str(error)) from None
    if not dry_run:
        write(result, root)
    if as_json:
        print_json(_as_json(result, written=not dry_run))
    else:
        _print(root, result, dry_run=dry_run)
    raise typer.Exit(1 if result.conflicts or result.findings else 0)


def _as_json(result: Result, *, written: bool) -> dict[str, object]:
    return {
        "name": result.name,
        "written": written,
        "created": [change.path for change in result.changes if change.is_new],
        "changed": [change.path for change in result.changes if not change.is_new],
        "delivered": [str(delivery.target) for delivery in result.deliveries],
        "conflicts": list(result.conflicts),
        "findings": list(result.findings),
        "notes": list(result.notes),
        "to_decide": list(result.to_decide),
        "next_steps": list(result.next_steps),
    }


def _print(root: Path, result: Result, *, dry_run: bool) -> None:
    from rich.markup import escape

    from mesh_orchestration.cli.app import console

    if result.changes and Path.cwd() != root:
        console.print(f"in {escape(str(root))}", highlight=False, soft_wrap=True)
    would = "would be " if dry_run else ""
    for change in result.changes:
        mark = f"[green]{would}created[/]" if change.is_new else f"[yellow]{would}changed[/]"
        console.print(f"{mark} {escape(change.path)}", highlight=False, soft_wrap=True)
    for delivery in result.deliveries:
        target = _shown(delivery.target, root)
        what = f"delivered[/] {escape(str(delivery.file))} to" if delivery.file else "made[/] the folder"
        console.print(f"[green]{would}{what} {escape(target)}", highlight=False, soft_wrap=True)
    for path in result.conflicts:
        console.print(f"[red]conflict[/] {escape(path)}: finish it between <<<<<<< and >>>>>>>", highlight=False)
    for finding in result.findings:
        console.print(f"[red]denied[/] {escape(finding)}", highlight=False, soft_wrap=True)
    for note in result.notes:
        console.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    for line in result.to_decide:
        console.print(f"[yellow]decide[/] {escape(line)}", highlight=False, soft_wrap=True)
    if not result.changes:
        console.print("[green]everything is up to date[/]")
    for step in () if dry_run else result.next_steps:
        console.print(f"next: [bold]{escape(step)}[/]", highlight=False, soft_wrap=True)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
