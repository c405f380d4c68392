"""What every domain engine offers, and the one place that finds an engine by its word."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER = "landing__ledger"
OP, KEPT, WAS = "__op", "__kept", "__was_"
REFUSED = {"origin": "string", "reason": "string", "key": "binary", "value": "binary"}
"""The columns of ``refused__<port>``: where a message stands, what is wrong with it, and the message itself."""
Since = tuple[str, datetime]
"""A date or time column, and the moment (UTC) from which on its rows count."""
Mode = Literal["append", "replace", "reference"]
Format = Literal["parquet", "csv", "json"]


@dataclass(frozen=True)
class Batch:
    """What is landed in one transaction: ``name`` is stable over retries, ``fingerprint`` changes with
    the content. ``stamp`` is a cheap hint of it (size and time of a file); ``watermark`` says how far
    the source has been read once the batch is in; ``snapshot_id`` is the Iceberg snapshot it came from.
    """

    name: str
    fingerprint: str
    landed_at: datetime
    run_id: str = ""
    watermark: str = ""
    snapshot_id: int | None = None
    stamp: str = ""


@dataclass(frozen=True)
class LedgerEntry:
    """A batch as the ledger remembers it; the rows of a port are exactly those of its entries."""

    port: str
    batch: str
    fingerprint: str
    rows: int
    landed_at: datetime
    run_id: str
    watermark: str
    snapshot_id: int | None
    stamp: str


@dataclass(frozen=True)
class Files:
    """Local files that hold rows; ``csv`` has a header line, ``json`` one object a line.

    Columns that ``partial`` files lack are null; from others they are an error.
    """

    paths: tuple[Path, ...]
    format: Format = "parquet"
    partial: bool = False


@dataclass(frozen=True)
class Landed:
    """The rows of the batch, and whether anything had to be written for it."""

    rows: int
    changed: bool


@dataclass(frozen=True)
class Changes:
    """One step of a stream, as Arrow rows typed as the port's columns.

    With a key the rows also have ``OP`` (``upsert`` or ``delete``), and at most one of them each key. An upsert
    keeps the landed value of the columns that ``KEPT`` names between commas (``,note,``), from the row whose
    key is in ``WAS`` 0, 1 …; ``kept`` are all columns that any row keeps. ``clear`` empties the port first.
    ``refused`` rows, of the columns ``REFUSED``, are put aside.
    """

    rows: pa.RecordBatch
    clear: bool = False
    kept: tuple[str, ...] = ()
    refused: pa.RecordBatch | None = None


class Engine(Protocol):
    """A domain's engine, opened as a context manager; all names live in the schema named as the domain."""

    domain: str
    dialect: Literal["duckdb", "postgres"]
    """sqlglot's name of the SQL dialect: ``duckdb`` or ``postgres``."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def close(self) -> None:
        """Give back every connection and lock; closing twice is fine."""

    def dbt_target(self) -> dict[str, Any]:
        """The output of a dbt profile that builds in this engine's schema; holds no secret."""

    def dbt_environment(self) -> dict[str, str]:
        """The variables that the target's ``env_var`` reads: the secrets, kept out of every file."""

    def relation(self, name: str) -> str:
        """The quoted name of a model or table of the domain."""

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows a statement returns; raises EngineError."""

    def ledger(self, port: str) -> tuple[LedgerEntry, ...]:
        """The batches landed for a port, oldest first."""

    def prepare(self, port: str, columns: Sequence[Column]) -> None:
        """Make sure the port's landing table exists with these columns; new columns are added."""

    def land(
        self,
        port: str,
        columns: Sequence[Column],
        batch: Batch,
        rows: Files | pa.RecordBatchReader,
        *,
        mode: Mode = "append",
    ) -> Landed:
        """Put a batch and its ledger entry into ``landing__<port>`` in one transaction.

        The same batch with the same fingerprint is left as it is; with another fingerprint its old
        rows are replaced. ``replace`` makes the batch all that the port holds; ``reference`` does
        so without copying where the engine can read the files in place.
        """

    def apply(
        self,
        port: str,
        columns: Sequence[Column],
        batch: Batch,
        changes: Iterable[Changes],
        *,
        key: Sequence[str] = (),
        expected: Sequence[LedgerEntry] = (),
        anew: bool = False,
    ) -> Landed:
        """Put the changes, their ledger entry and what they do to older entries in place in one transaction.

        Without a key rows are added; with one a row replaces or removes the landed row of its key. A batch
        that loses rows gets another fingerprint, and one that has none left is forgotten. ``anew`` makes
        the changes all that the port holds, in a table of exactly these columns. Raises EngineError
        when the port's ledger is not the ``expected`` one: somebody else has landed in between.
        """

    def advance(self, port: str, batch: str, watermark: str, *, expected: Sequence[LedgerEntry]) -> None:
        """Say that the source was read further than ``batch`` and had nothing new up to ``watermark``."""

    def check_landing(self, port: str) -> None:
        """Raise EngineError when the landed rows of a port can no longer be read."""

    def export(
        self, model: str, fields: Sequence[SchemaField], directory: Path, *, since: Since | None = None
    ) -> tuple[Path, ...]:
        """Write a mart to zstd Parquet typed exactly as the contract's fields, in their order.

        With ``since`` only rows whose column is not older are written, and those where it is null.

        Raises EngineError that lists every difference when the mart is missing or has drifted.
        """


def engine_for(settings: Settings, domain: str) -> Engine:
    """The engine that settings choose for the domain, not yet opened; an unknown word is a SettingsError."""
    word = settings.engine(domain)
    module = _module(word)
    if module is None:
        raise SettingsError(
            f"MESH_ENGINE_{domain.upper()} or MESH_ENGINE says '{word}', which is not an engine"
            f"{suggestion(word, _words())}"
        )
    engine: Engine = module.open_engine(settings, domain)
    return engine


def _module(word: str) -> ModuleType | None:
    """The module of an engine's word: the one of that name which defines ``open_engine``."""
    package = __package__ or ""
    if not re.fullmatch(r"[a-z]+", word) or importlib.util.find_spec(f"{package}.{word}") is None:
        return None
    module = importlib.import_module(f"{package}.{word}")
    return module if hasattr(module, "open_engine") else None


def _words() -> list[str]:
    names = (info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [name for name in names if _module(name) is not None]
