from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.drafts.text import blank_paths, contract_text

SPOKEN = st.characters(exclude_categories=["Cc", "Cs"])  # a contract holds no control characters
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(SPOKEN, max_size=8) | st.floats(-1, 1)
KEYS = st.sampled_from(["name", "type", "value", "constraints", "null", "list"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
PRODUCTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


@example(product={"value": {"name": None, "value": "a 'b' \U00010000 " * 12}}, words=['"'])  # folded over two lines
@given(product=PRODUCTS, words=st.lists(st.text(max_size=20), max_size=3))
def test_comments_and_blanks_change_nothing_of_what_is_said(product: dict[str, Any], words: list[str]) -> None:
    paths = [path for path in blank_paths(product) if all(isinstance(part, str) for part in path)]
    text = contract_text(product, top=words, comments=dict.fromkeys(paths, tuple(words)), blanks={})
    assert parse_document(text, "draft").value == product


def test_comments_stand_below_their_line_and_blanks_say_what_belongs_there() -> None:
    product = {"spec": {"owner": None, "fields": [{"name": "a", "type": "long", "constraints": {"null": False}}]}}
    comments = {("spec", "fields", 0, "type"): ("observed: 1 … 2", "a\nb")}
    text = contract_text(product, top=("A draft.",), comments=comments, blanks={"spec.owner": "who"})
    assert text.splitlines()[1:] == [
        "# A draft.",
        "spec:",
        "  owner: # fill in: who",
        "  fields:",
        "    - name: a",
        "      type: long",
        "      # observed: 1 … 2",
        "      # a b",
        '      constraints: {"null": false}',
    ]
