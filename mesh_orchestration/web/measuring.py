"""The metrics of the whole mesh, from every store that knows something; one that cannot be read hides no other."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from mesh_orchestration.anomalies.store import open_findings
from mesh_orchestration.catalog.measures import (
    check_measures,
    lineage_measure,
    product_measures,
    publication_counts,
    read_counts,
)
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import MeshError
from mesh_orchestration.incidents.store import open_store
from mesh_orchestration.monitoring import metrics
from mesh_orchestration.monitoring.levels import level_metrics
from mesh_orchestration.settings import Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collector:
    """What Prometheus' client asks for the families: those of the stores, and those of the service itself."""

    settings: Settings
    catalog: Catalog
    own: CollectorRegistry

    def collect(self) -> Iterator[Metric]:
        """Every family; never raises for a store that cannot be read."""
        up, seconds = [], []
        for name, read in self._sources().items():
            begun, good = time.perf_counter(), True
            try:
                yield from tuple(read())
            except MeshError as error:
                good = False
                _LOG.warning("no metrics of %s: %s", name, error)
            up.append(((name,), float(good)))
            seconds.append(((name,), time.perf_counter() - begun))
        yield metrics.SOURCE_UP.family(up)
        yield metrics.COLLECT_SECONDS.family(seconds)
        yield from self.own.collect()

    def _sources(self) -> Mapping[str, Callable[[], Iterator[Metric]]]:
        return {
            "products": lambda: _products(self.catalog),
            "lineage": lambda: _lineage(self.catalog),
            "sla": lambda: level_metrics(self.settings, self.settings.now()),
            "incidents": lambda: _incidents(self.settings),
            "anomalies": lambda: _anomalies(self.settings, self.catalog),
        }


def _products(catalog: Catalog) -> Iterator[Metric]:
    with catalog.reading() as connection:
        found, counts = product_measures(connection), publication_counts(connection)
        reads, checks = read_counts(connection), check_measures(connection)
    domains = {one.address: one.domain for one in found}
    keyed = [((one.address, one.domain), one) for one in found]
    yield metrics.PRODUCT_INFO.family(((*key, one.owner, one.status, one.version), 1.0) for key, one in keyed)
    yield metrics.PUBLISHED.family((key, one.published.timestamp() if one.published else 0.0) for key, one in keyed)
    yield metrics.ROWS.family((key, one.rows) for key, one in keyed if one.rows is not None)
    yield metrics.BYTES.family((key, one.bytes) for key, one in keyed if one.bytes is not None)
    yield metrics.REFUSED.family((key, float(one.refused)) for key, one in keyed)
    yield metrics.RUN_SECONDS.family((key, one.seconds) for key, one in keyed if one.seconds is not None)
    yield metrics.PUBLICATIONS.family(
        ((*key, outcome), counts.get((key[0], outcome == "published"), 0))
        for key, _ in keyed
        for outcome in ("published", "refused")
    )
    yield metrics.READS.family(
        ((*key, outcome), reads.get(key[0], (0, 0))[place])
        for key, _ in keyed
        for place, outcome in enumerate(("allowed", "denied"))
    )
    named = [((one.address, domains[one.address], one.check, one.severity), one) for one in checks
             if one.address in domains]  # fmt: skip
    yield metrics.CHECK_PASSED.family((labels, float(one.passed)) for labels, one in named)
    yield metrics.CHECK_FAILING.family((labels, one.share) for labels, one in named if one.share is not None)


def _lineage(catalog: Catalog) -> Iterator[Metric]:
    with catalog.reading() as connection:
        found = lineage_measure(connection)
    yield metrics.LINEAGE_EVENTS.family([((), found.events)])
    yield metrics.LINEAGE_NODES.family(((kind,), found.nodes.get(kind, 0)) for kind in ("dataset", "job"))
    yield metrics.LINEAGE_EDGES.family([((), found.edges)])
    yield metrics.LINEAGE_LAST.family([((), found.received.timestamp() if found.received else 0.0)])


def _anomalies(settings: Settings, catalog: Catalog) -> Iterator[Metric]:
    with catalog.reading() as connection:
        addresses = [one.address for one in product_measures(connection)]
    counts = Counter(one.key.address for one in open_findings(settings))
    yield metrics.ANOMALIES_OPEN.family(((address, address.split(".", 1)[0]), counts[address]) for address in addresses)


def _incidents(settings: Settings) -> Iterator[Metric]:
    with open_store(settings) as store:
        found, waiting = store.incidents(limit=10_000), store.waiting()
    counts = Counter((one.domain, one.level) for one in found)
    yield metrics.INCIDENTS_OPEN.family(counts.items())
    yield metrics.MESSAGES_WAITING.family([((), waiting)])
