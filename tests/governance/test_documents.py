"""What surrounds a contract stays small, however many products are alike, and so does what is found."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.documents import ALIKE, product_documents
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product

RULES = Path(__file__).resolve().parents[2] / "policies"
MANY = 2 * ALIKE
NAMES = tuple(f"orders.lines_{number:02d}.v1" for number in range(MANY))


@pytest.fixture
def alike(tmp_path: Path) -> Settings:
    """``MANY`` products of the same columns, the first of them with a second major, and one of its own kind."""
    other = product("orders.others.v1", fields={"other_id": "long"})
    return mesh_at(
        tmp_path, *(product(name) for name in NAMES), product("orders.lines_00.v2", model="lines_00_v2"), other
    )


def test_a_document_names_the_first_of_those_that_are_alike_and_no_version_of_its_own(alike: Settings) -> None:
    mesh = load_mesh(alike).require()
    said = {
        one.subject: one.value["alike"]
        for one in product_documents(mesh, tuple(mesh.products.values()), today=date(2026, 11, 21))
    }

    assert said[NAMES[0]] == said["orders.lines_00.v2"] == list(NAMES[1 : ALIKE + 1])
    assert said[NAMES[-1]] == [NAMES[0], "orders.lines_00.v2", *NAMES[1 : ALIKE - 1]]
    assert said["orders.others.v1"] == []


def test_one_product_built_twice_is_one_finding_however_often_it_is_built(alike: Settings) -> None:
    for place in ("rules/duplicates.rego", "lib/published.rego"):
        (alike.root / "policies" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RULES / place, alike.root / "policies" / place)
    with Guardrails(alike) as guardrails:
        found = guardrails.products(load_mesh(alike))

    assert [one.subject for one in found] == list(NAMES[1:])
    assert {one.message for one in found} == {f"has the same columns as {NAMES[0]}"}
