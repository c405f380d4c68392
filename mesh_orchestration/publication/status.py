"""How a product stands: what consumers read, what its last audit found, and whether it is late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.publication.moves import Refusal
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import MAIN, Snapshot, ancestry, read_snapshot

Freshness = Literal["ok", "late", "never"]


@dataclass(frozen=True)
class ProductStatus:
    """One product in one line.

    The counts are those of the last audit, also of one that refused: ``failed`` checks of severity
    ``error``, ``warned`` of severity ``warn``. ``age`` is the time since publication, ``window`` the
    freshness SLA; without an SLA what is published is ``ok``.
    """

    address: Address
    contract_version: str
    snapshot: Snapshot | None
    passed: int
    failed: int
    warned: int
    freshness: Freshness
    age: timedelta | None
    window: timedelta | None
    refusal: Refusal | None

    @property
    def rows(self) -> int | None:
        return self.snapshot.rows if self.snapshot else None

    @property
    def snapshot_id(self) -> int | None:
        return self.snapshot.snapshot_id if self.snapshot else None

    @property
    def published_at(self) -> datetime | None:
        return self.snapshot.timestamp if self.snapshot else None

    @property
    def refused(self) -> bool:
        """Whether the newest attempt to publish was refused, so that consumers read an older snapshot."""
        return self.refusal is not None and self.refusal.base == self.snapshot_id


def status(lake: Lake, product: DataProduct, now: datetime) -> ProductStatus:
    """How the product stands at ``now``; raises StorageError when the lake cannot be read."""
    table = lake.table(product.address)
    metadata = table.metadata if table else None
    head = next(ancestry(metadata, MAIN), None) if metadata else None
    current = read_snapshot(product.address, head) if head else None
    refusal = Refusal.of(metadata.properties) if metadata else None
    age = now - current.timestamp if current else None
    window = product.spec.sla.freshness_window
    known = ProductStatus(
        address=product.address,
        contract_version=current.contract_version if current else product.version,
        snapshot=current,
        passed=0,
        failed=0,
        warned=0,
        freshness=_freshness(age, window),
        age=age,
        window=window,
        refusal=refusal,
    )
    audited = current
    if metadata and refusal and known.refused and refusal.branch:
        refused = next(ancestry(metadata, refusal.branch), None)
        audited = read_snapshot(product.address, refused, refusal.branch) if refused else current
    return _counted(known, audited)


def statuses(lake: Lake, products: Iterable[DataProduct], now: datetime) -> tuple[ProductStatus, ...]:
    """How each of the products stands at ``now``."""
    return tuple(status(lake, product, now) for product in products)


def _freshness(age: timedelta | None, window: timedelta | None) -> Freshness:
    if age is None:
        return "never"
    return "late" if window is not None and age > window else "ok"


def _counted(known: ProductStatus, audited: Snapshot | None) -> ProductStatus:
    verdicts = audited.verdicts if audited else ()
    broken = [verdict.severity for verdict in verdicts if not verdict.success]
    return replace(known, passed=len(verdicts) - len(broken), failed=broken.count("error"), warned=broken.count("warn"))
