"""How long the commands of a person who changes contracts take on a mesh of a thousand products.

Whole processes, imports included. The contracts are as long as those of the example mesh. The anchor reads the
same files with PyYAML's C loader and does nothing with them, in a process of its own.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.measure import Result, Row, Sample, paired, process
from bench.synthetic import build_like_the_example
from mesh_orchestration.compile import files
from mesh_orchestration.contract.dialects import write as write_as
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PER_DOMAIN = 10
SIZES = (250, 500, 1000)
CHANGED = 20
PAIRS = 3
PEER = "datacontract-cli==1.2.8"
MESH = (sys.executable, "-m", "mesh_orchestration.cli")
COMMANDS = {"lint": ("lint",), "compile": ("compile", "--check"), "plan": ("plan", "--json")}
ANCHOR = """
import sys, yaml
from pathlib import Path
for path in Path(sys.argv[1]).glob("*/*/*.yaml"):
    yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
"""
DEFINITIONS = """
import sys, time
import mesh_orchestration.locations as locations
from mesh_orchestration.settings import Settings
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.orchestration.manifest import ensure_manifest
ensure_manifest(Settings.load(), "domain7")
start, before = time.perf_counter(), time.process_time()
definitions = locations.domain7
print(time.perf_counter() - start, time.process_time() - before)
assert len([key for key in definitions.resolve_all_asset_keys() if key.path[0] == "domain7"]) >= 20
"""
LINT_ALL = """
import sys
from datacontract.data_contract import DataContract
for path in sys.argv[1:]:
    assert DataContract(data_contract_file=path).lint().result == "passed", path
"""


def run() -> tuple[Result, ...]:
    """The commands at three sizes, a domain's definitions, the peer, and the hooks on this repository."""
    hooks = _hooks()  # first, because they fail when this repository has findings
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        meshes = {size: _mesh(Path(folder, str(size)), size) for size in SIZES}
        largest = meshes[SIZES[-1]]
        return (_commands(largest), _growth(meshes), _definitions(largest), *_peer(Path(folder)), hooks)


def _mesh(root: Path, size: int) -> Settings:
    """A mesh of ``size`` products in a git repository, everything generated, with changed contracts on top."""
    build_like_the_example(root, domains=size // PER_DOMAIN, products=PER_DOMAIN)
    (root / ".gitignore").write_text(".mesh/\n")
    settings = Settings(root, root / ".mesh", dict(os.environ))
    files.write(load_mesh(settings).require(), root)
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Before")):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    paths = sorted((root / "contracts").glob("*/*/v1.yaml"))
    for path in paths[:: len(paths) // CHANGED][:CHANGED]:
        text = path.read_text().replace("version: 1.0.0", "version: 1.1.0", 1)
        field = "    fields:\n    - name: added_later\n      type: string\n      description: Added.\n"
        path.write_text(text.replace("    fields:\n", field, 1))
    files.write(load_mesh(settings).require(), root)
    return settings


def _environ(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "MESH_REPLAY": "off"}


def _timed(settings: Settings, words: tuple[str, ...], *, forget: bool = False) -> Callable[[], Sample]:
    """One run of ``mesh WORDS``; ``forget`` deletes what earlier runs kept of the contracts first."""

    def once() -> Sample:
        if forget:
            shutil.rmtree(settings.home / "cache", ignore_errors=True)
        return process([*MESH, *words], env=_environ(settings), cwd=str(settings.root))

    return once


def _with_policies(settings: Settings) -> Callable[[], Sample]:
    """``mesh lint`` while this repository's policies decide on every contract as well."""

    def once() -> Sample:
        shutil.copytree(ROOT / "policies", settings.root / "policies")
        try:
            return _timed(settings, COMMANDS["lint"])()
        finally:
            shutil.rmtree(settings.root / "policies")

    return once


def _commands(settings: Settings) -> Result:
    size = SIZES[-1]
    anchor = [sys.executable, "-c", ANCHOR, str(settings.root / "contracts")]
    rows: list[Row] = []
    for label, run_once in (
        ("mesh lint, contracts never read before", _timed(settings, COMMANDS["lint"], forget=True)),
        ("mesh lint", _timed(settings, COMMANDS["lint"])),
        ("mesh compile --check, contracts never read before", _timed(settings, COMMANDS["compile"], forget=True)),
        ("mesh compile --check", _timed(settings, COMMANDS["compile"])),
        (f"mesh plan, {CHANGED} contracts changed", _timed(settings, COMMANDS["plan"])),
        ("mesh lint with this repository's policies", _with_policies(settings)),
    ):
        base, ours = paired(lambda: process(anchor), run_once, pairs=PAIRS)
        rows.append(Row(label, ours.wall, ours.cpu, 0.0, ours.wall_ratio, ours.cpu_ratio, ours.runs))
    walls = [row.wall for row in rows]
    return Result(
        f"Commands on a mesh of {size} products",
        f"{size // PER_DOMAIN} domains of {PER_DOMAIN} products; how long until the command has answered?",
        (Row("reading the files with PyYAML's C loader", base.wall, base.cpu, runs=base.runs), *rows),
        (
            ("mesh lint, never read before, s", 2.0, walls[0]),
            ("mesh lint, s", 2.0, walls[1]),
            ("mesh compile --check, never read before, s", 3.0, walls[2]),
            ("mesh compile --check, s", 3.0, walls[3]),
            (f"mesh plan with {CHANGED} changed contracts, s", 3.0, walls[4]),
            ("mesh lint with policies, s", 2.0, walls[5]),
        ),
        ("Ratios are to the reading of the same files, in the same minute.",),
    )


def _growth(meshes: dict[int, Settings]) -> Result:
    """Time beyond an idle command at each size; the exponent is the slope in the doubly logarithmic picture."""
    idle = _median([process([*MESH, "lint", "--help"]) for _ in range(PAIRS)])
    rows, aims = [Row("an idle command", idle.wall, idle.cpu, runs=PAIRS)], []
    for name, words in COMMANDS.items():
        points = []
        for size, settings in meshes.items():
            forget = name != "plan"
            sample = _median([_timed(settings, words, forget=forget)() for _ in range(PAIRS)])
            rows.append(Row(f"mesh {name}, {size} products", sample.wall, sample.cpu, runs=PAIRS))
            points.append((math.log(size), math.log(max(sample.cpu - idle.cpu, 1e-3))))
        aims.append((f"exponent of mesh {name}", 1.15, _slope(points)))
    return Result(
        "Growth with the number of products",
        "Is the time linear in the number of products? The exponent is of the CPU time beyond that of an idle command; "
        "lint and compile read every contract anew.",
        tuple(rows),
        tuple(aims),
    )


def _definitions(settings: Settings) -> Result:
    """The Definitions of one domain of the largest mesh, without imports and without the parsing of dbt."""
    walls, cpus = [], []
    for _ in range(PAIRS):
        done = subprocess.run(
            [sys.executable, "-c", DEFINITIONS], env=_environ(settings), capture_output=True, text=True, check=True
        )
        wall, cpu = map(float, done.stdout.split()[-2:])
        walls.append(wall)
        cpus.append(cpu)
    return Result(
        "Definitions of one domain",
        f"One domain of {PER_DOMAIN} products in a mesh of {SIZES[-1]}: contracts read, Dagster's definitions built, "
        "imports and dbt's parsing left out.",
        (Row("definitions of a domain", median(walls), median(cpus), runs=PAIRS),),
        (("definitions of a domain, s", 1.0, median(walls)),),
    )


def _peer(folder: Path) -> tuple[Result, ...]:
    """The same ODCS files linted by datacontract-cli; nothing when it cannot be installed."""
    python = _peer_python(ROOT / ".mesh" / "bench" / "datacontract")
    if not python:
        return ()
    root = folder / "odcs"
    build_like_the_example(root, domains=2, products=PER_DOMAIN)
    settings = Settings(root, root / ".mesh")
    paths = []
    for product in load_mesh(settings).require().products.values():
        path = root / product.source
        path.write_text(write_as(product, "odcs").text)
        paths.append(str(path))
    anchor, ours = paired(
        lambda: process([python, "-W", "ignore", "-c", LINT_ALL, *paths]), _timed(settings, ("lint",)), pairs=PAIRS
    )
    return (
        Result(
            "Linting ODCS contracts",
            f"The same {len(paths)} files of the Open Data Contract Standard, whole processes.",
            (
                Row(f"{PEER}, all in one process", anchor.wall, anchor.cpu, runs=anchor.runs),
                Row("mesh lint", ours.wall, ours.cpu, 0.0, ours.wall_ratio, ours.cpu_ratio, ours.runs),
            ),
            (("wall of datacontract-cli", 0.5, ours.wall_ratio),),
            ("datacontract-cli holds a file against the standard's JSON Schema; mesh lint also against the others.",),
        ),
    )


def _peer_python(home: Path) -> str:
    python = home / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError):
        return ""
    return str(python)


def _hooks() -> Result:
    """Each hook on this repository through pre-commit itself."""
    program = str(Path(sys.executable).parent / "pre-commit")
    rows = []
    for name in ("mesh-lint", "mesh-compile", "mesh-plan"):
        sample = _median([process([program, "run", name, "--all-files"], cwd=str(ROOT)) for _ in range(PAIRS)])
        rows.append(Row(f"pre-commit run {name}", sample.wall, sample.cpu, runs=PAIRS))
    return Result(
        "Hooks of pre-commit",
        "Each hook on this repository, pre-commit itself included.",
        tuple(rows),
        tuple((f"{row.label}, s", 1.0, row.wall) for row in rows),
    )


def _slope(points: list[tuple[float, float]]) -> float:
    """The least-squares slope of ``points``."""
    x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def _median(samples: list[Sample]) -> Sample:
    return Sample(
        median(s.wall for s in samples), median(s.cpu for s in samples), max(s.peak for s in samples)
    )  # fmt: skip
