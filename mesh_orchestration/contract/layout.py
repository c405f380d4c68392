"""The keys of a contract in one order, with every comment kept at its key and every word as it was written.

Whole lines move, nothing is written anew: quotes, folds and blank lines stay. Comments above a key and
deeper ones below it move with it; those at the head of a file stay there. A mapping in braces is put in
order when it stands on one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mesh_orchestration.contract.document import Path_, parse_document
from mesh_orchestration.errors import ContractError, Problem

Keys = Callable[[Path_], tuple[str, ...]]


def in_order(text: str, file: str, keys: Keys) -> str:
    """``text`` with the keys of each mapping in the order that ``keys`` gives for its path; others follow as they were.

    Raises ContractError when the text is no contract file, or when its meaning would change.
    """
    document = parse_document(text, file)
    if document.problems:
        raise ContractError(document.problems)
    lines = text.splitlines(keepends=True)
    layout = _Layout(lines, keys)
    layout.plan(document.node, (), 0)
    if not layout.arrange():
        return text
    result = "".join(line if line.endswith(("\n", "\r")) else f"{line}\n" for line in lines)
    if parse_document(result, file).value != document.value or _comments(result) != _comments(text):
        raise ContractError(
            (Problem(file, 1, "", "cannot be put in order without changing what it says; left as it is"),)
        )
    return result


def _comments(text: str) -> list[str]:
    return sorted(line.strip() for line in text.splitlines() if line.lstrip().startswith("#"))


@dataclass(frozen=True)
class _Entry:
    """One key of a block mapping: its lines from ``head`` (what belongs above it), ``start`` (the key), to ``end``."""

    head: int
    start: int
    end: int


@dataclass(frozen=True)
class _Move:
    """A mapping whose keys are not in order: their ``order``, and their lines (none for a mapping in braces)."""

    node: MappingNode
    order: tuple[int, ...]
    entries: tuple[_Entry, ...]


class _Layout:
    """The lines of a file while its mappings are put in order.

    All moves are planned on the file as it is and made from the innermost out: each permutes lines of a
    range that the moves around it take as a whole.
    """

    def __init__(self, lines: list[str], keys: Keys) -> None:
        self._lines = lines
        self._keys = keys
        self._moves: list[_Move] = []

    def plan(self, node: Node, path: Path_, above: int) -> None:
        """Plan the moves in ``node``, which stands below line ``above``."""
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.plan(item, (*path, index), item.start_mark.line)
        elif isinstance(node, MappingNode) and node.value:
            for key, value in node.value:
                self.plan(value, (*path, key.value), key.start_mark.line + 1)
            names = [str(key.value) for key, _ in node.value]
            order = _order(names, self._keys(path))
            if order != tuple(range(len(names))):
                self._moves.append(_Move(node, order, () if node.flow_style else self._entries(node, above)))

    def arrange(self) -> bool:
        """Make the planned moves; says whether there were any."""
        moved = [
            self._in_lines(move) if move.entries else self._in_braces(move.node, move.order) for move in self._moves
        ]
        return any(moved)

    def _in_braces(self, node: MappingNode, order: Sequence[int]) -> bool:
        place = node.start_mark.line
        if node.end_mark.line != place:
            return False
        line = self._lines[place]
        spans = [(key.start_mark.column, value.end_mark.column) for key, value in node.value]
        pieces = [line[start:end] for start, end in spans]
        result, at = "", 0
        for (start, end), index in zip(spans, order, strict=True):
            result += line[at:start] + pieces[index]
            at = end
        self._lines[place] = result + line[at:]
        return True

    def _in_lines(self, move: _Move) -> bool:
        entries, node, order = move.entries, move.node, move.order
        column = node.value[0][0].start_mark.column
        first = entries[0].start
        prefix = self._lines[first][:column]
        blocks = [(self._lines[entry.head : entry.start], self._lines[entry.start : entry.end]) for entry in entries]
        blocks[0][1][0] = " " * column + self._lines[first][column:]
        blocks = [blocks[index] for index in order]
        heading, body = blocks[0]
        if prefix.strip():  # the dash of a list's item stands before the first key
            dash = len(prefix) - len(prefix.lstrip())
            blocks[0] = ([" " * dash + line.lstrip() if line.strip() else line for line in heading], body)
        body[0] = prefix + body[0][column:]
        self._lines[entries[0].head : entries[-1].end] = [line for block in blocks for part in block for line in part]
        return True

    def _entries(self, node: MappingNode, above: int) -> tuple[_Entry, ...]:
        starts = [key.start_mark.line for key, _ in node.value]
        column = node.value[0][0].start_mark.column
        heads = [self._head(starts[0], above)]
        heads += [
            self._tail(_last(value, key) + 1, start, column)
            for (key, value), start in zip(node.value, starts[1:], strict=False)
        ]
        last_key, last_value = node.value[-1]
        end = self._tail(_last(last_value, last_key) + 1, len(self._lines), column)
        ends = [*heads[1:], end]
        return tuple(map(_Entry, heads, starts, ends))

    def _head(self, start: int, above: int) -> int:
        """Where what belongs to the first key begins: at the head of a file only what no blank line parts from it."""
        head = start
        while head > above and self._lines[head - 1].lstrip().startswith("#"):
            head -= 1
        at_top = above == 0 and not any(line.strip() for line in self._lines[:head])
        return start if at_top else head

    def _tail(self, line: int, stop: int, column: int) -> int:
        """The end of what belongs to the entry before ``line``: comments that are indented deeper than its key."""
        while line < stop:
            text = self._lines[line]
            if not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) <= column:
                break
            line += 1
        return line


def _last(node: Node, key: Node) -> int:
    """The last line of what ``node`` says."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1], last[0]) if isinstance(last, tuple) else _last(last, last)
    if isinstance(node, ScalarNode) and node.style in {"|", ">"}:
        return int(node.end_mark.line) - (1 if node.end_mark.column == 0 else 0)
    if isinstance(node, ScalarNode) and node.value == "" and node.start_mark.index == node.end_mark.index:
        return int(key.end_mark.line)
    return int(node.end_mark.line)


def _order(names: Sequence[str], known: Sequence[str]) -> tuple[int, ...]:
    """The places of ``names`` in the order of ``known``; unknown ones after them, as they stand."""
    rank = {name: place for place, name in enumerate(known)}
    return tuple(sorted(range(len(names)), key=lambda index: (rank.get(names[index], len(rank)), index)))
