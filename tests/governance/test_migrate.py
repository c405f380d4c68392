from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import regorus

from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.migrate import Migration, migrate
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.governance.opa_server import ROOT

HERE = Settings(ROOT, ROOT / ".mesh")
CURRENCY = """package x

import future.keywords.in

# Orders name a currency.
violation[{"msg": msg}] {
    input.method == "POST"
    not input.body.currency
    msg := "currency is required"
}

violation[{"msg": msg}] { input.body.currency != upper(input.body.currency); msg := "is not upper case" }
"""
ACTIONS = """package x

default allow = false

allow {
    input.action == "create"
    input.schema.fields[_].name == "created_at"
}

allow {
    input.action == "create_topic"
    startswith(input.topic, concat("", [input.domain, "-"]))
}
"""
FORMS = """package x

squares[n] = m { n := input.numbers[_]; m := n * n }
double(n) = m { m := n * 2 }
limit = 3
either { input.a } { input.b }
names["fixed"]
names[name] { name := input.names[_] }
size = "none" { count(input.numbers) == 0 } else = "many" { count(input.numbers) > limit } else = "few" { true }
sums[double(n)] { n := input.numbers[_] }
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Embedded]:
    with Embedded() as engine:
        yield engine


def after(engine: Embedded, body: str) -> Migration:
    return migrate("old.rego", body if body.startswith("package") else f"package x\n\n{body}\n", engine)


def value(text: str, document: Any, *, old: bool) -> Any:
    one = regorus.Engine()
    one.set_rego_v0(old)
    one.add_policy("x.rego", text)
    one.set_input_json(json.dumps(document))
    return json.loads(one.eval_query_as_json("data.x"))["result"][0]["expressions"][0]["value"]


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        (CURRENCY, [{"method": "POST", "body": {"currency": code}} for code in ("EUR", "eur")]),
        (CURRENCY, [{"method": "POST", "body": {}}, {"method": "GET"}]),
        (ACTIONS, [{"action": "create", "schema": {"fields": [{"name": name}]}} for name in ("created_at", "id")]),
        (ACTIONS, [{"action": "create_topic", "domain": "a", "topic": topic} for topic in ("a-b", "ab", "")]),
        (FORMS, [{"numbers": list(range(size)), "names": ["n"], "b": True} for size in (0, 2, 5)]),
        (FORMS, [{"numbers": [], "names": [], "a": True}, {"numbers": [1], "names": []}]),
    ],
)
def test_the_new_text_means_what_the_old_one_did(engine: Embedded, text: str, documents: list[Any]) -> None:
    migration = after(engine, text)

    assert migration.changed
    for document in documents:
        assert value(migration.after, document, old=False) == value(text, document, old=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deny[msg] { msg := input.a }", "deny contains msg if { msg := input.a }"),
        ("deny[msg] {\n\tmsg := 1\n}", "deny contains msg if {\n\tmsg := 1\n}"),
        ('deny[{"m": m}] { m := 1 }', 'deny contains found if { m := 1; found := {"m": m} }'),
        ('deny[{"m": m}] {\n\tm := 1\n}', 'deny contains found if {\n\tm := 1\n\tfound := {"m": m}\n}'),
        ("a { starts_with(input.t, input.p) }", "a if { startswith(input.t, input.p) }"),
        ('a { x := input.d + "-"; x }', 'a if { x := concat("", [input.d, "-"]); x }'),
        ('a { x := "é" + input.d + lower("b" + input.c) }',
         'a if { x := concat("", ["é", input.d, lower(concat("", ["b", input.c]))]) }'),
        ('a if { x := "n" + 1 }', 'a if { x := sprintf("%v%v", ["n", 1]) }'),
        ("a if { x := 1 + 2 }", "a if { x := 1 + 2 }"),
        ("a{ true }", "a if { true }"),
        ("a = 1 { input.b } else = 2 { input.c } else { input.d }",
         "a := 1 if { input.b } else := 2 if { input.c } else if { input.d }"),
        ("a { re_match(`x`, input.b) }", "a if { regex.match(`x`, input.b) }"),
    ],
)  # fmt: skip
def test_only_what_must_change_does(engine: Embedded, old: str, new: str) -> None:
    assert after(engine, old).after == f"package x\n\n{new}\n"


@pytest.mark.parametrize(
    ("old", "line", "said"),
    [
        ("a { not input.b }", 3, "may be negated"),
        ("a { any([true]) }", 3, "'any' is not a function here"),
        ('a { x := ("a" + input.b) + input.c }', 3, "'+' adds numbers only"),
    ],
)
def test_what_is_left_to_a_person_is_named(engine: Embedded, old: str, line: int, said: str) -> None:
    migration = after(engine, old)
    (problem,) = migration.left

    assert (migration.changed, migration.failed, problem.line) == (True, False, line)
    assert said in problem.message


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("a.b[x] { x := 1 }", "say what 'a' is"),
        ("a { every := 3; every > 2 }", "cannot be rewritten without a person"),
        ("a { ]", "expecting }"),
    ],
)
def test_what_cannot_be_rewritten_stays_as_it_is(engine: Embedded, old: str, said: str) -> None:
    migration = after(engine, old)

    assert (migration.failed, migration.changed) == (True, False)
    assert said in migration.left[0].message


def test_new_text_is_left_alone(engine: Embedded) -> None:
    for path in sorted((ROOT / "policies").rglob("*.rego")):
        assert not migrate(path.name, path.read_text(), engine).changed


@pytest.mark.slow
def test_files_are_checked_shown_and_written(tmp_path: Path) -> None:
    fine, old = tmp_path / "fine.rego", tmp_path / "old.rego"
    fine.write_text("package x\n\na := 1\n")
    old.write_text(ACTIONS)
    files = (str(fine), str(old))

    checked = mesh(HERE, "policy", "migrate", "--check", *files)
    assert (checked.code, checked.out.splitlines()) == (1, [f"is fine: {fine}", f"is old: {old}"])
    shown = mesh(HERE, "policy", "migrate", "--diff", *files)
    assert (shown.code, "-allow {\n+allow if {\n" in shown.out) == (0, True)
    assert old.read_text() == ACTIONS

    written = mesh(HERE, "policy", "migrate", "-w", *files)
    assert (written.code, "written" in written.out) == (0, True)
    assert "default allow := false" in old.read_text()
    assert mesh(HERE, "policy", "migrate", "--check", *files).code == 0


@pytest.mark.slow
def test_what_is_no_rego_file_is_said(tmp_path: Path) -> None:
    answer = mesh(HERE, "policy", "migrate", str(tmp_path / "none.rego"))
    assert (answer.code, "cannot be read" in answer.err) == (2, True)

    broken = tmp_path / "broken.rego"
    broken.write_text("package x\n\na { ]\n")
    answer = mesh(HERE, "policy", "migrate", "--json", str(broken))
    assert (answer.code, answer.json["files"][0]["failed"]) == (1, True)
