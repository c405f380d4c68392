"""What the SQL of a domain's models reads and hashes, as far as its guardrails ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DIALECTS = ("duckdb", "postgres")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*|\{#.*?#\}", re.DOTALL)
_SAID = re.compile(r"\b(?:from|join|into|update|using)\s+(?P<name>\"?\w+\"?(?:\s*\.\s*\"?\w+\"?)+)", re.IGNORECASE)
_QUALIFIER = re.compile(r"\b(?P<name>\w+)\"?\s*\.")
_SURROGATE = re.compile(r"\{\{[^}]*\bgenerate_surrogate_key\s*\(\s*\[(?P<columns>[^\]]*)\]", re.DOTALL)
_QUOTED = re.compile(r"""["'](?P<name>[^"']+)["']""")
_FILES = frozenset(
    "read_parquet parquet_scan read_csv read_csv_auto read_json read_json_auto iceberg_scan delta_scan postgres_scan "
    "postgres_query sqlite_scan read_text read_blob".split()
)
_HASH = re.compile(r"^(?:md5|sha\d*|hash|hashtext|digest|murmur\w*|xxhash\w*|crc32)(?:_\w+)?$")
_HASHING = re.compile(r"\b(?:md5|sha\d*|hash|hashtext|digest|murmur\w*|xxhash\w*|crc32)(?:_\w+)?\s*\(", re.IGNORECASE)
_PLAIN_HASH = re.compile(
    r"\b(?:md5|sha\d*|hash)(?:_\w+)?\s*\((?:\s*(?:cast|lower|upper|trim)\s*\()*\s*(?:\w+\s*\.\s*)?(?P<name>\w+)"
    r"(?:\s*::\s*\w+|\s+as\s+\w+|\s*\))*\s*\)",
    re.IGNORECASE,
)
_READING = re.compile(rf"\b(?:{'|'.join(_FILES)})\s*\(", re.IGNORECASE)
Told = tuple[int, str]
"""A line (from 1) and what is read or hashed there."""


@dataclass(frozen=True)
class ModelSql:
    """The text of one model, macro or hook file, still with its Jinja."""

    text: str

    def foreign_reads(self, others: Set[str]) -> Iterator[Told]:
        """Relations in the schema of one of ``others`` (domains), and files, that are named instead of asked for with
        ``ref`` or ``source``."""
        if others and any(one["name"].lower() in others for one in _QUALIFIER.finditer(self.text)):
            for line, name in sorted(set(self._relations)):
                if set(name.lower().split(".")[:-1]) & others:
                    yield line, name
        if _READING.search(self.text):
            yield from sorted(set(self._files_read))

    def bare_hashes(self, personal: Set[str]) -> Iterator[Told]:
        """Columns of ``personal`` that are hashed without a key, so that whoever guesses a value can test it."""
        if personal and _HASHING.search(self.text):
            yield from sorted(set(self._hashed(personal)))
        for call in _SURROGATE.finditer(self.text):
            names = {one["name"].split(".")[-1].lower() for one in _QUOTED.finditer(call["columns"])}
            if names and names <= personal:
                yield self._line_at(call.start()), ", ".join(sorted(names))

    def _hashed(self, personal: Set[str]) -> Iterator[Told]:
        from sqlglot import exp

        for tree in self._parsed:
            for node in tree.find_all(exp.Func):
                columns = {column.name.lower() for column in node.find_all(exp.Column)}
                if _HASH.match(_name(node)) and columns and columns <= personal and "jinja_" not in node.sql():
                    for column in columns:
                        yield self._line_of(rf"{_HASHING.pattern}[^\n]*\b{re.escape(column)}\b"), column
        if not self._parsed:
            for found in _PLAIN_HASH.finditer(_COMMENT.sub(_blank, self.text)):
                if found["name"].lower() in personal:
                    yield self._line_at(found.start()), found["name"].lower()

    @cached_property
    def _parsed(self) -> tuple[Any, ...]:
        """The statements, with each Jinja expression as a name; none when the rest is no SQL by itself."""
        import sqlglot

        text = _JINJA.sub(_stand_in, self.text)
        for dialect in DIALECTS:
            try:
                return tuple(one for one in sqlglot.parse(text, dialect=dialect) if one is not None)
            except (sqlglot.errors.SqlglotError, RecursionError):
                continue
        return ()

    @property
    def _relations(self) -> Iterator[Told]:
        from sqlglot import exp

        for tree in self._parsed:
            for table in tree.find_all(exp.Table):
                name = ".".join(part.name for part in table.parts if not part.name.startswith("jinja_"))
                if "." in name:
                    yield self._line_of(r"\s*\.\s*".join(rf'"?{re.escape(part)}"?' for part in name.split("."))), name
        plain = _COMMENT.sub(_blank, self.text)
        # Hooks are SQL inside of Jinja; and where nothing could be parsed, words must do.
        texts = [(one.start(), one[0]) for one in _JINJA.finditer(plain)] if self._parsed else [(0, plain)]
        for start, text in texts:
            for said in _SAID.finditer(text):
                yield self._line_at(start + said.start()), re.sub(r'[\s"]', "", said["name"])

    @property
    def _files_read(self) -> Iterator[Told]:
        from sqlglot import exp

        for tree in self._parsed:
            for node in tree.find_all(exp.Func):
                if _name(node) in _FILES:
                    yield self._line_of(rf"\b{_name(node)}\b"), f"{_name(node)}(…)"

    def _line_of(self, pattern: str) -> int:
        found = re.search(pattern, self.text, re.IGNORECASE)
        return self._line_at(found.start()) if found else 1

    def _line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


def _name(node: Any) -> str:
    """The name of a function as SQL writes it."""
    return str(node.name if node.key == "anonymous" else node.sql_name()).lower()


def _stand_in(found: re.Match[str]) -> str:
    """What takes the place of Jinja: a name for an expression, nothing for a statement; lines stay where they are."""
    said, lines = found[0], "\n" * found[0].count("\n")
    if not said.startswith("{{") or re.match(r"\{\{-?\s*config\b", said):
        return lines or " "
    return f"jinja_value{lines}"


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n") or " "
