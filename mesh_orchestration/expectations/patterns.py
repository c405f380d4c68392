"""Regular expressions of contracts (Python's ``re``) in the dialects of the engines.

The pattern is read by Python's own parser and written again for Rust (polars), RE2 (DuckDB) or
PostgreSQL, with classes spelled out so that digits, words, spaces, dots and line ends mean what they
mean in Python. What a dialect cannot say (look-around, back references …) raises ``NotPortable``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from re import _constants as code  # type: ignore[attr-defined] # the parser of re has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_LAST = 0x10FFFF
_SPACES = "\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ASCII_SPACES = "\t-\r "
_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~/ ")


class NotPortable(ValueError):
    """A pattern that only Python's ``re`` can answer."""


@cache
def for_dialect(pattern: str, dialect: str) -> str:
    """``pattern`` for ``rust``, ``duckdb`` or ``postgres``; raises NotPortable or re.error."""
    return _Writer(dialect, re.compile(pattern).flags).written(parser.parse(pattern))


def patterns_in(kwargs: Mapping[str, Any]) -> Iterator[str]:
    """The regular expressions among the arguments of an expectation, those of a JSON Schema too."""
    for key, value in kwargs.items():
        if key in ("regex", "regex_list"):
            yield from (one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, str))
        elif key == "json_schema":
            yield from _in_schema(value)


class _Writer:
    def __init__(self, dialect: str, flags: int) -> None:
        self.dialect, self.flags = dialect, flags
        if flags & re.LOCALE:
            raise NotPortable("the locale of the process")

    def written(self, tree: Any) -> str:
        prefix = "(?i)" if self.flags & re.IGNORECASE else ""
        return prefix + self.sequence(tree)

    def sequence(self, tree: Any) -> str:
        return "".join(self.node(*item) for item in tree)

    def node(self, operation: Any, argument: Any) -> str:
        match operation:
            case code.LITERAL:
                return self.literal(argument)
            case code.NOT_LITERAL:
                return f"[^{self.member(argument)}]"
            case code.ANY:
                return self.everything() if self.flags & re.DOTALL else "[^\\n]"
            case code.IN:
                return self.members(argument)
            case code.BRANCH:
                return "(?:" + "|".join(self.sequence(branch) for branch in argument[1]) + ")"
            case code.SUBPATTERN:
                _, added, removed, inner = argument
                if added or removed:
                    raise NotPortable("flags for a part of the pattern")
                return f"(?:{self.sequence(inner)})"
            case code.MAX_REPEAT | code.MIN_REPEAT:
                return self.repeat(*argument, lazy=operation is code.MIN_REPEAT)
            case code.AT:
                return self.position(argument)
        raise NotPortable(str(operation).lower().replace("_", " "))

    def everything(self) -> str:
        return "(?:.|\\n)" if self.dialect == "postgres" else "(?s:.)"

    def repeat(self, least: int, most: Any, inner: Any, *, lazy: bool) -> str:
        if self.dialect != "rust" and max(least, 0 if most == code.MAXREPEAT else int(most)) > 255:
            raise NotPortable("more than 255 repetitions")
        upper = "" if most == code.MAXREPEAT else str(int(most))
        bounds = {(0, ""): "*", (1, ""): "+", (0, "1"): "?"}.get((least, upper), f"{{{least},{upper}}}")
        # Whether there is a match does not depend on greed, and PostgreSQL lets no pattern mix the two.
        mark = "?" if lazy and self.dialect != "postgres" else ""
        return f"(?:{self.sequence(inner)}){bounds}{mark}"

    def position(self, where: Any) -> str:
        multiline = bool(self.flags & re.MULTILINE)
        start, end = "\\A", "\\Z" if self.dialect == "postgres" else "\\z"
        match where:
            case code.AT_BEGINNING if not multiline:
                return start
            case code.AT_BEGINNING_STRING:
                return start
            case code.AT_END if not multiline:
                return f"(?:\\n?{end})"
            case code.AT_END_STRING:
                return end
            case code.AT_BOUNDARY if self.dialect == "rust":
                return "\\b"
        raise NotPortable(str(where).lower().replace("_", " "))

    def literal(self, point: int) -> str:
        if self.dialect == "postgres" and point == 0:
            raise NotPortable("the character NUL")
        character = chr(point)
        if character in _SPECIAL or not character.isprintable():
            return self.escape(point)
        return character

    def escape(self, point: int) -> str:
        character = chr(point)
        if character.isprintable() and point < 128:
            return character if character == " " else f"\\{character}"
        if self.dialect == "postgres":
            return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
        return f"\\x{{{point:x}}}"

    def member(self, point: int) -> str:
        if self.dialect == "postgres" and point == 0:
            raise NotPortable("the character NUL")
        character = chr(point)
        if character.isalnum() and point < 128:
            return character
        return self.escape(point)

    def members(self, items: Any) -> str:
        """A class; complements of classes inside one are only said where nothing else stands beside them."""
        negated = items[0][0] is code.NEGATE
        listed = items[1:] if negated else items
        if len(listed) == 1 and listed[0][0] is code.CATEGORY and str(listed[0][1]).startswith("CATEGORY_NOT_"):
            positive = str(listed[0][1]).replace("CATEGORY_NOT_", "CATEGORY_")
            return f"[{'' if negated else '^'}{self.category(positive)}]"
        return f"[{'^' if negated else ''}{''.join(self.item(*item) for item in listed)}]"

    def item(self, operation: Any, argument: Any) -> str:
        match operation:
            case code.LITERAL:
                return self.member(argument)
            case code.RANGE:
                return f"{self.member(argument[0])}-{self.member(min(argument[1], _LAST))}"
            case code.CATEGORY if not str(argument).startswith("CATEGORY_NOT_"):
                return self.category(str(argument))
            case code.CATEGORY if self.dialect == "rust":
                return f"[^{self.category(str(argument).replace('CATEGORY_NOT_', 'CATEGORY_'))}]"
        raise NotPortable("a complement inside a class")

    def category(self, name: str) -> str:
        """What ``\\d``, ``\\s`` and ``\\w`` stand for, as the inside of a class."""
        ascii_only = bool(self.flags & re.ASCII)
        match name:
            case "CATEGORY_DIGIT":
                return "0-9" if ascii_only else self.property("\\p{Nd}", "isdecimal")
            case "CATEGORY_SPACE":
                return "".join(self.range_part(part) for part in (_ASCII_SPACES if ascii_only else _SPACES))
            case "CATEGORY_WORD":
                return "0-9A-Za-z_" if ascii_only else self.property("\\p{L}\\p{N}", "isalnum") + "_"
        raise NotPortable(name)

    def range_part(self, character: str) -> str:
        return "-" if character == "-" else self.escape(ord(character))

    def property(self, unicode: str, python: str) -> str:
        """A class of Unicode; PostgreSQL's own depend on the locale of the column, so there it is spelled out."""
        if self.dialect != "postgres":
            return unicode
        return "".join(f"{self.member(first)}-{self.member(last)}" for first, last in _ranges(python))


@cache
def _ranges(method: str) -> tuple[tuple[int, int], ...]:
    """The ranges of characters for which a method of ``str`` is true."""
    points = [point for point in range(_LAST + 1) if getattr(chr(point), method)()]
    firsts = [point for place, point in enumerate(points) if place == 0 or points[place - 1] != point - 1]
    lasts = [point for place, point in enumerate(points) if place + 1 == len(points) or points[place + 1] != point + 1]
    return tuple(zip(firsts, lasts, strict=True))


def _in_schema(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _in_schema(item)
    elif isinstance(schema, Mapping):
        for key, item in schema.items():
            if key == "pattern" and isinstance(item, str):
                yield item
            elif key == "patternProperties" and isinstance(item, Mapping):
                yield from map(str, item)
            yield from _in_schema(item)
