"""Every metric of the mesh: its name, what it means, and its labels. What reads metrics is made from this list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple[tuple[str, ...], float]
"""The values of the labels, in their order, and the value of the metric."""
_PRODUCT = ("address", "domain")
_LEVEL = (*_PRODUCT, "level")


@dataclass(frozen=True)
class Definition:
    """A metric; a counter's name is that of its samples, with ``_total``."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...] = ()

    def family(self, samples: Iterable[Sample]) -> Metric:
        """The metric with its samples, as Prometheus' client shows it."""
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = kind(self.name, self.help, labels=self.labels)
        for labels, value in samples:
            family.add_metric(labels, value)
        return family


def _gauge(name: str, help: str, labels: tuple[str, ...] = ()) -> Definition:  # noqa: A002 (Prometheus' word)
    return Definition(name, "gauge", help, labels)


def _counter(name: str, help: str, labels: tuple[str, ...] = ()) -> Definition:  # noqa: A002 (Prometheus' word)
    return Definition(name, "counter", help, labels)


PRODUCT_INFO = _gauge(
    "mesh_product_info", "A data product and whose it is; always 1.", (*_PRODUCT, "owner", "status", "version")
)
PUBLISHED = _gauge(
    "mesh_product_published_timestamp_seconds", "When consumers got what they read now; 0 before that.", _PRODUCT
)
ROWS = _gauge("mesh_product_rows", "Rows that consumers read now.", _PRODUCT)
BYTES = _gauge("mesh_product_bytes", "Bytes of the files that consumers read now.", _PRODUCT)
REFUSED = _gauge(
    "mesh_product_refused", "1 when the newest attempt to publish was refused, so that an older one is read.", _PRODUCT
)
PUBLICATIONS = _counter(
    "mesh_product_publications_total",
    "Attempts to publish that the catalog knows, by outcome: published or refused.",
    (*_PRODUCT, "outcome"),
)
RUN_SECONDS = _gauge("mesh_product_run_seconds", "How long the newest run of the product took.", _PRODUCT)
READS = _counter(
    "mesh_product_reads_total",
    "Reads that the log of decisions knows, by outcome: allowed or denied.",
    (*_PRODUCT, "outcome"),
)
CHECK_PASSED = _gauge(
    "mesh_check_passed", "1 when the check passed in the newest attempt to publish.", (*_PRODUCT, "check", "severity")
)
CHECK_FAILING = _gauge(
    "mesh_check_failing_ratio",
    "Share of the elements that broke the check in the newest attempt, where it counts them.",
    (*_PRODUCT, "check", "severity"),
)
SLA_BROKEN = _gauge("mesh_sla_broken", "1 while the service level is broken.", _LEVEL)
SLA_UNKNOWN = _gauge("mesh_sla_unknown", "1 while nobody knows whether the service level is kept.", _LEVEL)
SLA_VALUE = _gauge("mesh_sla_value", "What is measured now: seconds, a share, or rows a second.", _LEVEL)
SLA_THRESHOLD = _gauge("mesh_sla_threshold", "What the contract promises, in the unit of mesh_sla_value.", _LEVEL)
SLA_COMPLIANCE = _gauge(
    "mesh_sla_compliance_ratio", "Share of the known time of the last 30 days in which it was kept.", _LEVEL
)
SLA_BUDGET = _gauge(
    "mesh_sla_budget_left_ratio",
    "What is left of the error budget of the last 30 days; below 0 when overdrawn.",
    _LEVEL,
)
SLA_BURN = _gauge(
    "mesh_sla_burn_rate",
    "How fast the error budget goes over the window; 1 uses it up exactly.",
    (*_LEVEL, "window"),
)
SLA_LOOKED = _gauge(
    "mesh_sla_looked_timestamp_seconds", "When the recorder of service levels last looked at the mesh; 0 for never."
)
LINEAGE_EVENTS = _counter("mesh_lineage_events_total", "Lineage events that the catalog took in.")
LINEAGE_NODES = _gauge("mesh_lineage_nodes", "What the lineage graph knows, by kind: dataset or job.", ("kind",))
LINEAGE_EDGES = _gauge("mesh_lineage_edges", "Edges of the lineage graph that hold now.")
LINEAGE_LAST = _gauge(
    "mesh_lineage_received_timestamp_seconds", "When the catalog took in its newest lineage event; 0 for never."
)
INCIDENTS_OPEN = _gauge("mesh_incidents_open", "Open incidents, by level: warn or error.", ("domain", "level"))
MESSAGES_WAITING = _gauge("mesh_incident_messages_waiting", "Messages that still have to reach their channel.")
ANOMALIES_OPEN = _gauge("mesh_anomalies_open", "Anomalies that go on now.", _PRODUCT)
SOURCE_UP = _gauge("mesh_source_up", "1 when the store behind these metrics could be read.", ("source",))
COLLECT_SECONDS = _gauge("mesh_source_read_seconds", "How long the store was read for these metrics.", ("source",))

DEFINITIONS: Mapping[str, Definition] = {
    found.name: found for found in tuple(globals().values()) if isinstance(found, Definition)
}
"""All of them by name, but for those of requests, which the service counts itself."""
REQUESTS, REQUEST_SECONDS = "mesh_http_requests_total", "mesh_http_request_seconds"
