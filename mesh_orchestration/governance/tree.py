"""Reading a policy's syntax tree as regorus gives it: nested mappings with one key for the kind of a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
SCALARS = frozenset({"String", "RawString", "Number", "Bool", "Null"})


def kind_of(node: Node) -> str:
    """The kind of an expression or literal: ``Var``, ``Call``, ``NotExpr`` …"""
    return next(iter(node))


def line_of(node: Any) -> int:
    """The line (from 1) where a node begins."""
    span = node.get("span") if isinstance(node, dict) else None
    if span is None and isinstance(node, dict) and node:
        return line_of(next(iter(node.values())))
    return int(span["line"]) if span else 1


def walk(node: Any) -> Iterator[tuple[str, Node]]:
    """Every (kind, content) below ``node``, outermost first."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key[:1].isupper() and isinstance(value, dict):
                yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for item in node:
            yield from walk(item)


def statements(node: Any) -> Iterator[Node]:
    """Every statement in the bodies below ``node``, outermost first."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "stmts":
                yield from value
            yield from statements(value)
    elif isinstance(node, list):
        for item in node:
            yield from statements(item)


def path_of(expression: Node) -> tuple[str, ...]:
    """A reference as words, ``("input", "product", "owner")``; what is not a plain word ends it."""
    content = expression[kind_of(expression)]
    match kind_of(expression):
        case "Var":
            return (str(content["value"]),)
        case "RefDot":
            return (*path_of(content["refr"]), str(content["field"][1]))
        case "RefBrack":
            return path_of(content["refr"])
    return ()


def head_of(rule: Node) -> tuple[str, Node]:
    """The form of a rule's head (``Set``, ``Func``, ``Compr`` or ``Default``) and its content."""
    if "Default" in rule:
        return "Default", rule["Default"]
    head: Node = rule["Spec"]["head"]
    return kind_of(head), head[kind_of(head)]


def name_of(rule: Node) -> str:
    """What a rule defines: the first word of its head."""
    path = path_of(head_of(rule)[1]["refr"])
    return path[0] if path else ""


def head_values(rule: Node) -> Iterator[Node]:
    """Every expression in the heads of a rule that is a value: its key, its value, those of its else branches."""
    form, head = head_of(rule)
    if form == "Default":
        return
    if form == "Set" and head.get("key"):
        yield head["key"]
    if head["refr"] and kind_of(head["refr"]) == "RefBrack":
        yield head["refr"]["RefBrack"]["index"]
    for assign in (head.get("assign"), *(body.get("assign") for body in rule["Spec"]["bodies"])):
        if assign:
            yield assign["value"]


def is_plain(expression: Node) -> bool:
    """Whether an expression is a variable or a scalar, so that it can never be undefined where it stands."""
    return kind_of(expression) in SCALARS or kind_of(expression) == "Var"
