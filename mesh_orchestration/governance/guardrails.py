"""The guardrails of one mesh: its bundle, waivers and engine together, for whoever must decide."""

from __future__ import annotations

from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import TracebackType
from typing import Self

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.access import Access, Reader, decide_access
from mesh_orchestration.governance.bundle import Bundle, load_bundle
from mesh_orchestration.governance.decide import Verdict, decide
from mesh_orchestration.governance.documents import Judged, product_documents
from mesh_orchestration.governance.engine import Engine
from mesh_orchestration.governance.project import file_documents
from mesh_orchestration.governance.remote import engine_for
from mesh_orchestration.governance.syntax import load
from mesh_orchestration.governance.waivers import Waiver, load_waivers
from mesh_orchestration.settings import Settings

KEPT = 10_000
"""Answers to readers that are kept."""


class Guardrails:
    """Decides on documents with the policies below ``settings.root``; a context manager, because the engine is
    a process; ``engine`` is one that is there already. Raises PolicyError when the bundle or a waiver cannot be
    read: the caller denies."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self.settings = settings
        self.bundle: Bundle = load_bundle(settings.root)
        self.waivers: tuple[Waiver, ...] = load_waivers(settings.root)
        self.today: date = settings.now().date()
        self.engine: Engine = engine or engine_for(settings)
        self._decided: dict[tuple[str, str, Reader], Access] = {}
        if self.bundle.rules:
            load(self.engine, self.bundle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.engine.close()

    def products(self, mesh: Mesh, products: Sequence[DataProduct] | None = None) -> tuple[Verdict, ...]:
        """The verdicts on the contracts of ``products``, all of the mesh when None."""
        chosen = tuple(mesh.products.values()) if products is None else tuple(products)
        return self.judge(product_documents(mesh, chosen, today=self.today))

    def files(self, mesh: Mesh, subjects: Set[str] | None = None) -> tuple[Verdict, ...]:
        """The verdicts on the files around the contracts: those of each domain, the platform's, the deployments; all
        of them when ``subjects`` is None."""
        return self.judge(file_documents(self.settings, mesh, subjects) if self.bundle.rules else ())

    def everything(self, mesh: Mesh) -> tuple[Verdict, ...]:
        """The verdicts on all that is there before anything runs: every contract, file and deployment. While the
        engine judges the contracts the files are read."""
        if not self.bundle.rules:
            return ()
        with ThreadPoolExecutor(1, "judge") as beside:
            contracts = beside.submit(self.products, mesh)
            files = file_documents(self.settings, mesh)
            return (*contracts.result(), *self.judge(files))

    def access(self, product: DataProduct, reader: Reader) -> Access:
        """What ``reader`` may see of ``product``; kept as long as bundle, contract and reader are the same."""
        key = (self.bundle.hash, product.fingerprint, reader)
        if key not in self._decided:
            if len(self._decided) >= KEPT:
                self._decided.clear()
            self._decided[key] = decide_access(self.bundle, self.engine, product, reader, today=self.today)
        return self._decided[key]

    def judge(self, documents: Sequence[Judged]) -> tuple[Verdict, ...]:
        """The verdicts on documents of any kind, in their order."""
        if not self.bundle.rules:
            return ()
        return decide(self.bundle, self.engine, documents, today=self.today, waivers=self.waivers)
