from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.engines import engine_for
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings


def choosing(root: Path, **environ: str) -> Settings:
    return Settings(root=root, home=root / ".mesh", environ=environ)


def test_duckdb_is_the_engine_unless_settings_say_otherwise(settings: Settings) -> None:
    assert engine_for(settings, "orders").dialect == "duckdb"


def test_one_domain_may_have_another_engine(tmp_path: Path) -> None:
    settings = choosing(
        tmp_path, MESH_ENGINE_BILLING="postgresql", MESH_POSTGRES_URL="postgresql://mesh@127.0.0.1/mesh"
    )
    assert engine_for(settings, "billing").dialect == "postgres"
    assert engine_for(settings, "orders").dialect == "duckdb"


@pytest.mark.parametrize("word", ["base", "landing", "../x", "spark"])
def test_a_word_that_is_no_engine_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(
        SettingsError, match=rf"says '{word}', which is not an engine; expected one of duckdb, postgresql"
    ):
        engine_for(choosing(tmp_path, MESH_ENGINE=word), "orders")


def test_a_near_word_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'postgresql'\?"):
        engine_for(choosing(tmp_path, MESH_ENGINE="postgres"), "orders")


def test_a_postgresql_engine_without_a_url_says_which_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MESH_POSTGRES_URL is not set"):
        engine_for(choosing(tmp_path, MESH_ENGINE="postgresql"), "orders")
