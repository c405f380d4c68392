"""What Iceberg says of a product: everything published and refused that is still kept, with its checks."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import StorageError
from mesh_orchestration.publication.moves import Refusal
from mesh_orchestration.publication.rejected import RejectedRows, rejected_rows
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import MAIN, Snapshot, ancestry, audit_branches, read_snapshot
from mesh_orchestration.storage.stamp import Verdict

_LOG = logging.getLogger("mesh.catalog")
_SAMPLE_ROWS = 5
_Row = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """A table as it was read: ``mark`` names its state; ``attempts`` and ``checks`` are rows of the catalog, and
    ``head`` what the product's own row says of them. ``refused`` means that the newest attempt was refused."""

    address: str
    mark: str
    head: Mapping[str, Any]
    attempts: tuple[_Row, ...] = ()
    checks: tuple[_Row, ...] = ()
    brief: _Row | None = None


def read_kept(lake: Lake, product: DataProduct, mark: str, known: frozenset[str]) -> Kept | None:
    """What the product's table says that is new; None when nothing has changed since ``mark``.

    ``known`` are the attempts that were read before. Raises StorageError when the table cannot be read.
    """
    table = lake.table(product.address)
    if table is None or table.metadata_location == mark:
        return None
    refusal = Refusal.of(table.metadata.properties)
    found = list(_snapshots(table, product.address))
    fresh = [(raw, one) for raw, one in found if attempt_of(one) not in known]
    samples = {one.branch: _samples(lake, product, one) for _, one in fresh if not one.published}
    checks = tuple(row for _, one in fresh for row in _checks(one, samples.get(one.branch, {})))
    return Kept(
        address=str(product.address),
        mark=table.metadata_location,
        head=_head(found, refusal),
        attempts=tuple(_attempt(raw, one) for raw, one in fresh),
        checks=checks,
        brief=_brief(product.address, refusal) if refusal and refusal.run_id not in known else None,
    )


def attempt_of(snapshot: Snapshot) -> str:
    """What an attempt is known by: the published snapshot's id, the refused one's run."""
    return str(snapshot.snapshot_id) if snapshot.published else snapshot.run_id


def _snapshots(table: Table, address: Address) -> Iterator[tuple[IcebergSnapshot, Snapshot]]:
    for raw in ancestry(table.metadata):
        yield raw, read_snapshot(address, raw)
    for branch in audit_branches(table):
        head = next(ancestry(table.metadata, branch), None)
        snapshot = read_snapshot(address, head, branch) if head else None
        if head and snapshot and snapshot.reasons:
            yield head, snapshot


def _head(found: list[tuple[IcebergSnapshot, Snapshot]], refusal: Refusal | None) -> _Row:
    served = next(((raw, one) for raw, one in found if one.branch == MAIN), None)
    snapshot = served[1] if served else None
    refused = refusal is not None and refusal.base == (snapshot.snapshot_id if snapshot else None)
    audited = next((one for _, one in found if refusal and refused and one.branch == refusal.branch), snapshot)
    return {
        "snapshot": snapshot.snapshot_id if snapshot else None,
        "published": snapshot.timestamp if snapshot else None,
        "rows": snapshot.rows if snapshot else None,
        "bytes": _bytes(served[0]) if served else None,
        "refused": refusal.at if refusal and refused else None,
        **_counts(audited.verdicts if audited else ()),
    }


def _counts(verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    broken = [one.severity for one in verdicts if not one.success]
    return {
        "passed": len(verdicts) - len(broken),
        "failed": broken.count("error"),
        "warned": broken.count("warn"),
    }


def _bytes(raw: IcebergSnapshot) -> int:
    return int((raw.summary.additional_properties if raw.summary else {}).get("total-files-size", 0))


def _attempt(raw: IcebergSnapshot, one: Snapshot) -> _Row:
    return {
        "address": str(one.address),
        "attempt": attempt_of(one),
        "snapshot": one.snapshot_id,
        "parent": one.parent,
        "branch": one.branch,
        "at": one.timestamp,
        "run_id": one.run_id,
        "published": one.published,
        "version": one.contract_version,
        "hash": one.contract_hash,
        "rows": one.rows,
        "bytes": _bytes(raw),
        "reasons": json.dumps(one.reasons, ensure_ascii=False),
        "inputs": json.dumps(dict(one.input_snapshots), default=str, sort_keys=True),
        "rewrite": one.rewrite,
        "policy_hash": one.policy_hash,
        **_counts(one.verdicts),
    }


def _brief(address: Address, refusal: Refusal) -> _Row:
    """A refusal of which only the table's memory is left: it wrote no rows, or they have expired."""
    return {
        "address": str(address),
        "attempt": refusal.run_id,
        "snapshot": None,
        "parent": refusal.base,
        "branch": refusal.branch,
        "at": refusal.at,
        "run_id": refusal.run_id,
        "published": False,
        "version": refusal.contract_version,
        "hash": "",
        "rows": 0,
        "bytes": 0,
        "reasons": json.dumps(refusal.reasons, ensure_ascii=False),
        "inputs": "{}",
        "rewrite": "",
        "policy_hash": "",
        **_counts(()),
    }


def _checks(one: Snapshot, samples: Mapping[str, str]) -> Iterator[_Row]:
    for verdict in one.verdicts:
        yield {
            "address": str(one.address),
            "check": verdict.name,
            "attempt": attempt_of(one),
            "at": one.timestamp,
            "passed": verdict.success,
            "severity": verdict.severity,
            "expectation": verdict.expectation,
            "column": verdict.column or "",
            "unexpected": verdict.unexpected_count,
            "elements": verdict.element_count,
            "observed": json.dumps(verdict.observed, default=str, ensure_ascii=False),
            "sample": samples.get(verdict.name, ""),
        }


def _samples(lake: Lake, product: DataProduct, refused: Snapshot) -> dict[str, str]:
    """By check, some of the rows that broke it, masked; what cannot be read any more is left out."""
    try:
        found = rejected_rows(lake, product, branch=refused.branch, limit=_SAMPLE_ROWS)
    except (StorageError, duckdb.Error, OSError) as error:
        _LOG.warning("the refused rows of %s cannot be read: %s", refused.branch, error)
        return {}
    return {one.verdict.name: _packed(one) for one in found}


def _packed(rows: RejectedRows) -> str:
    said = {"columns": rows.columns, "rows": rows.rows, "note": rows.note}
    return json.dumps(said, default=str, ensure_ascii=False)
