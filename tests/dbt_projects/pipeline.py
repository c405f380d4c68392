"""The example mesh without orchestration: replay, ingest, dbt, and each mart handed to its consumers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.engines.base import Batch, Engine, Files, engine_for
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.profiles import write_profiles
from mesh_orchestration.inputs.base import IngestContext, ingest
from mesh_orchestration.replay import Emitted, emit
from mesh_orchestration.settings import Settings

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 4, 35, 7, tzinfo=UTC)
DOMAINS = ("products", "customers", "orders", "engagement", "billing", "inventory")


@dataclass
class Pipeline:
    """One mesh below ``home``; ``outcomes`` holds the status of every dbt node by domain and name."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(ROOT, self.home, self.environ)

    @property
    def mesh(self) -> Mesh:
        return load_mesh(self.settings).require()

    def emit(self, now: datetime = NOW) -> Emitted:
        return emit(self.settings, now)

    def build(self, *domains: str, full_refresh: bool = False) -> None:
        """Ingest, run dbt and export the marts, for each domain in turn."""
        for domain in domains or DOMAINS:
            with engine_for(self.settings, domain) as engine:
                self._ingest(domain, engine)
            self._dbt(domain, ["--full-refresh"] if full_refresh else [])
            with engine_for(self.settings, domain) as engine:
                for product in self.mesh.of(domain):
                    for old in self.folder(str(product.address)).glob("*.parquet"):
                        old.unlink()
                    engine.export(product.model, product.fields, self.folder(str(product.address)))

    def folder(self, address: str) -> Path:
        return self.home / "exports" / address

    def files(self, address: str) -> str:
        """The exported mart as a DuckDB table function."""
        return f"read_parquet('{self.folder(address)}/*.parquet')"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in which ``{orders.orders}`` stands for an exported mart."""
        for address in self.mesh.products:
            query = query.replace("{" + str(address).removesuffix(".v1") + "}", self.files(str(address)))
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(query).fetchall()

    def _ingest(self, domain: str, engine: Engine) -> None:
        for name, port in self.mesh.ports(domain).items():
            source = upstream(port)
            if source is None:
                ingest(port, engine, context=IngestContext(self.settings, "run", NOW))
                continue
            columns = tuple(Column.of(column) for column in self.mesh.products[source].fields)
            paths = tuple(sorted(self.folder(str(source)).glob("*.parquet")))
            stamp = ",".join(f"{path.name}:{path.stat().st_mtime_ns}" for path in paths)
            engine.land(name, columns, Batch("snapshot", stamp, NOW), Files(paths), mode="replace")

    def _dbt(self, domain: str, flags: Sequence[str]) -> None:
        from dbt.cli.main import dbtRunner

        target = self.home / "target" / domain
        result: Any = dbtRunner().invoke(
            [
                "--log-level", "none", "--log-path", str(target), "build", *flags,
                "--project-dir", str(ROOT / "dbt_projects" / domain),
                "--profiles-dir", str(write_profiles(self.settings, domain)),
                "--target-path", str(target),
            ]
        )  # fmt: skip
        if result.exception:
            raise result.exception
        self.outcomes[domain] = {run.node.name: str(run.status) for run in result.result.results}
        failed = {run.node.name: run.message for run in result.result.results if run.status not in {"success", "pass"}}
        assert failed == {}
