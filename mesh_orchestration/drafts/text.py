"""A contract as YAML that speaks to the person who finishes it: blanks, comments beside the keys, a list on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from mesh_orchestration.contract.document import Path_, parse_document
from mesh_orchestration.errors import ContractError

_SCHEMA = "# yaml-language-server: $schema=../../contract.schema.json"
_FOLDED = 120
_WIDTH = 10_000  # a suggestion is one line, so that it can be taken over by deleting the '#'


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, as people write contracts."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's name
        super().increase_indent(flow, False)


class _Flow(dict[str, Any]):
    """A mapping written on one line."""


class _FlowList(list[Any]):
    """A list of words, written on one line."""


def _blank(dumper: yaml.SafeDumper, _: None) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:null", "")


def _one_line(dumper: yaml.SafeDumper, value: _Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _words(dumper: yaml.SafeDumper, value: _FlowList) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(type(None), _blank)
_Dumper.add_representer(_FlowList, _words)
_Dumper.add_representer(_Flow, _one_line)


def flow(value: Mapping[str, Any]) -> str:
    """``value`` as YAML on one line, without the outer braces of a single key."""
    (key, inner), *more = value.items()
    assert not more
    text = yaml.dump(inner, Dumper=_Dumper, default_flow_style=True, width=_WIDTH, allow_unicode=True, sort_keys=False)
    return f"{key}: {_quoted(text.strip().removesuffix('...').strip())}"


def counted(count: int, noun: str) -> str:
    """``1 row``, ``1,469,307 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def contract_text(
    product: Mapping[str, Any],
    *,
    top: Sequence[str],
    comments: Mapping[Path_, Sequence[str]],
    blanks: Mapping[str, str],
) -> str:
    """The YAML of ``product`` below the comment lines ``top``.

    ``comments`` stand below the line of their path; a None is a blank, followed by what belongs there
    (``blanks``, by YAML path without indices).
    """
    text = _commented(product, comments, blanks, width=_FOLDED)
    if _said(text) != product:  # a comment came into a text that was folded over two lines
        text = _commented(product, comments, blanks, width=_WIDTH)
    return "\n".join([_SCHEMA, *(f"# {_on_one_line(line)}".rstrip() for line in top), text, ""])


def _said(text: str) -> Any:
    try:
        return parse_document(text, "draft").value
    except ContractError:
        return None


def _commented(
    product: Mapping[str, Any], comments: Mapping[Path_, Sequence[str]], blanks: Mapping[str, str], *, width: int
) -> str:
    body = yaml.dump(
        _shaped(product, ()), Dumper=_Dumper, default_flow_style=False, width=width, allow_unicode=True, sort_keys=False
    )
    lines = _quoted(body).splitlines()
    document = parse_document(body, "draft")
    below: dict[int, list[str]] = defaultdict(list)
    for path, words in comments.items():
        line = document.line(path)
        indent = _indent(lines[line - 1])
        below[line] += [f"{indent}# {_on_one_line(word)}".rstrip() for word in words]
    for path in blank_paths(product):
        line = document.line(path)
        name = ".".join(str(part) for part in path if isinstance(part, str))
        lines[line - 1] = f"{lines[line - 1].rstrip()} # fill in: {blanks.get(name, 'a value')}"
    return "\n".join(part for number, line in enumerate(lines, 1) for part in (line, *below[number]))


def blank_paths(value: Any, path: Path_ = ()) -> list[Path_]:
    """The places of ``value`` that a person must fill in."""
    if value is None:
        return [path]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in blank_paths(item, (*path, key))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in blank_paths(item, (*path, index))]
    return []


def _shaped(value: Any, path: tuple[str, ...]) -> Any:
    """Constraints, checks' arguments and lists of words on one line, everything else in blocks."""
    if isinstance(value, dict):
        if path[-1:] in (("constraints",), ("value",)):
            return _Flow(value)
        return {key: _shaped(item, (*path, str(key))) for key, item in value.items()}
    if not isinstance(value, list | tuple):
        return value
    deep = any(isinstance(item, dict | list | tuple | None) for item in value)
    return [_shaped(item, path) for item in value] if deep else _FlowList(value)


def _on_one_line(text: str) -> str:
    """Text that stays a comment: sources put line breaks and control characters in names, values and SQL."""
    return "".join(char if char.isprintable() else " " for char in text)


def _indent(line: str) -> str:
    """The column where the keys of the mapping stand that ``line`` belongs to."""
    bare = line.lstrip(" ")
    return " " * (len(line) - len(bare) + (2 if bare.startswith("- ") else 0))


def _quoted(text: str) -> str:
    """An unquoted null is nothing in YAML, and the key is written as people write it."""
    return text.replace("'null':", '"null":')
