"""One YAML file, read with suspicion: its plain value, and the line of every path on demand.

Contracts are written by many teams, so the reader refuses what a contract never needs and a reader
of contracts gets wrong: aliases, merge keys, language tags, duplicate keys, deep nesting.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs do not export it
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from mesh_orchestration.errors import ContractError, Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
_FEW_OPENERS = 500  # fewer than this cannot nest deep enough to hurt the parser
_SUSPICIOUS = re.compile(r"&|^[ ]{200}|^(?:[ ]*[-?:][ ]){20}", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that steer a terminal or end a line elsewhere than it shows; YAML lets them in as escapes."""
_TAG = "tag:yaml.org,2002:"

Path_ = tuple[str | int | None, ...]
"""Keys and indices from the top of a document to a value."""


class _Composer(CParser, Resolver):
    """The C parser with YAML's own rules for what a plain word means, and no object construction."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Resolver.__init__(self)


def yaml_path(path: Path_) -> str:
    """``spec.schema.fields[2].type``, as messages write it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{'null' if part is None else part}"
    return text.removeprefix(".")


@dataclass(frozen=True)
class Document:
    """A read file: ``file`` as messages name it, ``value`` its mapping, ``problems`` what is odd but readable."""

    file: str
    value: dict[Any, Any]
    node: MappingNode
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path_) -> int:
        """The line (from 1) of ``path``, or of the nearest part of it that is written."""
        node: Node = self.node
        line = int(node.start_mark.line)
        for part in path:
            step = _step(node, part)
            if step is None:
                break
            node, line = step
        return line + 1

    def problem(self, path: Path_, message: str) -> Problem:
        """``message`` about ``path`` as a Problem of this file."""
        return Problem(self.file, self.line(path), yaml_path(path), message)


def read_document(path: Path, *, root: Path) -> Document:
    """The document in ``path``; raises ContractError when it cannot be read as one YAML mapping.

    Messages name the file relative to ``root``; a file that leads out of ``root`` is refused.
    """
    path = root / path
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return parse_document(read_text(path, root, file), file)


def parse_document(text: str, file: str) -> Document:
    """The document that ``text`` is; raises ContractError, whose problems name ``file``, when it is no YAML mapping."""
    if _SUSPICIOUS.search(text) or text.count("[") + text.count("{") > _FEW_OPENERS:
        _refuse_traps(text, file)
    try:
        node = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        raise ContractError((_unreadable(error, text, file),)) from None
    if not isinstance(node, MappingNode):
        found = "nothing" if node is None else "a list" if isinstance(node, SequenceNode) else "a single value"
        raise ContractError((Problem(file, 1, "", f"found {found}, expected a mapping that starts 'apiVersion:'"),))
    problems: list[Problem] = []
    value = _mapping(node, (), file, problems)
    return Document(file, value, node, tuple(problems))


def read_text(path: Path, root: Path, file: str) -> str:
    """The text of ``path``; raises ContractError naming ``file`` unless it is UTF-8, small and below ``root``."""
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            raise ContractError((Problem(file, 1, "", f"leads out of the mesh to {path.resolve()}; keep a real file"),))
        state = path.stat()
        if not stat.S_ISREG(state.st_mode) and not stat.S_ISDIR(state.st_mode):
            raise ContractError((Problem(file, 1, "", "is no file but a pipe, a socket or a device"),))
        if state.st_size > MAX_BYTES:
            limit = MAX_BYTES // 1024 // 1024
            raise ContractError((Problem(file, 1, "", f"is over {limit} MiB, which no contract needs"),))
        raw = path.read_bytes()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "a symbolic link leads to itself"
        raise ContractError((Problem(file, 1, "", f"cannot be read: {reason}"),)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ContractError((Problem(file, line, "", message),)) from None


def _refuse_traps(text: str, file: str) -> None:
    """Walk the parser's events (no recursion, nothing built) before anything is composed."""
    depth = 0
    try:
        for event in _events(text):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent):
                message = f"'*{event.anchor}' is an alias; a contract has none, write the value out"
                raise ContractError((Problem(file, line, "", message),))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise ContractError((Problem(file, line, "", f"nests deeper than {MAX_DEPTH} levels"),))
    except yaml.YAMLError as error:
        raise ContractError((_unreadable(error, text, file),)) from None


def _events(text: str) -> Iterator[yaml.Event]:
    parser = _Composer(text)
    while parser.check_event():
        if event := parser.get_event():
            yield event


def _unreadable(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    if mark and "\t" in _leading_space(text, mark.line):
        return Problem(file, line, "", "a tab indents this line; YAML is indented with spaces")
    if "single document" in str(error) or "another document" in what:
        return Problem(file, line, "", "a second document starts here ('---'); a contract is one document a file")
    return Problem(file, line, "", f"is not YAML: {what}")


def _leading_space(text: str, line: int) -> str:
    content = text.split("\n")[line] if line < text.count("\n") + 1 else ""
    return content[: len(content) - len(content.lstrip())]


def _step(node: Node, part: str | int | None) -> tuple[Node, int] | None:
    """The node under ``part`` and its line from 0; a key's line is that of the key."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and (key.value == part or (part in (None, "null") and _is_null(key))):
                return value, int(key.start_mark.line)
    elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, int(item.start_mark.line)
    return None


def _is_null(node: ScalarNode) -> bool:
    return bool(node.tag == f"{_TAG}null")


def _value(node: Node, path: Path_, file: str, problems: list[Problem]) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(node, path, file, problems)
    if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
        return [_value(item, (*path, index), file, problems) for index, item in enumerate(node.value)]
    if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
        return _mapping(node, path, file, problems)
    return _refuse_tag(node, path, file, problems)


def _mapping(node: MappingNode, path: Path_, file: str, problems: list[Problem]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    first: dict[Any, ScalarNode] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode) or key_node.tag == f"{_TAG}merge":
            message = "a key is one word; found a merge key or a collection"
            problems.append(Problem(file, key_node.start_mark.line + 1, yaml_path(path), message))
            continue
        # A key is the word as written: `on:` and `2024:` are text, only an empty or null key is None.
        key = None if _is_null(key_node) else _text(key_node.value, key_node, path, file, problems)
        where = (*path, key)
        known = "null" if key is None else key
        if known in first:
            message = f"is written twice; first in line {first[known].start_mark.line + 1}"
            problems.append(Problem(file, key_node.start_mark.line + 1, yaml_path(where), message))
            continue
        first[known] = key_node
        result[key] = _value(value_node, where, file, problems)
    return result


@cache
def _constructor() -> SafeConstructor:
    return SafeConstructor()


def _scalar(node: ScalarNode, path: Path_, file: str, problems: list[Problem]) -> Any:
    text, tag = node.value, node.tag.removeprefix(_TAG)
    try:
        match tag:
            case "str":
                return _text(text, node, path, file, problems)
            case "null":
                return None
            case "bool":
                return SafeConstructor.bool_values[text.lower()]
            case "int":
                return _constructor().construct_yaml_int(node)
            case "float":
                return _constructor().construct_yaml_float(node)
            case "timestamp":
                return _constructor().construct_yaml_timestamp(node)
    except (ValueError, KeyError, OverflowError):
        message = f"'{text[:40]}' is not a valid {tag}; put it in quotes if it is text"
        problems.append(Problem(file, node.start_mark.line + 1, yaml_path(path), message))
        return text
    return _refuse_tag(node, path, file, problems)


def _text(text: str, node: ScalarNode, path: Path_, file: str, problems: list[Problem]) -> str:
    if control := _CONTROL.search(text):
        message = f"has the control character U+{ord(control[0]):04X}; take it out"
        problems.append(Problem(file, node.start_mark.line + 1, yaml_path(path), message))
    return _CONTROL.sub(" ", text)


def _refuse_tag(node: Node, path: Path_, file: str, problems: list[Problem]) -> None:
    tag = node.tag.replace(_TAG, "!!")
    problems.append(Problem(file, node.start_mark.line + 1, yaml_path(path), f"the tag {tag} is not allowed here"))
