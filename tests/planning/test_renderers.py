"""Each format of a plan, read back by a parser of that format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from markdown_it import MarkdownIt
from pydantic import TypeAdapter

import mesh_orchestration.planning.plan as plan_module
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.planning.plan import Counts, Finding, Plan, ProductPlan
from mesh_orchestration.planning.renderers import View, formats, renderer
from mesh_orchestration.planning.rules import RULES
from tests.builders import FIELDS, product
from tests.planning.repository import repository_at
from tests.planning.test_plan import REVENUE, lines, shop, without

SCHEMA = Path(plan_module.__file__).parent / "plan.schema.json"
NASTY = "a|b `c` <script>x</script> *d* _e_ [f](http://g) @team \x1b[31m\x00 <br>\nnew"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan with everything in it: added, changed and rebuilt products, consumers, tables, an error."""
    tree = shop(tmp_path_factory.mktemp("mesh"), lines(fields={**FIELDS, "n": "integer"}), REVENUE)
    tree.write(lines("1.1.0", fields={**without("amount"), "n": "long"}), product("customers.people.v1"))
    tree.file("dbt_projects/billing/models/revenue.sql", "select 1 as total from {{ source('landing','order_lines') }}")
    return tree.plan()


def nasty() -> Plan:
    """A plan whose words try to be markup."""
    finding = Finding("contract-broken", "error", "a.b.v1", f"contracts/{NASTY}", 3, "x", NASTY, NASTY)
    one = ProductPlan("a.b.v1", "added", NASTY, "contracts/a/b/v1.yaml", after="1.0.0", notes=(NASTY,))
    return Plan(NASTY, "c" * 40, Counts(added=1), products=(one,), generated=(NASTY,), findings=(finding,))


def rendered(word: str, plan: Plan, **view: Any) -> str:
    return renderer(word)(plan, View(**view))


def test_every_file_is_a_format() -> None:
    assert formats() == ("json", "junit", "markdown", "sarif", "table")


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="'jsn' is not a format of a plan; did you mean 'json'"):
        renderer("jsn")


def test_json_is_the_plan_and_keeps_its_schema(found: Plan) -> None:
    said = json.loads(rendered("json", found))
    jsonschema.validate(said, json.loads(SCHEMA.read_text()))
    assert (said["format"], said["refused"], said["counts"]["changed"]) == ("mesh-plan/1", True, 1)
    assert [one["address"] for one in said["products"]] == [one.address for one in found.products]
    jsonschema.validate(json.loads(rendered("json", nasty())), json.loads(SCHEMA.read_text()))


def test_the_schema_of_the_json_is_what_the_code_writes() -> None:
    """The file is an interface: who changes it on purpose writes it anew and raises FORMAT when a key goes."""
    schema = TypeAdapter(Plan).json_schema(mode="serialization")
    schema["properties"] = {"refused": {"type": "boolean"}, **schema["properties"]}
    schema["required"] = ["format", "refused", *schema["required"]]
    written = json.loads(SCHEMA.read_text())
    assert {key: written[key] for key in schema} == schema


def test_sarif_has_what_the_standard_requires(found: Plan) -> None:
    document = json.loads(rendered("sarif", found))
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (document["version"], [rule["id"] for rule in driver["rules"]]) == ("2.1.0", list(RULES))
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
    breaking = next(result for result in run["results"] if result["ruleId"] == "breaking-change")
    place = breaking["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "contracts/orders/order_lines/v1.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] > 1


def test_sarif_names_files_from_the_top_of_the_repository() -> None:
    plan = Plan(
        "main", "c", Counts(), folder="mesh/", findings=(Finding("contract-broken", "error", "", "a b", 1, "", "x"),)
    )
    (result,) = json.loads(rendered("sarif", plan))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "mesh/a%20b"


def test_junit_has_one_case_a_product(found: Plan) -> None:
    suites = ET.fromstring(rendered("junit", found))
    cases = suites.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == [one.address for one in found.products]
    assert (suites.get("tests"), suites.get("failures")) == (str(len(cases)), "1")
    (failed,) = (case for case in cases if case.find("failure") is not None)
    failure = failed.find("failure")
    assert failure is not None
    assert (failed.get("name"), failure.get("type")) == ("orders.order_lines.v1", "breaking-change")


def test_junit_of_no_change_is_one_passed_case() -> None:
    suites = ET.fromstring(rendered("junit", Plan("main", "c", Counts(unchanged=9))))
    assert [case.get("name") for case in suites.findall("testsuite/testcase")] == ["mesh"]
    assert suites.get("failures") == "0"


def test_markdown_is_a_table_and_folded_details(found: Plan) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(rendered("markdown", found))
    rows = [token for token in tokens if token.type == "tr_open"]
    opened = [token.content for token in tokens if token.type == "html_block"]
    assert len(rows) == 1 + len(found.products)
    assert sum("<details>" in text for text in opened) == sum("</details>" in text for text in opened) > 0


def test_markdown_shows_words_as_words() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(rendered("markdown", nasty()))
    assert "<script>" not in html
    assert "<em>" not in html
    assert "<a " not in html


def test_markdown_stays_within_what_a_comment_may_hold() -> None:
    many = tuple(Finding("contract-broken", "error", "", "f", 1, "", f"{n} " + "x" * 200) for n in range(1000))
    text = rendered("markdown", Plan("main", "c", Counts(), findings=many, generated=("y",)))
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")
    assert text.endswith("the rest is in `mesh plan`\n")


def test_the_table_has_colours_only_when_it_may(found: Plan) -> None:
    assert "\x1b[" not in rendered("table", found)
    assert "\x1b[" in rendered("table", found, color=True)
    assert max(map(len, rendered("table", found, width=100).splitlines())) <= 100


def test_the_table_names_every_product_and_every_error(found: Plan) -> None:
    text = " ".join(rendered("table", found, width=200).split())
    assert all(one.address in text for one in found.products)
    assert all(" ".join(one.message.split()) in text for one in found.errors)
    assert text.endswith(f"refused: {len(found.errors)} finding to mend first")


def test_the_table_of_no_change_is_two_lines(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    assert rendered("table", tree.plan()).splitlines()[1:] == ["nothing changes"]


@pytest.mark.parametrize("word", formats())
def test_no_word_of_a_contract_breaks_a_format(word: str) -> None:
    text = rendered(word, nasty())
    assert "\x1b" not in text
    assert "\x00" not in text
