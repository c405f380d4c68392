"""``mesh monitoring``: files that follow from the contracts, and only those."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.builders import mesh_at, product
from tests.cli.mesh import mesh, mesh_each


@pytest.mark.slow
def test_rules_are_written_compared_and_removed_with_their_domain(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path / "mesh", product(), product("billing.revenue.v1"))
    out = tmp_path / "rules"
    words = ("monitoring", "rules", "-o", str(out))
    checked, written, again = mesh_each(settings, (*words, "--check"), words, (*words, "--check"))
    assert (checked.code, written.code, again.code) == (1, 0, 0)
    assert "missing" in checked.out
    assert "up to date" in again.out

    (out / "domain-mine.rules.yml").write_text("groups: []\n")
    (out / "mesh.rules.yml").write_text("groups: []\n")
    shutil.rmtree(tmp_path / "mesh" / "contracts" / "billing")
    stale, _ = mesh_each(settings, (*words, "--check", "--json"), words)
    kinds = {Path(one["path"]).name: one["kind"] for one in stale.json["stale"]}
    assert (stale.code, kinds) == (1, {"domain-billing.rules.yml": "orphan", "mesh.rules.yml": "outdated"})
    assert sorted(path.name for path in out.iterdir()) == [
        "domain-mine.rules.yml",
        "domain-orders.rules.yml",
        "mesh.rules.yml",
    ]


@pytest.mark.slow
def test_without_a_folder_the_files_are_printed(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    rules, dashboards, unclear = mesh_each(
        settings,
        ("monitoring", "rules"),
        ("monitoring", "dashboards", "--json"),
        ("monitoring", "rules", "--check"),
    )
    assert [len(said["groups"]) for said in yaml.safe_load_all(rules.out)] == [1, 1]
    assert json.loads(dashboards.json["domain-orders.json"])["title"] == "Mesh: orders"
    assert (unclear.code, "--output" in unclear.err) == (2, True)


@pytest.mark.slow
def test_broken_contracts_and_a_folder_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    (tmp_path / "file").touch()
    answer = mesh(settings, "monitoring", "rules", "-o", str(tmp_path / "file" / "rules"))
    assert (answer.code, "give another folder with --output" in answer.err) == (2, True)

    (tmp_path / "contracts" / "orders" / "order_lines" / "v1.yaml").write_text("kind: Nothing\n")
    answer = mesh(settings, "monitoring", "rules")
    assert (answer.code, "contracts/orders/order_lines/v1.yaml:1" in answer.err) == (2, True)
