"""Patterns that only Python's own engine answers: a hostile one is stopped, and `mesh lint` says what to write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.audit import ParquetData, audit
from mesh_orchestration.audit.bounded import TooSlowError, texts_of, try_patterns
from mesh_orchestration.contract.backtracking import REWRITES, needs
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.expectations.patterns import patterns_in
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh

HOSTILE = "^(a+)+$"
WORSE = "^(?=a)(a+)+$"  # no linear engine has look-ahead
VICTIM = "a" * 60 + "!"


def judged(root: Path, regex: str, values: list[str], **said: Any) -> CheckResult:
    path = root / "c.parquet"
    pq.write_table(pa.table({"c": values}), path)
    kwargs = {"column": "c", "regex": regex, **said}
    (found,) = audit(
        [Check("c_reads", "expect_column_values_to_match_regex", kwargs)],
        ParquetData((path,)),
        now=datetime(2026, 11, 21, tzinfo=UTC),
        masks={"c": "redact"},
    )
    return found


def test_a_pattern_that_has_no_end_in_python_is_answered_by_an_engine_that_does_not_backtrack(tmp_path: Path) -> None:
    broken = judged(tmp_path, HOSTILE, [VICTIM, "aa"])
    assert (broken.success, broken.unexpected_count, broken.exception) == (False, 1, None)

    proven = judged(tmp_path, HOSTILE, ["aaaa", "aa"] * 50)
    assert (proven.success, proven.how) == (True, "dictionary")


def test_a_pattern_that_takes_too_long_is_stopped_and_named() -> None:
    with pytest.raises(
        TooSlowError, match=r"^'\^\(\?=a\)\(a\+\)\+\$' took longer than 0.5 s over 1 values and was stopped"
    ):
        try_patterns([WORSE], [VICTIM], seconds=0.5)
    try_patterns([WORSE], ["aaa", "b"])
    try_patterns([], [VICTIM])


@pytest.mark.slow
def test_an_audit_ends_whatever_pattern_a_contract_has(tmp_path: Path) -> None:
    stopped = judged(tmp_path, WORSE, [VICTIM])

    assert (stopped.success, stopped.how) == (False, "gx")
    assert str(stopped.exception).startswith(f"TooSlowError: {WORSE!r} took longer than 5 s")
    assert VICTIM not in str(stopped.exception)
    assert judged(tmp_path, "^(?=a)(a)+$", ["aaa"]).success


def test_the_patterns_of_an_expectation_are_found_wherever_they_stand() -> None:
    schema = {"properties": {"code": {"pattern": "^c$"}}, "patternProperties": {"^p": {"items": [{"pattern": "i"}]}}}
    said = {"column": "c", "regex": "^r$", "regex_list": ["l1", "l2"], "json_schema": schema, "mostly": 0.9}
    assert sorted(patterns_in(said)) == sorted(["^r$", "l1", "l2", "^c$", "^p", "i"])
    assert sorted(texts_of('{"a": ["b", 1]}')) == ["a", "b", '{"a": ["b", 1]}']
    assert list(texts_of("{no json")) == ["{no json"]


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        ("^(?=.*x)", "assert"), ("(?<!x)y", "assert not"), (r"(a)\1", "groupref"), ("(a)?(?(1)b|c)", "groupref exists"),
        ("(?>a|b)c", "atomic group"), ("a++b", "possessive repeat"), ("(?i:a)b", "flags for a part of the pattern"),
    ],
)  # fmt: skip
def test_what_needs_a_backtracking_engine_has_a_rewrite(pattern: str, construct: str) -> None:
    assert needs(pattern) == REWRITES[construct]


@pytest.mark.parametrize("pattern", [HOSTILE, r"\bx\b", r"^[^@\s]+@[^@\s]+$", "(", "a" * 200])
def test_what_a_linear_engine_answers_needs_none(pattern: str) -> None:
    assert needs(pattern) == ""


def test_lint_names_the_pattern_and_what_to_write_instead(tmp_path: Path) -> None:
    fields = {
        "order_id": {"type": "string", "constraints": {"primary_key": True, "pattern": "^(?=a)"}},
        "note": "string",
    }
    checks = [{"column": "note", "assertion": "expect_column_values_to_not_match_regex", "value": {"regex": "(a)\\1"}}]
    settings = mesh_at(tmp_path, product(fields=fields, quality={"checks": checks}))
    model = tmp_path / "dbt_projects" / "orders" / "models" / "order_lines.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1")
    answer = mesh(settings, "lint")

    assert answer.code == 0
    (first, second, last) = answer.out.splitlines()
    assert (
        "constraints.pattern: '^(?=a)' may keep an audit busy until it is stopped, because it has a look-ahead" in first
    )
    assert "spec.quality.checks[0].value.regex: '(a)" in second
    assert "list what may be repeated, as aa|bb|cc" in second
    assert last == "no findings, 2 warnings"
