"""How long a contract lets rows and snapshots be kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.model import DataProduct


def retention_of(product: DataProduct) -> timedelta | None:
    """``spec.retention`` as a length of time; None where the contract names none."""
    return parse_duration(product.spec.retention) if product.spec.retention else None


def kept_since(product: DataProduct, now: datetime) -> tuple[str, datetime] | None:
    """The event time column, and the moment before which its rows are no longer published; None where the
    contract has no ``spec.retention`` or no ``sla.event_time``: then nothing tells how old a row is."""
    length, column = retention_of(product), product.spec.sla.event_time
    return (column, now - length) if length is not None and column else None
