from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, write_contract

REPOSITORY = Path(__file__).parents[2]
LOAD = "import sys; from mesh_orchestration import locations; print(sorted(getattr(locations, sys.argv[1]).{what}))"


def load(settings: Settings, attribute: str, *, what: str = "get_repository_def().job_names") -> tuple[str, str]:
    """What a process that loads the location prints, and the last line of its complaint."""
    environ = dict(os.environ, MESH_ROOT=str(settings.root), MESH_HOME=str(settings.home))
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(what=what), attribute], capture_output=True, text=True, env=environ
    )
    complaint = done.stderr.strip().splitlines()
    return done.stdout.strip(), "\n".join(complaint) if done.returncode else ""


def test_the_workspace_names_every_domain_and_the_platform() -> None:
    text = (REPOSITORY / "workspace.yaml").read_text()
    locations = [one["python_module"] for one in yaml.safe_load(text)["load_from"]]
    mesh = load_mesh(Settings(REPOSITORY, REPOSITORY / ".mesh"))
    assert {one["attribute"] for one in locations} == {*mesh.domains, "platform"}
    assert all(one["location_name"] == one["attribute"] for one in locations)
    assert {one["module_name"] for one in locations} == {"mesh_orchestration.locations"}


@pytest.mark.slow
def test_a_domain_is_an_attribute_of_one_module(shop: Settings) -> None:
    assert load(shop, "orders") == ("['__ASSET_JOB']", "")


@pytest.mark.slow
def test_a_broken_contract_keeps_only_its_own_location_from_loading(shop: Settings) -> None:
    text = contract_text("billing.broken.v1").replace("type: string", "type: strng")
    write_contract(shop.root, text, at="billing.broken.v1")
    _, complaint = load(shop, "billing")
    assert "ContractError: contracts/billing/broken/v1.yaml:" in complaint
    assert "'strng'" in complaint
    assert "did you mean 'string'" in complaint
    assert load(shop, "orders")[1] == ""


@pytest.mark.slow
def test_an_attribute_that_is_no_domain_is_told_the_nearest(shop: Settings) -> None:
    _, complaint = load(shop, "order")
    assert "AttributeError: 'order' is neither a domain nor 'platform'; did you mean 'orders'?" in complaint


@pytest.mark.slow
def test_describing_a_domain_imports_neither_iceberg_nor_arrow_nor_great_expectations(shop: Settings) -> None:
    heavy = "{'pyiceberg', 'pyarrow', 'polars', 'pandas', 'great_expectations'}"
    printed, complaint = load(shop, "orders", what=f"assets and [m for m in {heavy} if m in sys.modules]")
    assert (printed, complaint) == ("[]", "")
