"""Which changes on disk make which domains load again."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.server.watch import changed, fingerprint
from mesh_orchestration.settings import Settings


def write(settings: Settings, name: str) -> frozenset[str]:
    """Write a file below the root; returns what counts as changed by it."""
    before = fingerprint(settings)
    path = settings.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return changed(before, fingerprint(settings))


def test_a_contract_concerns_every_domain(settings: Settings) -> None:
    assert write(settings, "contracts/orders/orders/v1.yaml") == {"*"}


def test_a_model_concerns_its_domain(settings: Settings) -> None:
    assert write(settings, "dbt_projects/orders/models/orders.sql") == {"orders"}


def test_what_dbt_and_editors_write_concerns_nobody(settings: Settings) -> None:
    write(settings, "dbt_projects/orders/dbt_project.yml")

    assert write(settings, "dbt_projects/orders/target/manifest.json") == frozenset()
    assert write(settings, "dbt_projects/orders/.user.yml") == frozenset()
    assert write(settings, "contracts/.orders.yaml.swp") == frozenset()


def test_a_removed_file_is_a_change(settings: Settings) -> None:
    write(settings, "contracts/a.yaml")
    before = fingerprint(settings)
    Path(settings.root, "contracts", "a.yaml").unlink()

    assert changed(before, fingerprint(settings)) == {"*"}
