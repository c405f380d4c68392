"""The six domains of the example mesh with a week of history, in a folder of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.orchestration.run import RunReport, run
from mesh_orchestration.replay import emit
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import Snapshot, published
from tests.builders import settings_at

REPO = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 21, 4, 35, 7, tzinfo=UTC)
_FILES = ("contracts", "dbt_projects", "workspace.yaml", "dagster.yaml")


def example_at(root: Path, **environ: str) -> Settings:
    """Copy the example mesh to ``root``, where a test may change it; returns its settings."""
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages")
    root.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        source = REPO / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=ignored)
        else:
            shutil.copy(source, root)
    # Tests make more trouble in a minute than a mesh in a month: no message of theirs waits for a digest.
    calm = {"MESH_INCIDENTS_STORM": "1000", "MESH_INCIDENTS_FLAP_SECONDS": "0"}
    return settings_at(root, MESH_HISTORY_WEEKS="1", MESH_NOW=NOW.isoformat(), **calm, **environ)


@contextmanager
def edited(path: Path, found: str, put: str) -> Iterator[None]:
    """Put one text in place of another in a file, for as long as the context lasts."""
    before = path.read_text()
    assert found in before, f"{path} does not hold {found!r}"
    path.write_text(before.replace(found, put, 1))
    try:
        yield
    finally:
        path.write_text(before)


@dataclass
class Example:
    """The mesh at ``settings`` and its Dagster instance; the clock goes on a minute with every run."""

    settings: Settings
    instance: dg.DagsterInstance
    reports: list[RunReport] = field(default_factory=list)

    def replay(self) -> None:
        """Let the sources drop everything that is visible now."""
        emit(self.settings, self.settings.now())

    def run(self, *words: str) -> RunReport:
        """Run the products that ``words`` name, a minute after the last run."""
        later = NOW + timedelta(minutes=len(self.reports))
        self.settings = replace(self.settings, environ={**self.settings.environ, "MESH_NOW": later.isoformat()})
        report = run(self.settings, words, instance=self.instance)
        self.reports.append(report)
        return report

    def contract(self, address: str) -> Path:
        return self.settings.contracts_dir / f"{address.replace('.', '/')}.yaml"

    def model(self, domain: str, name: str) -> Path:
        (found,) = (self.settings.dbt_dir / domain / "models").rglob(f"{name}.sql")
        return found

    def snapshot(self, address: str) -> Snapshot | None:
        """What consumers of the product read now."""
        with open_lake(self.settings) as lake:
            return published(lake, Address.parse(address))

    def metadata(self, *key: str) -> dict[str, Any]:
        """The metadata of an asset's newest materialisation."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(key))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def outcomes(report: RunReport) -> dict[str, str]:
    """What came of each product of a run."""
    return {str(product.address): product.outcome for product in report.products}


def reasons(report: RunReport, address: str) -> str:
    """Why a product of a run was not published."""
    return "; ".join(next(one.reasons for one in report.products if str(one.address) == address))


def rows(settings: Settings, address: str) -> Sequence[tuple[Any, ...]]:
    """The published rows of a product, in the order of all their columns."""
    with open_lake(settings) as lake, duckdb.connect() as connection:
        snapshot = published(lake, Address.parse(address))
        assert snapshot is not None, address
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(f"select * from ({scan(lake, snapshot).sql()}) order by all").fetchall()


def verdicts(settings: Settings, address: str) -> dict[str, tuple[bool, int | None, int | None]]:
    """Success, unexpected rows and rows of every check of the published snapshot."""
    with open_lake(settings) as lake:
        snapshot = published(lake, Address.parse(address))
    assert snapshot is not None, address
    return {one.name: (one.success, one.unexpected_count, one.element_count) for one in snapshot.verdicts}


def products(settings: Settings, domain: str) -> tuple[DataProduct, ...]:
    return load_mesh(settings).of(domain)
