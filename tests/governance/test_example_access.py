"""Who may read what in the example mesh: contracts, policies and docs/privacy.md say the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings
from tests.governance.opa_server import ROOT

OFFICER = Reader("dana", "data-protection", "audit")


def test_who_answers_peoples_requests_sees_all_personal_data_in_the_clear() -> None:
    settings = Settings(ROOT, ROOT / ".mesh")
    mesh = load_mesh(settings)
    personal = [product for product in mesh.products.values() if any(field.is_pii for field in product.fields)]
    with Guardrails(settings) as guardrails:
        granted = {str(product.address): guardrails.access(product, OFFICER) for product in personal}

    assert {name: (one.reasons, dict(one.masks)) for name, one in granted.items()} == dict.fromkeys(
        ("customers.households.v1", "engagement.coupon_redemptions.v1", "orders.order_lines.v1", "orders.orders.v1"),
        ((), {}),
    )


def test_a_product_that_leaves_them_out_is_warned_of(tmp_path: Path) -> None:
    for folder in ("contracts", "policies"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "contracts" / "orders" / "orders" / "v1.yaml"
    path.write_text(path.read_text().replace("roles: [analyst, data-protection, ", "roles: [analyst, "))
    settings = Settings(tmp_path, tmp_path / ".mesh")
    with Guardrails(settings) as guardrails:
        found = [one for one in guardrails.products(load_mesh(settings)) if one.code == "PII-006"]

    assert [(one.subject, one.path, one.outcome) for one in found] == [
        ("orders.orders.v1", "spec.access.roles", "warn")
    ]
