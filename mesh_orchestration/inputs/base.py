"""The seam of input ports: what an ingestion gets, what it gives back, how its type is found.

A type of port is a module named as its word (``data-product`` is ``data_product.py``) with a function
``ingest(port, engine, *, context)``. It cuts what the source offers into batches with stable names and
hands each to ``engine.land``; the ledger there makes the retry of any of it harmless. One that follows a
stream hands it to ``engine.apply`` and says in ``RESYNC`` what beginning again means.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.base import Engine
from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.contract.mesh import Mesh


@dataclass(frozen=True)
class IngestContext:
    """What an ingestion may know: the settings, the run, the mesh's clock and the mesh's contracts.

    ``resync`` asks a port that follows a stream to begin again instead of going on where it stopped.
    """

    settings: Settings
    run_id: str
    now: datetime
    mesh: Mesh | None = field(default=None, repr=False)
    resync: bool = False


@dataclass(frozen=True)
class Ingested:
    """What one ingestion did.

    ``rows`` and ``batches`` are what was landed now (nothing when there was nothing new);
    ``input_snapshot`` the Iceberg snapshot the port now holds; ``watermark`` how far the source is read.
    """

    port: str
    rows: int = 0
    batches: tuple[str, ...] = ()
    input_snapshot: int | None = None
    watermark: str = ""
    warnings: tuple[str, ...] = ()


def ingest(port: InputPort, engine: Engine, *, context: IngestContext) -> Ingested:
    """Land what is new behind the port in the engine, which must be open.

    Raises SourceError when the source's offer breaks what the port declares (batches before it are
    kept), EngineError when the engine cannot take it.
    """
    module = _module(port.type)
    if module is None:
        words = [word for word in _words() if _module(word)]
        raise SourceError(f"'{port.type}' is not a type of input port{suggestion(port.type, words)}", source=port.name)
    if context.resync and not hasattr(module, "RESYNC"):
        raise SourceError(
            f"a port of type {port.type} follows no stream, so it has nothing to resync", source=port.name
        )
    result: Ingested = module.ingest(port, engine, context=context)
    return result


def _module(word: str) -> ModuleType | None:
    name = f"{__package__}.{word.replace('-', '_')}"
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word) or word == "base" or importlib.util.find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    return module if hasattr(module, "ingest") else None


def _words() -> list[str]:
    return [info.name.replace("_", "-") for info in pkgutil.iter_modules([str(Path(__file__).parent)])]
