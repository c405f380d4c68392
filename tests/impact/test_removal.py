"""A product still consumed cannot be removed."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.readers import readers
from mesh_orchestration.impact.removal import Removal, removal_problems
from tests.builders import mesh_at
from tests.impact.meshes import SOURCE, files, lines, revenue


def removed(root: Path, before: tuple[DataProduct, ...], *gone: str) -> tuple[Removal, ...]:
    """What is said when the contracts ``gone`` are deleted."""
    settings = mesh_at(root, *before)
    was = load_mesh(settings)
    files(root, "billing", models__revenue___sql=f"select amount as total, 1 as stores from {SOURCE}")
    for file in gone:
        (root / file).unlink()
    mesh = load_mesh(settings)
    return removal_problems(was, mesh, readers(mesh, root))


def test_removing_a_product_that_is_read_names_its_readers(tmp_path: Path) -> None:
    (found,) = removed(tmp_path, (lines(), revenue()), "contracts/orders/order_lines/v1.yaml")
    assert found.message == (
        "orders.order_lines.v1 is removed but still read by billing.revenue.v1 (team:money); "
        "bring its contract back with 'status: deprecated' and a sunset until they have moved"
    )


def test_removing_a_product_together_with_its_last_reader_is_fine(tmp_path: Path) -> None:
    gone = ("contracts/orders/order_lines/v1.yaml", "contracts/billing/revenue/v1.yaml")
    assert removed(tmp_path, (lines(), revenue()), *gone) == ()


def test_a_declared_consumer_holds_a_product_too(tmp_path: Path) -> None:
    board = {"name": "Board", "type": "dashboard", "owner": "ann@example.com"}
    (found,) = removed(tmp_path, (lines(), revenue(consumers=[board])), "contracts/billing/revenue/v1.yaml")
    assert [use.consumer for use in found.uses] == ["Board"]


def test_a_contract_that_is_only_broken_is_not_removed(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, lines(), revenue())
    was = load_mesh(settings)
    (tmp_path / "contracts/orders/order_lines/v1.yaml").write_text("nonsense: true\n")
    mesh = load_mesh(settings)
    assert removal_problems(was, mesh, readers(mesh, tmp_path)) == ()
