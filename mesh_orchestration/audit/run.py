"""The audit: every check of a contract answered on what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from mesh_orchestration.audit.asked import Asked, ask
from mesh_orchestration.audit.bounded import TooSlowError
from mesh_orchestration.audit.data import Data, ParquetData
from mesh_orchestration.audit.results import Masks, failure, result_of
from mesh_orchestration.audit.sources import Source, SqlSource
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.expectations.patterns import NotPortable
from mesh_orchestration.expectations.question import Answer, Disorder, Duplicates, Rare, Rows, Tally
from mesh_orchestration.masking import REDACTED

_T = TypeVar("_T")
GX = "gx"


@dataclass(frozen=True)
class Step:
    """The checks that one way answers together; ``answers`` are those that were proven while planning."""

    way: str
    asked: tuple[Asked, ...]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How each check will be answered, and the checks that cannot be asked at all."""

    steps: tuple[Step, ...]
    failures: tuple[CheckResult, ...] = ()

    def ways(self) -> dict[str, str]:
        """The way of each check, by its name."""
        return {asked.check.name: step.way for step in self.steps for asked in step.asked}


def audit(
    checks: Sequence[Check],
    data: Data,
    *,
    now: datetime,
    masks: Mapping[str, str] | None = None,
    masking_key: str = "",
) -> tuple[CheckResult, ...]:
    """The result of every check on ``data``, in the order of ``checks``.

    ``now`` is what relative times refer to; ``masks`` maps columns to masks, keyed with
    ``masking_key``, under which samples are kept. A check that cannot be evaluated is failed with
    ``exception`` set; it never stops the others.
    """
    if not checks:
        return ()
    with ExitStack() as stack:
        try:
            source = _open(data, stack)
        except Exception as error:  # whatever the engine raises, the audit answers
            return tuple(failure(check, error) for check in checks)
        plan = _plan(checks, source, now)
        hidden = Masks(masks or {}, masking_key)
        results = {result.check.name: result for result in plan.failures}
        for step in plan.steps:
            for asked, outcome in zip(step.asked, _take(step, source), strict=True):
                results[asked.check.name] = _judged(asked, outcome, step.way, source, hidden)
    return tuple(results[check.name] for check in checks)


def plan(checks: Sequence[Check], data: Data, *, now: datetime) -> Plan:
    """The cheapest exact way for each check; what footers and dictionaries prove is answered already."""
    with ExitStack() as stack:
        return _plan(checks, _open(data, stack), now)


def _open(data: Data, stack: ExitStack) -> Source:
    if isinstance(data, ParquetData):
        from mesh_orchestration.audit.parquet import ParquetSource

        return stack.enter_context(ParquetSource.opened(data))
    return SqlSource(data)


def _plan(checks: Sequence[Check], source: Source, now: datetime) -> Plan:
    proven: dict[str, tuple[list[Asked], list[Answer]]] = {}
    waiting: dict[str, list[Asked]] = {}
    failures = []
    for check in checks:
        try:
            asked = ask(check, source.types, now)
            found = source.prove(asked.question) if asked.question else None
            if found:
                members, answers = proven.setdefault(found[0], ([], []))
                members.append(asked)
                answers.append(found[1])
            else:
                way = source.way(asked.question) if asked.question else GX
                waiting.setdefault(way, []).append(asked)
        except Exception as error:  # one check's fault is its own
            failures.append(failure(check, error))
    steps = [Step(way, tuple(members), tuple(answers)) for way, (members, answers) in proven.items()]
    return Plan((*steps, *(Step(way, tuple(members)) for way, members in waiting.items())), tuple(failures))


def _take(step: Step, source: Source) -> Sequence[Answer | Exception | CheckResult]:
    """The answers of a step; when all together fail, each is tried alone, so that one fault stays one."""
    if step.answers:
        return step.answers
    if step.way == GX:
        from mesh_orchestration.audit.gx_fallback import run

        return [_caught(lambda asked=asked: run(asked.check, source)) for asked in step.asked]  # type: ignore[misc]
    questions = [asked.question for asked in step.asked if asked.question is not None]
    together = _caught(lambda: source.answer(step.way, questions))
    if not isinstance(together, Exception):
        return together
    if len(questions) == 1:
        return [together]
    return [_caught(lambda one=one: source.answer(step.way, [one])[0]) for one in questions]  # type: ignore[misc]


def _caught(call: Callable[[], _T]) -> _T | Exception:
    try:
        return call()
    except Exception as error:  # an exception is an outcome here
        return error


def _judged(
    asked: Asked, outcome: Answer | Exception | CheckResult, way: str, source: Source, masks: Masks
) -> CheckResult:
    if isinstance(outcome, NotPortable):
        from mesh_orchestration.audit.gx_fallback import run

        outcome, way = _caught(lambda: run(asked.check, source)), GX
    if isinstance(outcome, CheckResult):
        return _masked_foreign(outcome, masks)
    if isinstance(outcome, Exception):
        return _withheld(failure(asked.check, outcome, way), outcome, masks)
    judged = _caught(lambda: result_of(asked, outcome, way, masks))
    if isinstance(judged, Exception):
        return failure(asked.check, judged, way)
    if judged.success or not isinstance(outcome, Tally) or outcome.sample or not outcome.unexpected:
        return judged
    question = asked.question
    assert isinstance(question, Rows | Duplicates | Rare | Disorder)
    sample = _caught(lambda: source.sample(way, question))
    if isinstance(sample, Exception):
        # The verdict stands without its examples.
        return replace(judged, details={**judged.details, "sample_exception": type(sample).__name__})
    return result_of(asked, replace(outcome, sample=sample), way, masks)


def _withheld(failed: CheckResult, error: Exception, masks: Masks) -> CheckResult:
    """A failure without the engine's words where they might quote a value of a masked column."""
    if isinstance(error, TooSlowError) or not _named(failed.check) & set(masks.of):
        return failed
    return replace(failed, exception=f"{type(error).__name__}: its message may quote a masked column and is withheld")


def _masked_foreign(result: CheckResult, masks: Masks) -> CheckResult:
    """A result of Great Expectations' own, with the values of masked columns masked."""
    if not _named(result.check) & set(masks.of):
        return result
    column = result.check.column
    sample = tuple(masks.value(column, item) if column else REDACTED for item in result.sample)
    return replace(result, sample=sample, observed_value=None, details={})


def _named(check: Check) -> set[str]:
    """The columns that the check's arguments name."""
    given = [value for key, value in check.kwargs.items() if key.startswith("column")]
    return {str(name) for value in given for name in (value if isinstance(value, list | tuple | set) else [value])}
