"""How the load time of a code location grows with its products, up to the snapshot that Dagster asks for."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.measure import Result, Row, Sample, process
from bench.synthetic import build

SIZES = (10, 100, 1000)
LOAD = """
import mesh_orchestration.locations as locations
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
repository = getattr(locations, "domain0").get_repository_def()
text = serialize_value(RepositorySnap.from_def(repository))
assert text.count("product_{last:04d}") > 3, "the last product is missing from the snapshot"
"""
PARSE = """
from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.orchestration.manifest import ensure_manifest
from mesh_orchestration.settings import Settings
settings = Settings.load()
files.write(load_mesh(settings).require(), settings.root)
ensure_manifest(settings, "domain0")
"""


def run() -> tuple[Result, ...]:
    """Whole processes, imports included, per number of products in one location."""
    rows, floor = [], _median([process([sys.executable, "-c", "import dagster, dagster_dbt"]) for _ in range(3)])
    rows.append(Row("imports of dagster and dagster-dbt alone", floor.wall, floor.cpu, floor.peak, runs=3))
    walls: dict[int, float] = {}
    for size in SIZES:
        sample = _load(size)
        walls[size] = sample.wall
        rows.append(Row(f"{size} products", sample.wall, sample.cpu, sample.peak, runs=3))
    growth = (walls[1000] - floor.wall) / max(walls[100] - floor.wall, 0.01)
    return (
        Result(
            "Loading a location of many products",
            "A process that imports the mesh, builds the location and serialises the snapshot that Dagster asks for. "
            "Each product has three columns and five checks; the dbt manifest is there already.",
            tuple(rows),
            (("1000 products, s", 8.0, walls[1000]), ("1000 products against 100, without imports", 12.0, growth)),
        ),
    )


def _load(size: int) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root, domains=1, products=size)
        env = dict(os.environ, MESH_ROOT=str(root), MESH_HOME=str(root / ".mesh"), MESH_REPLAY="off")
        process([sys.executable, "-c", PARSE], env=env)
        return _median([process([sys.executable, "-c", LOAD.format(last=size - 1)], env=env) for _ in range(3)])


def _median(samples: list[Sample]) -> Sample:
    return Sample(
        median(s.wall for s in samples), median(s.cpu for s in samples), max(s.peak for s in samples)
    )  # fmt: skip
