"""Running the bundle's own tests: every rule ``test_*`` in a file ``*_test.rego``, with coverage and timing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_orchestration.governance.bundle import Bundle, Policy
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.syntax import unreadable
from mesh_orchestration.governance.tree import line_of, name_of, statements


@dataclass(frozen=True)
class TestResult:
    """One test: ``problem`` is empty when it passed; ``seconds`` is what its evaluation took."""

    __test__ = False  # not a test case of pytest

    policy: str
    name: str
    problem: str
    seconds: float


@dataclass(frozen=True)
class TestRun:
    """All results, and the lines (from 1) of each policy that no test reached."""

    __test__ = False

    results: tuple[TestResult, ...]
    uncovered: Mapping[str, tuple[int, ...]]
    coverage: float

    @property
    def failed(self) -> tuple[TestResult, ...]:
        return tuple(result for result in self.results if result.problem)

    @property
    def ok(self) -> bool:
        """Whether every test passed and every line of every rule was reached."""
        return not self.failed and not self.uncovered


def run_tests(bundle: Bundle, engine: Embedded) -> TestRun:
    """Run every test of the bundle; ``engine`` holds the bundle with its tests afterwards. Raises PolicyError
    when a policy cannot be read."""
    engine.load([(policy.file, policy.text) for policy in bundle.policies], bundle.data)
    tests = list(_tests(bundle, engine))
    rules = [f"data.{policy.package}.{name}" for policy, name in tests]
    answer = engine.test(rules, coverage=True)
    results = tuple(
        TestResult(policy.file, name, _problem(policy, value), seconds)
        for (policy, name), (value, seconds) in zip(tests, answer["results"], strict=True)
    )
    reached = {file["path"]: set(file["covered"]) for file in answer["coverage"]}
    lines = _deciding_lines(bundle, engine)
    missed = {file: tuple(sorted(there - reached.get(file, set()))) for file, there in lines.items()}
    total = sum(map(len, lines.values()))
    share = 1 - sum(map(len, missed.values())) / total if total else 1.0
    return TestRun(results, {file: left for file, left in missed.items() if left}, share)


def _deciding_lines(bundle: Bundle, engine: Embedded) -> dict[str, set[int]]:
    """The lines (from 1) of every statement that decides, by file; the engine reports only what it came across."""
    policies = [policy for policy in bundle.policies if not policy.is_test]
    trees = engine.parse([(policy.file, policy.text) for policy in policies])
    return {
        policy.file: {line_of(statement) for statement in statements(tree["rules"])}
        for policy, tree in zip(policies, trees, strict=True)
    }


def _tests(bundle: Bundle, engine: Embedded) -> Iterator[tuple[Policy, str]]:
    files = [policy for policy in bundle.policies if policy.is_test]
    trees = engine.parse([(policy.file, policy.text) for policy in files])
    for policy, tree in zip(files, trees, strict=True):
        for name in dict.fromkeys(map(name_of, tree["rules"])):
            if name.startswith("test_"):
                yield policy, name


def _problem(policy: Policy, answer: Mapping[str, Any]) -> str:
    if "error" in answer:
        return str(unreadable(policy.file, answer["error"]))
    return "" if answer["value"] is True else "is not true"


def slowest(run: TestRun, count: int = 5) -> Sequence[TestResult]:
    """The tests that took longest, longest first."""
    return sorted(run.results, key=lambda result: -result.seconds)[:count]
