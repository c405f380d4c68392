"""What the stamp of a snapshot says of a publication, kept with Dagster's events: they outlive the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.model import DataProduct

if TYPE_CHECKING:
    from mesh_orchestration.publication.request import Publication
    from mesh_orchestration.storage.catalog import Lake

_SUMMARY = {"added-files-size": "mesh/bytes", "added-data-files": "mesh/files"}


def stamped(lake: Lake, product: DataProduct, publication: Publication) -> dict[str, Any]:
    """The contract's version and hash, the policies' hash and decision, the bytes and files that were written;
    of a publication that wrote nothing only what the contract says. Raises StorageError when the catalog fails."""
    from mesh_orchestration.storage.stamp import Stamp

    summary = _summary(lake, publication)
    stamp = Stamp.of(summary)
    said = {
        "mesh/contract_version": stamp.contract_version if stamp else product.version,
        "mesh/contract_hash": stamp.contract_hash if stamp else product.fingerprint,
        "mesh/policy_hash": stamp.policy_hash if stamp else "",
        "mesh/decision": stamp.decision if stamp else "",
    }
    numbers = {word: int(summary[key]) for key, word in _SUMMARY.items() if key in summary}
    return {key: value for key, value in said.items() if value} | numbers


def _summary(lake: Lake, publication: Publication) -> Mapping[str, str]:
    table = lake.table(publication.address)
    found = table.snapshot_by_id(publication.snapshot_id) if table and publication.snapshot_id is not None else None
    return dict(found.summary.additional_properties) if found and found.summary else {}
