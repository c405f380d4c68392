"""What can be audited: Parquet files, or a relation of a SQL engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mesh_orchestration.audit.types import Type, of_arrow, of_sql
from mesh_orchestration.quoting import literal

if TYPE_CHECKING:
    import pyarrow as pa

    from mesh_orchestration.audit.statistics import Statistics

Execute = Callable[[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class ParquetData:
    """The rows of Parquet files with one schema, in the order of ``paths``.

    ``schema`` and ``statistics`` (of an Iceberg manifest, say) are read from the files' footers when
    they are not given. Files are local paths.
    """

    paths: tuple[Path, ...]
    schema: pa.Schema | None = None
    statistics: Statistics | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(Path(path) for path in self.paths))

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The columns; an audit without files needs ``schema`` to know them."""
        if self.schema is not None:
            return self.schema
        if not self.paths:
            raise ValueError("there are no files and no schema was given: nothing is known about the columns")
        import pyarrow.parquet as pq

        return pq.read_schema(self.paths[0])

    @cached_property
    def types(self) -> Mapping[str, Type]:
        return {item.name: of_arrow(item.type) for item in self.arrow_schema}


@dataclass(frozen=True)
class SqlData:
    """The rows of ``relation`` (a qualified, quoted name) in a SQL engine.

    ``execute`` takes a statement and returns its rows; ``columns`` maps names to SQL types and is
    asked of the engine when it is not given.
    """

    dialect: Literal["postgres", "duckdb"]
    relation: str
    execute: Execute = field(repr=False)
    columns: Mapping[str, str] | None = None

    @cached_property
    def types(self) -> Mapping[str, Type]:
        described = self.columns if self.columns is not None else self._described()
        return {name: of_sql(said) for name, said in described.items()}

    def _described(self) -> dict[str, str]:
        if self.dialect == "duckdb":
            return {str(row[0]): str(row[1]) for row in self.execute(f"describe select * from {self.relation}")}
        rows = self.execute(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
            f" where attrelid = {literal(self.relation)}::regclass and attnum > 0 and not attisdropped order by attnum"
        )
        return {str(name): str(said) for name, said in rows}


Data = ParquetData | SqlData
