"""A PostgreSQL table: a first consistent copy, then its change log up to now, each run a further stretch of it.

The landing table holds the current rows. Rows and the position in the log change in one transaction of the
engine, and only then is the server told that it may forget the log before that position. So a run that is
killed anywhere is made good by the next: what was kept is not sent again, what was not is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import PostgresCdcPort
from mesh_orchestration.engines.base import Engine
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.base import IngestContext, Ingested

if TYPE_CHECKING:
    from mesh_orchestration.inputs.postgres.server import Server

RESYNC = "the table is copied anew and its change log followed from there"


def ingest(port: InputPort, engine: Engine, *, context: IngestContext) -> Ingested:
    """Land what the table's change log holds up to the moment the run begins; the whole table the first time.

    Raises SourceError when the source cannot be followed (what was landed before stays, and the server
    keeps its log for the next run), SettingsError when the source's URL is not set.
    """
    from mesh_orchestration.inputs.postgres.server import Server

    options = PostgresCdcPort.model_validate(port.options)
    if options.table is None:
        raise SourceError("the port names no table; add `table: schema.name` to it in the contract", source=port.name)
    name = options.connection or port.name
    server = Server(context.settings.source_url(name), name)
    try:
        with server.errors(f"serve {options.table}"):
            return _ingest(port.name, options, engine, context=context, server=server)
    finally:
        server.close()


def _ingest(port: str, options: PostgresCdcPort, engine: Engine, *, context: IngestContext, server: Server) -> Ingested:
    from mesh_orchestration.inputs.postgres.copying import copy
    from mesh_orchestration.inputs.postgres.followed import Followed, newest
    from mesh_orchestration.inputs.postgres.following import follow
    from mesh_orchestration.inputs.postgres.table import find_table

    own = _object_name(engine.domain, port)
    table = find_table(server, options)
    of = Followed(port, engine, context, server, table, options.slot or own, options.publication or own)
    entries = of.ledger()
    begun = any(entry.watermark for entry in entries)
    landed = list(follow(of, entries)) if begun and not context.resync else [copy(of)]
    return Ingested(
        port,
        sum(rows for _, rows in landed),
        tuple(batch for batch, _ in landed),
        watermark=newest(of.ledger()).watermark,
    )


def _object_name(domain: str, port: str) -> str:
    """The name of the port's slot and publication, of at most the 63 characters that PostgreSQL takes."""
    name = f"mesh_{domain}_{port}"
    return name if len(name) <= 63 else f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
