"""One more check in a contract: everything else in the file stays, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.check import new_check, with_check
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.result import write
from tests.orchestration.shop import shop_at

ROOT = Path(__file__).parents[2]
CONTRACTS = sorted((ROOT / "contracts").glob("*/*/v*.yaml"))
ITEM = "- {column: COLUMN, assertion: expect_column_values_to_not_be_null, severity: warn}\n"


def loaded_checks(text: str) -> list[str]:
    product, findings = parse_product(parse_document(text, "v1.yaml").value)
    assert product is not None
    assert findings == []
    return [check.assertion for check in product.spec.quality.checks]


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parent.name)
def test_a_check_is_added_at_the_end_of_those_of_every_contract(path: Path) -> None:
    text = path.read_text()
    product, _ = parse_product(parse_document(text, path.name).value)
    assert product is not None
    item = ITEM.replace("COLUMN", product.fields[-1].name)
    after = with_check(text, path.name, item)
    assert loaded_checks(after) == [*loaded_checks(text), "expect_column_values_to_not_be_null"]
    added = f"{' ' * 6}{item}"
    assert after.replace(added, "", 1) == text


WITHOUT = """apiVersion: datamesh.io/v1
kind: DataProduct
metadata: {name: orders, domain: orders, version: 1.0.0}
spec:
  owner: team:orders
  schema:
    fields:
      - {name: id, type: long}
      # the end
  sla: {freshness: 1h}
"""


def test_a_contract_without_checks_gets_a_section() -> None:
    after = with_check(WITHOUT, "v1.yaml", ITEM.replace("COLUMN", "id"))
    assert loaded_checks(after) == ["expect_column_values_to_not_be_null"]
    assert after.splitlines()[-4:-1] == ["  quality:", "    checks:", f"      {ITEM.replace('COLUMN', 'id')}".rstrip()]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{WITHOUT}  quality: {{checks: [{{assertion: expect_table_row_count_to_equal}}]}}\n", "on one line"),
        (f"{WITHOUT}  quality: {{checks: []}}\n", "without checks"),
        ("name: orders\ndomain: orders\n", "native form"),
    ],
)
def test_a_contract_written_otherwise_is_left_to_a_person(text: str, said: str) -> None:
    with pytest.raises(MeshError, match=said):
        with_check(text, "v1.yaml", ITEM)


def test_a_check_is_added_with_its_arguments(tmp_path: Path) -> None:
    settings = shop_at(tmp_path)
    given = {
        "expectation": "expect_column_values_to_be_between", "column": "amount",
        "value": "min_value: 0, max_value: 10", "threshold": "99%", "severity": "warn", "description": "Cheap.",
    }  # fmt: skip
    write(new_check(settings, "orders.order_lines", given), tmp_path)
    check = load_mesh(settings).product("orders.order_lines").spec.quality.checks[-1]
    assert (check.assertion, check.column, check.threshold, check.severity) == (
        "expect_column_values_to_be_between", "amount", 0.99, "warn"
    )  # fmt: skip
    assert check.value == {"min_value": 0, "max_value": 10}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"column": "amont"}, "did you mean 'amount'"),
        ({"expectation": "expect_nothing"}, "expect_nothing"),
        ({"column": "amount", "value": "[1"}, "is not a list of arguments"),
    ],
)
def test_a_wrong_answer_is_explained(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        new_check(shop_at(tmp_path), "orders.order_lines", given)
