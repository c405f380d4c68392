"""Where answers come from: Parquet files and SQL relations, each with the ways it has.

A way is a word (``schema``, ``footer``, ``scan``, ``unique`` …). ``prove`` answers from what is known
without reading; ``way`` names the cheapest exact way that is left, and ``answer`` goes it for all
questions of that way at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mesh_orchestration.audit.data import SqlData
from mesh_orchestration.audit.literals import Types
from mesh_orchestration.audit.proofs import by_schema
from mesh_orchestration.expectations.question import (
    Answer,
    Disorder,
    Duplicates,
    Measure,
    Measures,
    Members,
    Quantiles,
    Question,
    Rare,
    Reading,
    Rows,
    Strays,
    Tally,
)

if TYPE_CHECKING:
    from mesh_orchestration.audit.scan import Relation

Countable = Rows | Duplicates | Rare | Disorder


class Source(Protocol):
    """Data that can answer questions."""

    @property
    def types(self) -> Types: ...

    def prove(self, question: Question) -> tuple[str, Answer] | None:
        """The way and the answer, when one is known without reading rows."""

    def way(self, question: Question) -> str:
        """The way that will answer a question that was not proven."""

    def answer(self, way: str, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in order; raises what the engine raises."""

    def sample(self, way: str, question: Countable) -> tuple[tuple[Any, ...], ...]:
        """The shown values of at most 20 rows that broke the expectation."""

    def frame(self, columns: Sequence[str]) -> Any:
        """The columns as a pandas DataFrame."""


class SqlSource:
    """A relation of a SQL engine: one scan for what can be counted together, a query for everything else."""

    def __init__(self, data: SqlData) -> None:
        from sqlglot import parse_one
        from sqlglot.expressions import Table

        from mesh_orchestration.audit.scan import Relation

        self.data, self.types = data, data.types
        table = parse_one(data.relation, into=Table, dialect=data.dialect)
        self.relation = Relation(data.dialect, table, data.types, data.execute)

    def prove(self, question: Question) -> tuple[str, Answer] | None:
        known = by_schema(question, self.types)
        return ("schema", known) if known else None

    def way(self, question: Question) -> str:
        """Distinct counts stay out of the scan: one of them takes PostgreSQL's parallel plan away."""
        return way_of(question)

    def answer(self, way: str, questions: Sequence[Question]) -> list[Answer]:
        return answer_by_sql(self.relation, way, questions)

    def sample(self, _: str, question: Countable) -> tuple[tuple[Any, ...], ...]:
        return self.relation.sample(question)

    def frame(self, columns: Sequence[str]) -> Any:
        import pandas as pd

        query = self.relation.select(*[self.relation.write.column(name) for name in columns])
        return pd.DataFrame(list(map(tuple, self.relation.rows(query))), columns=list(columns))


def nothing(question: Question) -> Answer:
    """The answer of a table without rows and without files."""
    match question:
        case Rows() | Duplicates() | Rare() | Disorder():
            return Tally(0, 0, 0)
        case Measures(parts):
            return Reading(tuple(_of_nothing(part) for part in parts))
        case Measure():
            return Reading(_of_nothing(question))
        case Quantiles(shares=shares):
            return Reading((None,) * len(shares))
        case Members(values=values, extra=extra, absent=absent):
            missing = (len(values), values[:20]) if absent else (None, ())
            return Reading(Strays(0 if extra else None, (), *missing))
    raise TypeError(f"{type(question).__name__} is answered by the schema")


def _of_nothing(measure: Measure) -> int | None:
    return 0 if measure.metric in {"rows", "present", "distinct", "sum"} else None


def way_of(question: Question) -> str:
    """The way of SQL for a question."""
    match question:
        case Rows():
            return "scan"
        case Measure(metric) if metric != "distinct":
            return "scan"
        case Measures(parts) if all(part.metric != "distinct" for part in parts):
            return "scan"
    return "query"


def answer_by_sql(relation: Relation, way: str, questions: Sequence[Question]) -> list[Answer]:
    """The answers of one scan, or of a query each."""
    return relation.scan(questions) if way == "scan" else [_query(relation, question) for question in questions]


def _query(relation: Relation, question: Question) -> Answer:
    match question:
        case Duplicates() | Rare():
            return relation.shared(question)
        case Disorder():
            return relation.disorder(question)
        case Quantiles():
            return relation.quantiles(question)
        case Members():
            return relation.members(question)
    return relation.scan([question])[0]
