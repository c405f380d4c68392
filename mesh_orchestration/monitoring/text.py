"""Metrics as Prometheus' text format, for many samples: the client's own writer checks each name again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from prometheus_client.core import Metric
from prometheus_client.utils import floatToGoString

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(families: Iterable[Metric]) -> bytes:
    """The families, byte for byte as the client writes them; gauges, counters and histograms only."""
    return "".join(line for family in families for line in _lines(family)).encode()


def _lines(family: Metric) -> Iterator[str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    told = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {told}\n# TYPE {name} {family.type}\n"
    for sample in family.samples:
        if sample.labels:
            labels = ",".join([_label(*pair) for pair in sorted(sample.labels.items())])
            yield f"{sample.name}{{{labels}}} {_number(sample.value)}\n"
        else:
            yield f"{sample.name} {_number(sample.value)}\n"


def _number(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=100_000)
def _label(name: str, value: str) -> str:
    """``name="value"``, with what would end the value escaped."""
    escaped = value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return f'{name}="{escaped}"'
