"""Whether a file is what an input port declares, asked before either is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import batch
from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import Settings


def prove(settings: Settings, port: InputPort, file: Path) -> int:
    """The rows of ``file``, each of which the batch ``port`` can land; raises SourceError saying why one cannot."""
    import duckdb

    from mesh_orchestration.engines.base import Files
    from mesh_orchestration.engines.columns import Column
    from mesh_orchestration.engines.files import select_sql
    from mesh_orchestration.engines.session import file_reader, first_line

    options = batch(port)
    columns = [
        replace(Column.parse(name, kind), called=options.names.get(name, "")) for name, kind in options.columns.items()
    ]
    try:
        with file_reader(settings) as reader:
            rows = 0
            for part in reader.sql(select_sql(Files((file,), options.format), columns)).to_arrow_reader(65_536):
                rows += part.num_rows
            return rows
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot be read as {options.format}: {first_line(error)}", source=file) from None
