"""Rego of before v1 rewritten to v1, where that cannot change what it means; the rest is named.

The old text is parsed as what it is, and only the parts that must change are edited: keywords, assignments,
heads, functions that were renamed, texts put together with ``+``. Comments and layout stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mesh_orchestration.errors import Problem
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.linter import outside_subset
from mesh_orchestration.governance.syntax import unreadable
from mesh_orchestration.governance.tree import Node, head_of, is_plain, kind_of, line_of, name_of, path_of, walk

RENAMED = {"starts_with": "startswith", "ends_with": "endswith", "re_match": "regex.match"}
_ROUNDS = 20
_TEXTS = ("String", "RawString")
Edit = tuple[int, int, str]
"""From byte, to byte, the text that takes their place."""


@dataclass(frozen=True)
class Migration:
    """One policy before and after. ``left`` is what somebody must still change; with ``failed`` the text stayed."""

    file: str
    before: str
    after: str
    left: tuple[Problem, ...] = ()
    failed: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after


def migrate(file: str, text: str, engine: Embedded) -> Migration:
    """``text`` in Rego v1, as far as that is safe."""
    (tree,) = engine.parse([(file, text)])
    new = text
    if "error" in tree:
        (old,) = engine.parse([(file, text)], old=True)
        if "error" in old:
            return Migration(file, text, text, (unreadable(file, old["error"]),), failed=True)
        if unclear := _unclear(file, text, old):
            return Migration(file, text, text, unclear, failed=True)
        new = _edited(text, list(_Syntax(text, old).edits()))
        (tree,) = engine.parse([(file, new)])
        if "error" in tree:
            problem = unreadable(file, tree["error"])
            said = f"cannot be rewritten without a person: {problem.message.partition('; this is Rego of')[0]}"
            return Migration(file, text, text, (Problem(file, problem.line, "", said),), failed=True)
    new, tree = _meaning(file, new, tree, engine)
    return Migration(file, text, new, tuple(sorted({*outside_subset(file, new, tree), *_sums(file, tree)})))


def _unclear(file: str, text: str, tree: Node) -> tuple[Problem, ...]:
    """Heads such as ``a.b[x] { … }``, which some versions took for a set and others for an object."""
    found = []
    for rule in tree["rules"]:
        form, head = head_of(rule)
        plain = kind_of(head["refr"]) in ("Var", "RefDot")
        if (form == "Set" and kind_of(head["refr"]) == "Var") or form in ("Func", "Default") or head.get("assign"):
            continue
        if not plain or form == "Set":
            span = head["span"]
            if " contains " not in text.encode()[span["start"] : span["end"]].decode():
                said = f"say what '{name_of(rule)}' is: a set ('contains') or an object (':= true')"
                found.append(Problem(file, line_of(rule), "", said))
    return tuple(found)


def _sums(file: str, tree: Node) -> Iterator[Problem]:
    for kind, node in walk(tree["rules"]):
        sides = (node["lhs"], node["rhs"]) if kind == "ArithExpr" and node["op"] == "Add" else ()
        if any(kind_of(side) in _TEXTS or _is_concat(side) for side in sides):
            yield Problem(file, line_of(node), "", "'+' adds numbers only; put texts together with concat or sprintf")


def _is_concat(node: Node) -> bool:
    return kind_of(node) == "Call" and path_of(node["Call"]["fcn"]) == ("concat",)


def _meaning(file: str, text: str, tree: Node, engine: Embedded) -> tuple[str, Node]:
    """``text`` without functions of other names and sums of texts, and its tree."""
    for _ in range(_ROUNDS):
        changed = _edited(text, list(_calls(text.encode(), tree)))
        if changed == text:
            break
        (parsed,) = engine.parse([(file, changed)])
        if "error" in parsed:
            break
        text, tree = changed, parsed
    return text, tree


class _Syntax:
    """The edits that make a policy in old syntax one in new syntax."""

    def __init__(self, text: str, tree: Node) -> None:
        self._text = text.encode()
        self._tree = tree
        self._name = next(name for name in ("found", "finding", "found_here", "migrated_key") if name not in text)

    def edits(self) -> Iterator[Edit]:
        for item in self._tree["imports"]:
            if path_of(item["refr"])[:2] == ("future", "keywords"):
                span = item["span"]
                yield span["start"], self._end_of_line(span["end"]), ""
        for rule in self._tree["rules"]:
            yield from self._default(rule["Default"]) if "Default" in rule else self._rule(rule)

    def _default(self, content: Node) -> Iterator[Edit]:
        if content["op"] == "Eq":
            start = self._text.index(b"=", _extent(content["refr"])[1])
            yield start, start + 1, ":="

    def _rule(self, rule: Node) -> Iterator[Edit]:
        form, head = head_of(rule)
        span, bodies = head["span"], rule["Spec"]["bodies"]
        said, tail = self._said(span["start"], span["end"]), ""
        if form == "Set" and kind_of(head["refr"]) == "Var" and not self._contains(head):
            key = self._said(*_extent(head["key"]))
            if bodies and not is_plain(head["key"]):
                key, tail = self._name, f"{self._name} := {key}"
            said = f"{name_of(rule)} contains {key}"
            yield span["start"], span["end"], said
        elif head.get("assign") and head["assign"]["op"] == "Eq":
            start = head["assign"]["span"]["start"]
            yield start, start + 1, ":="
            said = self._said(span["start"], start) + ":=" + self._said(start + 1, span["end"])
        for place, body in enumerate(bodies):
            yield from self._body(body, said if place and not body["is_else"] else "", tail)

    def _body(self, body: Node, head: str, tail: str) -> Iterator[Edit]:
        """``head`` is repeated before a body that follows another one; ``tail`` is the body's last statement."""
        start, end = self._opening(body), body["query"]["span"]["end"]
        if body.get("assign") and body["assign"]["op"] == "Eq":
            sign = body["assign"]["span"]["start"]
            yield sign, sign + 1, ":="
        if self._text[start : start + 1] != b"{":
            return
        before = self._text[:start].rstrip()
        if head:
            yield start, start, f"\n\n{head} if "
        elif not before.endswith(b"if"):
            yield start, start, "if " if before != self._text[:start] else " if "
        if tail:
            inside = self._text[start + 1 : end - 1].rstrip()
            at = start + 1 + len(inside)
            if b"\n" in inside:
                first = inside.lstrip(b"\n \t")
                indent = inside[: len(inside) - len(first)].rpartition(b"\n")[2].decode()
                yield at, at, f"\n{indent}{tail}"
            else:
                yield at, at, f"; {tail}"

    def _opening(self, body: Node) -> int:
        """Where the body's brace stands, if it has one; the span of an ``else`` begins with that word."""
        start = int(body["query"]["span"]["start"])
        if not body["is_else"] or self._text[start : start + 4] != b"else":
            return start
        after = _extent(body["assign"]["value"])[1] if body.get("assign") else start + len("else")
        return after + len(self._text[after:]) - len(self._text[after:].lstrip())

    def _contains(self, head: Node) -> bool:
        return b" contains " in self._text[head["refr"][kind_of(head["refr"])]["span"]["end"] - 1 : head["span"]["end"]]

    def _said(self, start: int, end: int) -> str:
        return self._text[start:end].decode()

    def _end_of_line(self, at: int) -> int:
        end = self._text.find(b"\n", at)
        return at if end < 0 or self._text[at:end].strip() else end + 1


def _calls(text: bytes, tree: Node) -> Iterator[Edit]:
    """Renamed functions, and outermost sums in which a text takes part."""
    for kind, node in walk(tree["rules"]):
        if kind == "Call" and (name := ".".join(path_of(node["fcn"]))) in RENAMED:
            start, end = _extent(node["fcn"])
            yield start, end, RENAMED[name]
        elif kind == "ArithExpr" and node["op"] == "Add":
            parts = list(_summed(node))
            if any(kind_of(part) in _TEXTS for part in parts) and _only_plus(text, parts):
                (start, _), (_, end) = _extent(parts[0]), _extent(parts[-1])
                listed = ", ".join(text[slice(*_extent(part))].decode() for part in parts)
                if any(kind_of(part) == "Number" for part in parts):
                    yield start, end, f'sprintf("{"%v" * len(parts)}", [{listed}])'
                else:
                    yield start, end, f'concat("", [{listed}])'


def _summed(node: Node) -> Iterator[Node]:
    for side in (node["lhs"], node["rhs"]):
        if kind_of(side) == "ArithExpr" and side["ArithExpr"]["op"] == "Add":
            yield from _summed(side["ArithExpr"])
        else:
            yield side


def _only_plus(text: bytes, parts: Sequence[Node]) -> bool:
    """Whether nothing but ``+`` stands between the parts: no bracket, no comment."""
    extents = [_extent(part) for part in parts]
    between = [text[left[1] : right[0]] for left, right in pairwise(extents)]
    return all(gap.strip() == b"+" for gap in between)


def _extent(node: Node) -> tuple[int, int]:
    """From where to where an expression stands, in bytes; the span of a text is without its quotes."""
    kind = kind_of(node)
    content = node[kind]
    if kind == "ArithExpr":
        return _extent(content["lhs"])[0], _extent(content["rhs"])[1]
    span, quote = content["span"], 1 if kind in _TEXTS else 0
    return span["start"] - quote, span["end"] + quote


def _edited(text: str, edits: list[Edit]) -> str:
    """``text`` after the edits; one inside of another is left for the next round."""
    content, end = text.encode(), len(text.encode()) + 1
    outermost: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one[0], -one[1])):
        if not outermost or edit[0] >= outermost[-1][1]:
            outermost.append(edit)
    for start, stop, new in reversed(outermost):
        assert stop <= end
        content = content[:start] + new.encode() + content[stop:]
        end = start
    return content.decode()
