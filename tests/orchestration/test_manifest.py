from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_orchestration.errors import EngineError, SettingsError
from mesh_orchestration.orchestration.manifest import ensure_manifest, fingerprint
from mesh_orchestration.settings import Settings
from tests.orchestration.shop import shop_at, write_project

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return shop_at(tmp_path)


def parsed_at(settings: Settings, domain: str, *, parse: bool = True) -> int:
    return ensure_manifest(settings, domain, parse=parse).manifest_path.stat().st_mtime_ns


def test_a_fresh_manifest_is_not_parsed_again(shop: Settings) -> None:
    assert parsed_at(shop, "orders") == parsed_at(shop, "orders")


def test_a_changed_model_makes_the_manifest_stale(shop: Settings) -> None:
    before = parsed_at(shop, "billing")
    write_project(shop.root, "billing", {"extra": "select 1 as one"})
    assert parsed_at(shop, "billing") > before
    assert "model.billing.extra" in ensure_manifest(shop, "billing").manifest()["nodes"]


def test_a_run_worker_takes_the_manifest_its_location_loaded(shop: Settings) -> None:
    before = parsed_at(shop, "billing")
    write_project(shop.root, "billing", {"extra": "select 1 as one"})
    assert parsed_at(shop, "billing", parse=False) == before


def test_another_engine_makes_the_manifest_stale(shop: Settings, tmp_path: Path) -> None:
    url = "postgresql://mesh@127.0.0.1:5432/mesh"
    other = Settings(shop.root, shop.home, {"MESH_ENGINE": "postgresql", "MESH_POSTGRES_URL": url})
    assert fingerprint(shop, "orders") != fingerprint(other, "orders")


def test_where_state_is_kept_does_not_matter_to_a_manifest(shop: Settings, tmp_path: Path) -> None:
    moved = Settings(shop.root, tmp_path / "elsewhere", shop.environ)
    assert fingerprint(shop, "orders") == fingerprint(moved, "orders")


def test_a_shipped_manifest_is_used_as_it_is(shop: Settings, tmp_path: Path) -> None:
    shipped = ensure_manifest(shop, "billing", shipped=True)
    moved = Settings(shop.root, tmp_path / "elsewhere", shop.environ)
    assert ensure_manifest(moved, "billing").manifest_path == shipped.manifest_path


def test_a_model_that_dbt_cannot_parse_is_told_in_dbts_words(shop: Settings) -> None:
    write_project(shop.root, "billing", {"broken": "select * from {{ ref('nothing') }}"})
    with pytest.raises(
        EngineError, match=r"dbt cannot parse dbt_projects/billing: [\s\S]*'nothing' which was not found"
    ):
        ensure_manifest(shop, "billing")


def test_a_domain_without_dbt_project_is_told_where_it_belongs(shop: Settings) -> None:
    with pytest.raises(SettingsError, match=r"nowhere has no dbt project: .*dbt_projects/nowhere/dbt_project.yml"):
        ensure_manifest(shop, "nowhere")


def test_several_who_need_a_manifest_at_once_parse_it_once(shop: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        times = set(pool.map(lambda _: parsed_at(shop, "orders"), range(4)))
    assert len(times) == 1


@pytest.mark.slow
def test_one_warm_process_parses_many_projects_quickly(shop: Settings) -> None:
    for number in range(6):
        write_project(shop.root, f"domain{number}", {f"model{number}": "select 1 as one"})
    program = (
        "import sys, time; from pathlib import Path\n"
        "from mesh_orchestration.settings import Settings\n"
        "from mesh_orchestration.orchestration.manifest import ensure_manifest\n"
        "settings = Settings(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "ensure_manifest(settings, 'domain0'); begun = time.process_time()\n"
        "for number in range(1, 6): ensure_manifest(settings, f'domain{number}')\n"
        "print(time.process_time() - begun)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, shop.root, shop.home], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.splitlines()[-1]) < 5 * 2
