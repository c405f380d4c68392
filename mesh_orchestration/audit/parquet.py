"""Parquet files as a source of answers: footers first, then the ways that read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from mesh_orchestration.audit.data import Execute, ParquetData
from mesh_orchestration.audit.duck import parquet, session
from mesh_orchestration.audit.proofs import by_schema, by_statistics
from mesh_orchestration.audit.scan import Relation
from mesh_orchestration.audit.sources import Countable, answer_by_sql, way_of
from mesh_orchestration.audit.statistics import Statistics, read_footers, read_statistics
from mesh_orchestration.expectations.question import Answer, Question


class ParquetSource:
    """The rows of Parquet files."""

    def __init__(self, data: ParquetData, execute: Execute) -> None:
        self.data, self.types = data, data.types
        self.execute = execute

    @classmethod
    @contextmanager
    def opened(cls, data: ParquetData) -> Iterator[ParquetSource]:
        """The source with an open session."""
        with session() as execute:
            yield cls(data, execute)

    @cached_property
    def statistics(self) -> Statistics:
        if self.data.statistics is not None:
            return self.data.statistics
        return read_statistics(read_footers(self.data.paths), self.types)

    @cached_property
    def relation(self) -> Relation:
        return Relation("duckdb", parquet(self.data.paths), self.types, self.execute)

    def prove(self, question: Question) -> tuple[str, Answer] | None:
        if known := by_schema(question, self.types):
            return "schema", known
        if known := by_statistics(question, self.statistics):
            return "footer", known
        return None

    def way(self, question: Question) -> str:
        return way_of(question)

    def answer(self, way: str, questions: Sequence[Question]) -> list[Answer]:
        return answer_by_sql(self.relation, way, questions)

    def sample(self, _: str, question: Countable) -> tuple[tuple[Any, ...], ...]:
        return self.relation.sample(question)

    def frame(self, columns: Sequence[str]) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetDataset([str(path) for path in self.data.paths]).read(columns=list(columns)).to_pandas()
