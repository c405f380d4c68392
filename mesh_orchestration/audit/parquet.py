"""Parquet files as a source of answers: footers first, then the ways that read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mesh_orchestration.audit.columns import Columns, answers
from mesh_orchestration.audit.data import ParquetData
from mesh_orchestration.audit.dictionaries import Dictionaries, by_dictionary
from mesh_orchestration.audit.proofs import by_schema, by_statistics
from mesh_orchestration.audit.sources import Countable, answer_by_sql, nothing, way_of
from mesh_orchestration.audit.statistics import Statistics, read_footers, read_statistics
from mesh_orchestration.expectations.question import Answer, Disorder, Duplicates, Question, Rows

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from mesh_orchestration.audit.scan import Relation


class ParquetSource:
    """The rows of Parquet files."""

    def __init__(self, data: ParquetData, stack: ExitStack) -> None:
        self.data, self.types = data, data.types
        self._stack = stack

    @classmethod
    @contextmanager
    def opened(cls, data: ParquetData) -> Iterator[ParquetSource]:
        """The source, which closes what it opened."""
        with ExitStack() as stack:
            yield cls(data, stack)

    @cached_property
    def footers(self) -> tuple[pq.FileMetaData, ...]:
        return read_footers(self.data.paths)

    @cached_property
    def statistics(self) -> Statistics:
        if self.data.statistics is not None:
            return self.data.statistics
        return read_statistics(self.footers, self.types)

    @cached_property
    def dictionaries(self) -> Dictionaries:
        return Dictionaries(self.data.paths, self.footers, self.types)

    @cached_property
    def columns(self) -> Columns:
        return Columns(self.data.paths, self.types)

    @cached_property
    def relation(self) -> Relation:
        """The files as DuckDB sees them; opened when a check needs SQL, which many contracts never do."""
        from mesh_orchestration.audit.duck import parquet, session
        from mesh_orchestration.audit.scan import Relation

        execute = self._stack.enter_context(session())
        return Relation("duckdb", parquet(self.data.paths), self.types, execute)

    def prove(self, question: Question) -> tuple[str, Answer] | None:
        if known := by_schema(question, self.types):
            return "schema", known
        if known := by_statistics(question, self.statistics):
            return "footer", known
        if known := by_dictionary(question, self.dictionaries, self.statistics):
            return "dictionary", known
        return None

    def way(self, question: Question) -> str:
        match question:
            case Duplicates():
                return "unique"
            case Disorder():
                return "order"
            case Rows() if answers(question):
                return "regex"
        return way_of(question)

    def answer(self, way: str, questions: Sequence[Question]) -> list[Answer]:
        if not self.data.paths:
            return [nothing(question) for question in questions]
        match way:
            case "unique" | "order":
                return [self._of_column(question) for question in questions]
            case "regex":
                return list(self.columns.patterns([item for item in questions if isinstance(item, Rows)]))
        return answer_by_sql(self.relation, way, questions)

    def _of_column(self, question: Question) -> Answer:
        if isinstance(question, Disorder):
            return self.columns.disorder(question)
        assert isinstance(question, Duplicates)
        return self.columns.duplicates(question, self.statistics) or self.relation.shared(question)

    def sample(self, way: str, question: Countable) -> tuple[tuple[Any, ...], ...]:
        if way == "regex" and isinstance(question, Rows):
            return self.columns.sample(question)
        return self.relation.sample(question)

    def frame(self, columns: Sequence[str]) -> Any:
        import pyarrow.parquet as pq

        if not self.data.paths:
            return self.data.arrow_schema.empty_table().select(list(columns)).to_pandas()
        return pq.ParquetDataset([str(path) for path in self.data.paths]).read(columns=list(columns)).to_pandas()
