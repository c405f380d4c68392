"""Keys in one order: comments move with their keys, nothing else changes, and what is in order stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.layout import in_order
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from tests.contract.dialects.products import products

ROOT = Path(__file__).resolve().parent.parent.parent
DISORDER = """\
# yaml-language-server: $schema=../../contract.schema.json
# The head stays.
kind: DataProduct
# the form
apiVersion: datamesh.io/v1

spec:
  # the columns
  schema:
    fields:
      # the key
      - description: >-
          The key,

          folded.
        # what it is
        type: long
        name: id   # its name
        # deeper than the dash
      - {type: string, name: code, constraints: {max: "3", "null": false}}
      - name: x
        type: string
        constraints: {
          min_length: 1, null: false }

  owner: "team:x" # who
    # below the owner

# about the product
metadata:
  version: 1.0.0
  name: x
  domain: y
# the end
"""
ORDER = """\
# yaml-language-server: $schema=../../contract.schema.json
# The head stays.
# the form
apiVersion: datamesh.io/v1
kind: DataProduct

# about the product
metadata:
  name: x
  domain: y
  version: 1.0.0

spec:

  owner: "team:x" # who
    # below the owner
  # the columns
  schema:
    fields:
      # the key
      - name: id   # its name
        # what it is
        type: long
        description: >-
          The key,

          folded.
        # deeper than the dash
      - {name: code, type: string, constraints: {"null": false, max: "3"}}
      - name: x
        type: string
        constraints: {
          min_length: 1, null: false }
# the end
"""


def ordered(text: str) -> str:
    form = dialects.detect(parse_document(text, "v1.yaml").value)
    return in_order(text, "v1.yaml", dialects.named(form).keys)


def test_keys_are_put_in_order_with_their_comments_and_words_as_they_were_written() -> None:
    assert ordered(DISORDER) == ORDER


def test_what_is_in_order_is_left_to_the_letter() -> None:
    assert ordered(ORDER) == ORDER
    for path in (ROOT / "contracts").glob("*/*/v*.yaml"):
        assert ordered(path.read_text()) == path.read_text()


def test_a_comment_above_the_first_key_of_an_item_stays_above_the_item() -> None:
    text = "metadata: {name: x}\nspec:\n  inputs:\n    - type: batch\n      # the name\n      name: x\n"
    assert ordered(f"kind: DataProduct\n{text}").endswith(
        "  inputs:\n    # the name\n    - name: x\n      type: batch\n"
    )


def test_line_ends_of_windows_and_a_missing_last_one_do_no_harm() -> None:
    assert ordered("kind: DataProduct\r\napiVersion: datamesh.io/v1\r\n") == (
        "apiVersion: datamesh.io/v1\r\nkind: DataProduct\r\n"
    )
    assert ordered("kind: DataProduct\napiVersion: datamesh.io/v1") == "apiVersion: datamesh.io/v1\nkind: DataProduct\n"


def test_each_form_has_its_own_order() -> None:
    assert ordered("owner: a@b.io\ndomain: web\nname: x\nsla: {completeness: 1, freshness: 1h}\n") == (
        "name: x\ndomain: web\nowner: a@b.io\nsla: {freshness: 1h, completeness: 1}\n"
    )
    assert ordered("kind: DataContract\nschema:\n- properties: []\n  name: x\napiVersion: v3.1.0\n") == (
        "apiVersion: v3.1.0\nkind: DataContract\nschema:\n- name: x\n  properties: []\n"
    )


@pytest.mark.parametrize("text", ["a: [1\n", "kind: DataProduct\nkind: x\n", "a: &x 1\nb: *x\n"])
def test_a_file_that_is_no_contract_is_not_touched(text: str) -> None:
    with pytest.raises(ContractError):
        ordered(text)


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(draw, value[key]) for key in draw(st.permutations(list(value)))}
    return [shuffled(draw, item) for item in value] if isinstance(value, list) else value


@st.composite
def disordered(draw: st.DrawFn) -> str:
    """A contract with its keys in any order and comments above any of its lines."""
    product: DataProduct = draw(products())
    written = dialects.write(product, draw(st.sampled_from(["native", "odcs"])))
    value = shuffled(draw, parse_document(written.text, "v1.yaml").value)
    flow = draw(st.sampled_from([False, None]))
    text = yaml.safe_dump(value, sort_keys=False, width=100_000, default_flow_style=flow, allow_unicode=True)
    lines = []
    for number, line in enumerate(text.splitlines()):
        if draw(st.integers(0, 3)) == 0 and line.strip():
            lines.append(f"{' ' * (len(line) - len(line.lstrip()))}# {number}")
        lines.append(line)
    return "\n".join(lines) + "\n"


def above(text: str) -> dict[str, str]:
    """Each comment and the key that it stands above; nothing for one above the item of a list."""
    result: dict[str, str] = {}
    waiting: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("# "):
            waiting.append(line.strip())
            continue
        item = line.lstrip().startswith("- ")
        result |= dict.fromkeys(waiting, "" if item else line.strip().partition(":")[0])
        waiting = []
    return result


@given(disordered())
@settings(max_examples=60)
def test_meaning_and_comments_survive_whatever_the_order_was(text: str) -> None:
    result = ordered(text)
    assert parse_document(result, "v1.yaml").value == parse_document(text, "v1.yaml").value
    assert ordered(result) == result
    before, after = above(text), above(result)
    assert after.keys() == before.keys()
    parted = {comment for comment in before if before[comment] != after[comment] and before[comment] and after[comment]}
    assert parted <= {"# 0"}  # what stands at the head of the file stays there
