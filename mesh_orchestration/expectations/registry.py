"""The expectations a contract may name: one file ``expect_….py`` each, found by name.

Listing names reads two folders and imports nothing; an expectation is imported when it is first
asked for. Great Expectations' own expectations without a file here are known by name too: those run
through Great Expectations (``audit/gx_fallback.py``).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mesh_orchestration.expectations.base import Expectation

_HERE = Path(__file__).parent
_LEFT_OUT = frozenset(
    {
        # look at something other than the product
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        # have a name in Great Expectations 1.24 and no working implementation
        "expect_column_bootstrapped_ks_test_p_value_to_be_greater_than",
        "expect_column_chisquare_test_p_value_to_be_greater_than",
        "expect_column_pair_cramers_phi_value_to_be_less_than",
        "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than",
        "expect_multicolumn_values_to_be_unique",
    }
)
_BASE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "ColumnMapExpectation": ("column", "mostly"),
    "ColumnAggregateExpectation": ("column",),
    "ColumnPairMapExpectation": ("column_A", "column_B", "mostly"),
    "MulticolumnMapExpectation": ("column_list", "mostly"),
}


@cache
def own() -> frozenset[str]:
    """The expectations that have a file here."""
    return frozenset(path.stem for path in _HERE.glob("expect_*.py"))


@cache
def names() -> tuple[str, ...]:
    """Every expectation a contract may name, sorted."""
    foreign = {path.stem for path in _foreign_files()} - _LEFT_OUT
    return tuple(sorted(own() | foreign))


@cache
def get(name: str) -> Expectation | None:
    """The expectation, or None when only Great Expectations has it; raises KeyError for an unknown word."""
    if name in own():
        found: Expectation = importlib.import_module(f"{__package__}.{name}").EXPECTATION
        return found
    if name in names():
        return None
    raise KeyError(name)


def problems(name: str, kwargs: Mapping[str, Any], columns: Iterable[str] | None = None) -> list[str]:
    """What is wrong with using expectation ``name`` with ``kwargs``, one sentence each; empty when nothing is.

    Says so of an unknown expectation, unknown, missing, malformed and contradictory arguments and,
    when the product's ``columns`` are given, of columns it does not have.
    """
    if name not in names():
        return [f"'{name}' is not an expectation{_suggestion(name, names())}"]
    expectation = get(name)
    found = list(_own_problems(expectation, kwargs) if expectation else _foreign_problems(name, kwargs))
    if columns is not None:
        found += _column_problems(kwargs, tuple(columns))
    return found


def _own_problems(expectation: Expectation, kwargs: Mapping[str, Any]) -> Iterator[str]:
    sound = True
    for key in kwargs:
        if key not in expectation.names:
            yield f"'{key}' is not an argument of this expectation{_suggestion(key, expectation.names)}"
    for key, argument in expectation.names.items():
        value = kwargs.get(key)
        if value is None:
            if argument.required:
                sound = False
                yield f"needs '{key}'"
        elif wanted := argument.fits(value):
            sound = False
            yield f"'{key}' is {_said(value)}, expected {wanted}"
    if sound:
        yield from expectation.rule(expectation.complete(kwargs))


def _foreign_problems(name: str, kwargs: Mapping[str, Any]) -> Iterator[str]:
    required, known = _foreign_arguments(name)
    for key in kwargs:
        if key not in known:
            yield f"'{key}' is not an argument of this expectation{_suggestion(key, known)}"
    for key in sorted(required):
        if kwargs.get(key) is None:
            yield f"needs '{key}'"


def _column_problems(kwargs: Mapping[str, Any], columns: tuple[str, ...]) -> Iterator[str]:
    named = [kwargs[key] for key in ("column", "column_A", "column_B") if isinstance(kwargs.get(key), str)]
    for key in ("column_list", "column_set"):
        given = kwargs.get(key)
        named += [item for item in given if isinstance(item, str)] if isinstance(given, list | tuple | set) else []
    for name in named:
        if name not in columns:
            yield f"'{name}' is not a column of this product{_suggestion(name, columns)}"


def foreign() -> tuple[tuple[str, int, int], ...]:
    """Name, time of change (ns) and size of each file of Great Expectations that defines an expectation, sorted."""
    stated = ((path.name, path.stat()) for path in _foreign_files())
    return tuple(sorted((name, state.st_mtime_ns, state.st_size) for name, state in stated))


def _foreign_files() -> tuple[Path, ...]:
    spec = importlib.util.find_spec("great_expectations")
    folders = spec.submodule_search_locations if spec else None
    return tuple(path for folder in folders or () for path in Path(folder, "expectations", "core").glob("expect_*.py"))


@cache
def _foreign_arguments(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Required and known arguments of Great Expectations' own class, read from its source: importing costs seconds."""
    source = next(path for path in _foreign_files() if path.stem == name).read_text(encoding="utf-8")
    wanted = name.replace("_", "")
    required: set[str] = set()
    known = {"row_condition", "condition_parser"}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef) or node.name.lower() != wanted:
            continue
        inherited = [field for base in node.bases for field in _BASE_FIELDS.get(ast.unparse(base), ())]
        known |= set(inherited)
        required |= set(inherited) - {"mostly"}
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and _is_field(item):
                known.add(item.target.id)
                if _has_no_default(item):
                    required.add(item.target.id)
    return frozenset(required), frozenset(known)


def _is_field(item: ast.AnnAssign) -> bool:
    return "ClassVar" not in ast.unparse(item.annotation) and ast.unparse(item.target) != "library_metadata"


def _has_no_default(item: ast.AnnAssign) -> bool:
    if item.value is None:
        return "Optional" not in ast.unparse(item.annotation)
    if isinstance(item.value, ast.Call) and ast.unparse(item.value.func).endswith("Field"):
        return not item.value.args and all(keyword.arg != "default" for keyword in item.value.keywords)
    return False


def _said(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _suggestion(word: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches

    known = sorted(words)
    near = get_close_matches(str(word), known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; expected one of {', '.join(known)}" if len(known) <= 14 else ""
