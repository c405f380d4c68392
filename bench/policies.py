"""What the guardrails cost: all rules over a thousand products, beside real OPA, and one reader's decision.

Both engines judge the same documents by the same rules in processes of their own, each from the loading of the policies
to the last verdict. OPA is asked within its process, without a network in between, for all rules of a document at once.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bench.measure import Result, Row, Sample, paired
from bench.synthetic import build_like_the_example
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.access import Reader, decide_access
from mesh_orchestration.governance.bundle import Bundle, load_bundle
from mesh_orchestration.governance.documents import product_documents
from mesh_orchestration.governance.engine import Asked, Embedded
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 11, 21)
DOMAINS, PER_DOMAIN = 100, 10
PAIRS = 5
READS = 500
KEPT_READS = 20_000
OPA = """
import json, sys, time
from opa_bindings import OpaEngine
asked = json.load(open(sys.argv[1]))
start, before = time.perf_counter(), time.process_time()
engine = OpaEngine()
for path, text in asked["policies"]:
    engine.add_policy(path, text)
values = ", ".join(f'"{rule}": {rule}' for rule in asked["rules"])
engine.add_policy("asked.rego", f"package asked\\n\\nvalues := {{{values}}}\\n")
engine.add_data(asked["data"])
found = sum(len(value) for one in asked["documents"] for value in engine.eval_document("asked.values", one).values())
print(time.perf_counter() - start, time.process_time() - before, found)
"""


def run() -> tuple[Result, ...]:
    """The batch beside OPA (alone where OPA is not installed), and a read with and without a kept answer."""
    return _batch(), _read()


def _batch() -> Result:
    bundle = load_bundle(ROOT)
    rules = tuple(rule.deny for rule in bundle.rules if rule.metadata.custom.input == "product")
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        root = Path(folder)
        build_like_the_example(root, domains=DOMAINS, products=PER_DOMAIN)
        mesh = load_mesh(Settings(root, root / ".mesh")).require()
        documents = [one.value for one in product_documents(mesh, tuple(mesh.products.values()), today=TODAY)]
        asked = root / "asked.json"
        content = {"policies": bundle.deciding, "data": bundle.data, "rules": rules, "documents": documents}
        asked.write_text(json.dumps(content))
        ours = _ours(bundle, [Asked(one, rules) for one in documents])
        if find_spec("opa_bindings") is None:
            samples = [ours() for _ in range(PAIRS)]
            row = Row("ours", median(one.wall for one in samples), median(one.cpu for one in samples), runs=PAIRS)
            rows, notes = (row,), ("real OPA is not installed here, so there is no ratio",)
        else:
            rows, notes = _beside_opa(asked, ours, len(rules)), ()
    return Result(
        f"Policies: {len(documents)} products",
        f"How long {len(rules)} rules take over {len(documents)} contracts, from loading the policies to the verdicts.",
        rows,
        aims=(("CPU seconds of the engine", 1.0, rows[-1].cpu),),
        notes=notes,
    )


def _beside_opa(asked: Path, ours: Callable[[], Sample], rules: int) -> tuple[Row, ...]:
    def opa() -> Sample:
        argv = [sys.executable, "-c", OPA, str(asked)]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600)
        wall, cpu, found = done.stdout.split()
        assert int(found) > 0
        return Sample(float(wall), float(cpu))

    anchor, row = paired(opa, ours, pairs=PAIRS)
    return (
        Row(f"OPA 1.20.2 in its process, {rules} rules", anchor.wall, anchor.cpu, runs=anchor.runs),
        Row("ours", row.wall, row.cpu, 0.0, row.wall_ratio, row.cpu_ratio, row.runs),
    )


def _ours(bundle: Bundle, asked: list[Asked]) -> Callable[[], Sample]:
    def once() -> Sample:
        start, before = time.perf_counter(), _cpu()
        with Embedded() as engine:
            engine.load(bundle.deciding, bundle.data)
            answers = engine.decide(asked)
            wall = time.perf_counter() - start
        assert not any(value.error for values in answers for value in values)
        assert any(value.value for values in answers for value in values)
        return Sample(wall, _cpu() - before)

    return once


def _cpu() -> float:
    """CPU seconds of this process and of the engines that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _read() -> Result:
    settings = Settings(ROOT, ROOT / ".mesh")
    mesh = load_mesh(settings).require()
    products = tuple(mesh.products.values())
    reader = Reader("somebody", "analyst")
    with Guardrails(settings) as guardrails:

        def decided(turn: int) -> object:
            product = products[turn % len(products)]
            return decide_access(guardrails.bundle, guardrails.engine, product, reader, today=guardrails.today)

        uncached = [_seconds(lambda turn=turn: decided(turn)) for turn in range(READS)]  # type: ignore[misc]
        guardrails.access(products[0], reader)
        kept = [_seconds(lambda: guardrails.access(products[0], reader)) for _ in range(KEPT_READS)]
        rules = sum(rule.metadata.custom.input == "read" for rule in guardrails.bundle.rules)
    return Result(
        "Policies: one reader",
        f"How long it takes to decide what a reader may see of a product, by {rules} rules.",
        (
            Row("asked of the engine", median(uncached), 0.0, runs=READS),
            Row("answered from what is kept", median(kept), 0.0, runs=KEPT_READS),
        ),
        aims=(("ms uncached, median", 2.0, median(uncached) * 1e3), ("µs kept, median", 50.0, median(kept) * 1e6)),
    )


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
