"""``mesh policy``: the guardrails of the mesh. Each further file ``policy_<word>_command.py`` here adds a command."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.cli.options import AsJson

if TYPE_CHECKING:
    from mesh_orchestration.governance.bundle import Rule
    from mesh_orchestration.governance.testing import TestRun

policy_app = typer.Typer(
    name="policy",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="See, explain, test and evaluate the guardrails in policies/.",
    epilog="Example: mesh policy explain SLA-001",
)
for _path in sorted(Path(__file__).parent.glob("policy_*_command.py")):
    import_module(f"mesh_orchestration.cli.{_path.stem}").register(policy_app)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    policy_app.command("list", epilog="Example: mesh policy list")(list_)
    policy_app.command("explain", epilog="Example: mesh policy explain SLA-001")(explain)
    policy_app.command("test", epilog="Example: mesh policy test")(check_policies)
    policy_app.command("eval", epilog="Example: mesh policy eval CUR-001 message.json")(eval_)
    app.add_typer(policy_app)


def list_(as_json: AsJson = False) -> None:
    """Every rule: its code, its mode today, whom it concerns, what it asks for; exit 2 when a policy cannot be read.

    As long as one cannot be read, everything is denied.
    """
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.errors import PolicyError
    from mesh_orchestration.governance.bundle import load_bundle
    from mesh_orchestration.governance.syntax import syntax_problems
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    bundle = load_bundle(settings.root)
    problems = syntax_problems(bundle.policies)
    today = settings.now().date()
    if as_json:
        rules = [_plain(rule) | {"mode": rule.metadata.mode(today)} for rule in bundle.rules]
        print_json({"hash": bundle.hash, "rules": rules, "problems": list(problems)})
        raise typer.Exit(2 if problems else 0)
    table = Table("code", "mode", "concerns", "rule", box=None, header_style="bold")
    for rule in bundle.rules:
        table.add_row(rule.code, rule.metadata.mode(today), rule.policy.domain or "all", rule.metadata.title)
    console.print(table)
    console.print(f"[dim]bundle {bundle.hash[:12]}, {len(bundle.rules)} rules[/]")
    if problems:
        raise PolicyError("everything is denied as long as a policy cannot be read:", problems=problems)


def explain(
    code: Annotated[str, typer.Argument(help="The code of a rule, as findings show it.")], as_json: AsJson = False
) -> None:
    """What a rule asks for and why, how to keep it, and who answers for it."""
    from rich.markup import escape

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.wording import suggestion
    from mesh_orchestration.errors import MeshError
    from mesh_orchestration.governance.bundle import load_bundle
    from mesh_orchestration.settings import Settings

    bundle = load_bundle(Settings.load().root)
    rule = bundle.rule(code)
    if rule is None:
        raise MeshError(f"no rule has the code {code}{suggestion(code.upper(), [rule.code for rule in bundle.rules])}")
    if as_json:
        return print_json(_plain(rule))
    said = rule.metadata
    console.print(f"[bold]{rule.code}[/] {escape(said.title)}\n", highlight=False)
    console.print(escape(said.description.strip()), highlight=False)
    console.print(f"\n[bold]fix[/]    {escape(said.custom.fix)}", highlight=False)
    if said.custom.example:
        console.print(f"[bold]example[/]\n{escape(said.custom.example.rstrip())}", highlight=False)
    stages = ", ".join(f"{one.mode} since {one.since}" if one.since else one.mode for one in said.custom.rollout)
    console.print(f"[bold]mode[/]   {stages or 'deny'}", highlight=False)
    console.print(f"[bold]owner[/]  {said.custom.owner}\n[bold]rule[/]   {rule.policy.file}", highlight=False)
    return None


def check_policies(as_json: AsJson = False) -> None:
    """Lint the Rego, run every test_* rule and show what they do not reach; exit 1 unless all is green and reached."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.governance.bundle import load_bundle, with_examples
    from mesh_orchestration.governance.engine import Embedded
    from mesh_orchestration.governance.linter import lint_policies
    from mesh_orchestration.governance.testing import run_tests
    from mesh_orchestration.settings import Settings

    root = Settings.load().root
    bundle = with_examples(load_bundle(root), root)
    with Embedded() as engine:
        problems = lint_policies(bundle, engine)
        if problems and as_json:
            print_json({"problems": list(problems)})
        if problems:
            for problem in () if as_json else problems:
                console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1)
        run = run_tests(bundle, engine)
    if as_json:
        print_json({"results": list(run.results), "uncovered": run.uncovered, "coverage": run.coverage})
    else:
        _print_tests(run)
    raise typer.Exit(0 if run.ok else 1)


def eval_(
    code: Annotated[str, typer.Argument(help="The code of a rule.")],
    file: Annotated[Path, typer.Argument(help="A JSON or YAML file with the input; '-' reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """What a rule finds in an input of your own; exit 1 when it finds something.

    For a rule on payloads the file is the payload itself.
    """
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.governance.evaluate import evaluate
    from mesh_orchestration.settings import Settings

    verdicts = evaluate(Settings.load(), code, file)
    if as_json:
        print_json({"verdicts": list(verdicts)})
    for verdict in () if as_json else verdicts:
        console.print(f"{verdict.path}: {verdict.message}", markup=False, highlight=False, soft_wrap=True)
    if not verdicts and not as_json:
        console.print("[green]nothing found[/]")
    raise typer.Exit(1 if verdicts else 0)


def _plain(rule: Rule) -> dict[str, Any]:
    said = rule.metadata.model_dump(mode="json")
    return {"code": rule.code, "file": rule.policy.file, "domain": rule.policy.domain, **said.pop("custom"), **said}


def _print_tests(run: TestRun) -> None:
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.governance.testing import slowest

    for result in run.failed:
        console.print(f"[red]failed[/] {result.policy} {result.name}: {result.problem}", highlight=False)
    for file, lines in run.uncovered.items():
        where = ", ".join(map(str, lines))
        console.print(f"[red]no test reaches[/] {file} line {where}", highlight=False)
    passed = len(run.results) - len(run.failed)
    console.print(
        f"{passed} of {len(run.results)} tests passed, {run.coverage:.0%} of the rules covered", highlight=False
    )
    for result in slowest(run, 3):
        console.print(f"[dim]{result.seconds * 1000:6.2f} ms {result.policy} {result.name}[/]", highlight=False)
