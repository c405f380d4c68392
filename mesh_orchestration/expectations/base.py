"""An expectation: its arguments, the question it asks, and how an answer is judged.

Each file ``expect_….py`` of this folder binds one to the name ``EXPECTATION``; the file's name is
the expectation's. Meanings are those of Great Expectations 1.24 on pandas: missing is null or NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.arguments import Argument, Arguments, Rule
from mesh_orchestration.expectations.ordering import Ordering, Relation, related
from mesh_orchestration.expectations.question import ColumnType, Question, Reading, Strays, Tally, Verdict

Domain = Literal["column map", "column pair", "multi column", "column aggregate", "table"]


def no_rule(_: Arguments) -> Iterator[str]:
    yield from ()


def uninterpreted(_: Arguments, __: Reading) -> Verdict:
    raise TypeError("an expectation about rows is judged by its tally")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One expectation; ``ask`` and ``judge`` are pure functions of the completed arguments.

    ``order`` says which of two settings is stricter, as far as that can be said; ``foreign`` whether
    Great Expectations has it too, and answers where the audit has no way.
    """

    domain: Domain
    arguments: tuple[Argument, ...]
    ask: Callable[[Arguments], Question]
    judge: Callable[[Arguments, Reading], Verdict] = uninterpreted
    rule: Rule = no_rule
    order: tuple[Ordering, ...] = ()
    foreign: bool = True
    names: Mapping[str, Argument] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        taken = (*self.arguments, *(args.EVERYWHERE if self.foreign else ()))
        object.__setattr__(self, "names", {item.name: item for item in taken})

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with defaults filled in; a given null is as good as absent."""
        known = {name: argument.default for name, argument in self.names.items()}
        return known | {name: value for name, value in given.items() if value is not None}

    def compare(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Relation:
        """How the setting ``new`` compares with ``old``, whatever share of the rows must hold.

        Values compare as they are given: texts that stand for times are read by whoever knows the column.
        """
        sides = ({key: value for key, value in self.complete(one).items() if key != "mostly"} for one in (old, new))
        return related(self.order, *sides)


def column_map(
    *extra: Argument,
    ask: Callable[[Arguments], Question],
    judge: Callable[[Arguments, Reading], Verdict] = uninterpreted,
    rule: Rule = no_rule,
    order: tuple[Ordering, ...] = (),
) -> Expectation:
    """An expectation about each value of one column."""
    arguments = (args.COLUMN, *extra, args.MOSTLY)
    return Expectation(domain="column map", arguments=arguments, ask=ask, judge=judge, rule=rule, order=order)


def column_pair(
    *extra: Argument, ask: Callable[[Arguments], Question], order: tuple[Ordering, ...] = ()
) -> Expectation:
    """An expectation about two columns of the same row."""
    arguments = (args.COLUMN_A, args.COLUMN_B, *extra, args.PAIR_IGNORE, args.MOSTLY)
    return Expectation(domain="column pair", arguments=arguments, ask=ask, rule=args.distinct_pair, order=order)


def multi_column(*extra: Argument, ask: Callable[[Arguments], Question]) -> Expectation:
    """An expectation about several columns of the same row."""
    arguments = (args.COLUMN_LIST, *extra, args.LIST_IGNORE, args.MOSTLY)
    return Expectation(domain="multi column", arguments=arguments, ask=ask)


def column_aggregate(
    *extra: Argument,
    ask: Callable[[Arguments], Question],
    judge: Callable[[Arguments, Reading], Verdict],
    rule: Rule = no_rule,
    order: tuple[Ordering, ...] = (),
) -> Expectation:
    """An expectation about one value computed from a column."""
    arguments = (args.COLUMN, *extra)
    return Expectation(domain="column aggregate", arguments=arguments, ask=ask, judge=judge, rule=rule, order=order)


def holds_mostly(tally: Tally, mostly: float, *, of_all_rows: bool = False) -> bool:
    """Whether the share of rows that hold reaches ``mostly``; vacuously true without rows to look at."""
    of = tally.rows if of_all_rows else tally.considered
    return tally.rows == 0 or of == 0 or (of - tally.unexpected) / of >= mostly


def judge_between(arguments: Arguments, reading: Reading) -> Verdict:
    """Whether the measured value lies between the bounds; a value that does not exist lies nowhere."""
    value = reading.value
    if value is None or value != value:  # NaN is the only value unequal to itself
        return Verdict(False)
    low, high = arguments["min_value"], arguments["max_value"]
    above = low is None or _reaches(value, low, strict=arguments["strict_min"])
    below = high is None or _reaches(high, value, strict=arguments["strict_max"])
    return Verdict(bool(above and below), value)


def _reaches(larger: Any, smaller: Any, *, strict: bool) -> bool:
    """Whether ``larger`` is at least (or above, if strict) ``smaller``; a date beside a moment is its midnight."""
    if isinstance(larger, datetime) != isinstance(smaller, datetime):
        larger, smaller = _midnight(larger), _midnight(smaller)
    return bool(larger > smaller if strict else larger >= smaller)


def _midnight(value: Any) -> Any:
    whole_day = isinstance(value, date) and not isinstance(value, datetime)
    return datetime(value.year, value.month, value.day) if whole_day else value  # noqa: DTZ001 # dates have no zone


def judge_share(arguments: Arguments, reading: Reading) -> Verdict:
    """Whether the first of two counts, as a share of the second, lies between the bounds."""
    part, whole = reading.value
    return judge_between(arguments, Reading(part / whole if whole else 0))


def judge_members(_: Arguments, reading: Reading) -> Verdict:
    """Whether no value strays from the set in the ways that were asked about."""
    strays: Strays = reading.value
    details: dict[str, Any] = {}
    if strays.extra_count is not None:
        details |= {"unexpected_count": strays.extra_count, "partial_unexpected_list": list(strays.extra)}
    if strays.absent_count is not None:
        details |= {"missing_count": strays.absent_count, "partial_missing_list": list(strays.absent)}
    return Verdict(not strays.extra_count and not strays.absent_count, None, details)


def judge_type(arguments: Arguments, reading: Reading) -> Verdict:
    """Whether the column's type goes by the name asked for."""
    kind: ColumnType | None = reading.value
    if kind is None:
        return Verdict(False)
    return Verdict(str(arguments["type_"]).lower() in kind.names, kind.name)
