"""Contracts that somebody sent: new, changed, the same, or in conflict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mesh_orchestration.catalog.products import domains, product, versions
from mesh_orchestration.catalog.project import clear, project, write_contracts
from mesh_orchestration.catalog.register import Registration, register
from mesh_orchestration.catalog.search import search
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.traits import traits
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from tests.builders import product as built

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
SHIPMENTS = built("logistics.shipments.v1", description="One row per shipment.")
NEWER = built("logistics.shipments.v1", version="1.1.0", description="One row per shipment, from all stores.")
EMPTY = Mesh({}, ())


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with open_catalog(settings) as catalog:
        yield catalog


def test_a_contract_is_new_then_known_then_changed(catalog: Catalog) -> None:
    with catalog.writing() as conn:
        done = [register(conn, one, at=NOW) for one in (SHIPMENTS, SHIPMENTS, NEWER)]
        assert done == [
            Registration("logistics.shipments.v1", created=True, changed=True),
            Registration("logistics.shipments.v1", created=False, changed=False),
            Registration("logistics.shipments.v1", created=False, changed=True),
        ]
        assert [one.version for one in versions(conn, "logistics.shipments.v1")] == ["1.1.0", "1.0.0"]
        assert [one.name for one in domains(conn, now=NOW)] == ["logistics"]
        assert [hit.key for hit in search(conn, "all stores").hits] == ["logistics.shipments.v1"]


def test_another_text_under_the_same_version_is_refused(catalog: Catalog) -> None:
    other = built("logistics.shipments.v1", description="Something else altogether.")
    with catalog.writing() as conn:
        register(conn, SHIPMENTS, at=NOW)
        with pytest.raises(MeshError, match="give the change a new version"):
            register(conn, other, at=NOW)


def test_a_contract_of_the_mesh_cannot_be_replaced_from_outside(catalog: Catalog) -> None:
    ours = SHIPMENTS.in_file("contracts/logistics/shipments/v1.yaml")
    write_contracts(catalog, Mesh({ours.address: ours}, ("logistics",)))
    with catalog.writing() as conn, pytest.raises(MeshError, match=r"contracts/logistics/shipments/v1\.yaml"):
        register(conn, NEWER, at=NOW)


def test_what_was_registered_stays_when_all_else_is_written_anew(catalog: Catalog, settings: Settings) -> None:
    with catalog.writing() as conn:
        register(conn, SHIPMENTS, at=NOW)
        clear(conn)
    project(settings, catalog, EMPTY)
    with catalog.reading() as conn:
        found = product(conn, "logistics.shipments", now=NOW)
        assert found is not None
        assert (found.product.origin, len(found.columns)) == ("registered", 3)
        assert [one.name for one in domains(conn, now=NOW)] == ["logistics"]
        assert [hit.key for hit in search(conn, "shipment").hits] == ["logistics.shipments.v1"]
        assert len(traits(conn, "logistics.shipments.v1")) == 6
