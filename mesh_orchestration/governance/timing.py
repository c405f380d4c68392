"""How long each rule takes, within the engine, on the inputs that a mesh has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.governance.access import Reader, decide_access
from mesh_orchestration.governance.access import read_document as read_of
from mesh_orchestration.governance.bundle import Rule
from mesh_orchestration.governance.documents import Judged, product_documents
from mesh_orchestration.governance.engine import Asked, Embedded
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.project import file_documents

ROUNDS = 200
"""How often a read is decided for its median."""


@dataclass(frozen=True)
class RuleTime:
    """What one rule takes an input: ``middle`` and ``longest`` in seconds, over so many ``inputs``."""

    code: str
    kind: str
    inputs: int
    middle: float
    longest: float


@dataclass(frozen=True)
class ReadTime:
    """Seconds of a read's decision at the median, asked of the engine and answered from what is kept."""

    uncached: float
    cached: float


def time_rules(guardrails: Guardrails, mesh: Mesh) -> tuple[RuleTime, ...]:
    """Every rule that has an input in this mesh, the longest first, by the embedded engine."""
    documents = _documents(guardrails, mesh)
    found = []
    with Embedded() as engine:
        engine.load(guardrails.bundle.deciding, guardrails.bundle.data)
        for rule in guardrails.bundle.rules:
            inputs = [one for one in documents if one.kind == rule.metadata.custom.input and rule.concerns(one.domain)]
            if inputs:
                found.append(_timed(rule, inputs, engine))
    return tuple(sorted(found, key=lambda one: -one.middle))


def time_reads(guardrails: Guardrails, mesh: Mesh) -> ReadTime | None:
    """What deciding on a read takes; None for a mesh without products."""
    products = tuple(mesh.products.values())
    if not products:
        return None
    reader = Reader("somebody", "analyst")
    asked, kept = [], []
    for turn in range(ROUNDS):
        product = products[turn % len(products)]
        begun = perf_counter()
        decide_access(guardrails.bundle, guardrails.engine, product, reader, today=guardrails.today)
        asked.append(perf_counter() - begun)
        guardrails.access(product, reader)
        begun = perf_counter()
        guardrails.access(product, reader)
        kept.append(perf_counter() - begun)
    return ReadTime(median(asked), median(kept))


def _timed(rule: Rule, inputs: Sequence[Judged], engine: Embedded) -> RuleTime:
    paths = tuple(rule.sets.values())
    seconds = [sum(one) for one in engine.time([Asked(document.value, paths) for document in inputs])]
    return RuleTime(rule.code, rule.metadata.custom.input, len(inputs), median(seconds), max(seconds))


def _documents(guardrails: Guardrails, mesh: Mesh) -> tuple[Judged, ...]:
    products, today = tuple(mesh.products.values()), guardrails.today
    config = guardrails.bundle.data.get("config", {})
    asked = [
        (one, Reader("somebody", role)) for one in products for role in sorted(config.get("roles", {"analyst": {}}))
    ]
    reads = (
        Judged("read", str(one.address), one.domain, one.source, read_of(one, reader, config, today=today))
        for one, reader in asked
    )
    files = file_documents(guardrails.settings, mesh)
    return (*product_documents(mesh, products, today=today), *reads, *files)
