"""The seam of drafts: what a kind of source is asked, what it finds, and how its kind is known.

A kind is a module in ``drafts/sources`` named as its word (``json-schema`` is ``json_schema.py``) with
``recognises(source) -> bool``, which looks at names and the first bytes only, and
``read(source, options) -> Found``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import CATALOG_NAME, Settings

SAMPLE_ROWS = 2_000_000
POSTGRES_URL = "MESH_IMPORT_POSTGRES_URL"


@dataclass(frozen=True)
class Options:
    """What a source may need to know besides its name.

    ``table`` chooses among many (schema.table, namespace.table, a dbt model); ``url_setting`` is the
    environment variable with the URL of a PostgreSQL database; ``catalog`` is an Iceberg catalog by its
    name in pyiceberg's settings; at most ``rows`` rows are looked at.
    """

    settings: Settings
    table: str = ""
    url_setting: str = POSTGRES_URL
    catalog: str = CATALOG_NAME
    rows: int = SAMPLE_ROWS


@dataclass(frozen=True)
class Observed:
    """What the rows looked at say about one column.

    ``rows`` were looked at for nulls and range; ``distinct`` is exact or about right and counted in the
    sample; ``low`` and ``high`` are numbers, or text for dates and times; ``values`` are all values of a
    column that has few; ``cents`` says that no number has more than two decimals.
    """

    rows: int
    nulls: int
    distinct: int = 0
    exact: bool = False
    low: Any = None
    high: Any = None
    shortest: int | None = None
    longest: int | None = None
    values: tuple[Any, ...] = ()
    cents: bool = False


@dataclass(frozen=True)
class SourceColumn:
    """One column of a source: its name there, its type in a contract's words (empty when the source does
    not say), the other keys of a contract's field that the source states, and remarks for a person."""

    name: str
    type: str
    said: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    observed: Observed | None = None


@dataclass(frozen=True)
class Found:
    """What a source offers.

    ``key`` names the columns that tell rows apart and ``key_reason`` who says so (empty: the rows do);
    ``rows`` are all there are (0 when the source holds none), ``looked_at`` those that were profiled;
    ``left_out`` says of a column that no contract can hold why, and the way out; ``port`` is an input
    port but for its columns; ``metadata``, ``spec`` and ``checks`` are what the source itself states.
    """

    kind: str
    name: str
    title: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...] = ()
    key_reason: str = ""
    rows: int = 0
    looked_at: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    port: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()
    to_decide: tuple[str, ...] = ()


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of source that a draft can be made of, sorted."""
    folder = Path(__file__).parent / "sources"
    return tuple(sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules([str(folder)])))


def source_of(kind: str) -> ModuleType:
    """The module of ``kind``; raises SourceError with the nearest kind for an unknown word."""
    if kind not in kinds():
        raise SourceError(f"'{kind}' is not a kind of source{suggestion(kind, kinds())}")
    return importlib.import_module(f"{__package__}.sources.{kind.replace('-', '_')}")


def kind_of(source: str) -> str:
    """The kind of ``source``; raises SourceError when it is none, or there is nothing there."""
    found = next((kind for kind in kinds() if source_of(kind).recognises(source)), "")
    if found:
        return found
    if "://" in source:
        raise SourceError(
            f"is a URL; say postgresql and --table, and give the URL in the environment as {POSTGRES_URL}",
            source=without_password(source),
        )
    if Path(source).is_dir():
        raise SourceError("is a folder but no dbt project; name its files, e.g. with *.parquet", source=source)
    if not set(source) & set("*?[") and not Path(source).exists():
        raise SourceError(f"does not exist; give a file, a folder or one of {', '.join(kinds())}", source=source)
    raise SourceError(
        f"is of no kind that is known by its name; say --kind, one of {', '.join(kinds())}", source=source
    )


def without_password(url: str) -> str:
    """A URL as a message may show it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
