"""An operational database to follow: a table of orders in a database of one test, and a port that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.engines import Engine
from mesh_orchestration.inputs import IngestContext, Ingested, ingest
from mesh_orchestration.settings import Settings
from tests.engines.landing import NOON
from tests.postgres import PostgresDatabase

COLUMNS = {"id": "long", "status": "string", "note": "string"}
TABLE = "create table orders (id bigint primary key, status text, note text)"


def port(**given: Any) -> InputPort:
    said = {"name": "orders_db", "type": "postgres-cdc", "table": "public.orders", "columns": COLUMNS}
    return InputPort(**(said | given))


@dataclass(frozen=True)
class Shop:
    """The database, the engine it is landed in and the settings of both."""

    database: PostgresDatabase
    engine: Engine
    settings: Settings

    @property
    def slot(self) -> str:
        return "mesh_orders_orders_db"

    def run(self, sql: str) -> list[tuple[object, ...]]:
        return self.database.run(sql)

    def ingest(self, *, resync: bool = False, **given: Any) -> Ingested:
        return ingest(port(**given), self.engine, context=IngestContext(self.settings, "run-1", NOON, resync=resync))

    def landed(self, columns: str = "id, status, note") -> list[tuple[object, ...]]:
        return self.engine.execute(f"select {columns} from {self.engine.relation('landing__orders_db')} order by 1")

    def source(self, columns: str = "id, status, note") -> list[tuple[object, ...]]:
        return self.run(f"select {columns} from orders order by 1")

    def counted(self) -> dict[str, int]:
        """The rows of each batch as the landing table has them."""
        table = self.engine.relation("landing__orders_db")
        return dict(self.engine.execute(f"select _batch, count(*) from {table} group by 1"))  # type: ignore[arg-type]

    def entered(self) -> dict[str, int]:
        """The rows of each batch as the ledger has them."""
        return {entry.batch: entry.rows for entry in self.engine.ledger("orders_db") if entry.rows}
