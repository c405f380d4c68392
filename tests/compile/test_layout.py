"""Generated text says what it was made of, a line a column."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.compile.layout import json_text, yaml_text

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
KEYWORDS = {"y", "n", "on", "no", "yes", "off", "true", "false", "null"}  # no key of ours, and none in YAML 1.1
keys = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True).filter(lambda word: word not in KEYWORDS)
scalars = (
    texts | st.booleans() | st.integers(-(10**12), 10**12) | st.none() | st.sampled_from(["yes", "1", "null", "~"])
)


def nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=3) | st.dictionaries(keys, children, max_size=3)


contents = st.dictionaries(keys, st.recursive(scalars, nested, max_leaves=12), min_size=1, max_size=4)


@given(contents)
@settings(max_examples=100)
def test_yaml_says_what_it_was_made_of(content: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_text(content)) == content


@given(contents)
@settings(max_examples=60)
def test_json_says_what_it_was_made_of(content: dict[str, Any]) -> None:
    assert json.loads(json_text(content, opened=tuple(content))) == content


def test_each_column_is_a_line_of_yaml() -> None:
    columns = [{"name": "a", "data_type": "text"}, {"name": "b", "data_type": "numeric(12,2)"}]
    assert yaml_text({"models": [{"name": "lines", "columns": columns}]}) == (
        "models:\n"
        '  - name: "lines"\n'
        "    columns:\n"
        '      - {"name": "a", "data_type": "text"}\n'
        '      - {"name": "b", "data_type": "numeric(12,2)"}\n'
    )


def test_each_column_is_a_line_of_json() -> None:
    assert json_text({"name": "lines", "fields": [{"name": "a"}, {"name": "b"}]}, opened=("fields",)) == (
        '{\n  "name": "lines",\n  "fields": [\n    {"name": "a"},\n    {"name": "b"}\n  ]\n}\n'
    )
