from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml

from mesh_orchestration.errors import SettingsError, StorageError
from mesh_orchestration.orchestration.instance import instance_config, open_instance, prepare_home
from mesh_orchestration.orchestration.logs import speaker
from mesh_orchestration.settings import Settings
from tests.postgres import PostgresDatabase

REPOSITORY = Path(__file__).parents[2]


def settings_in(home: Path, **environ: str) -> Settings:
    return Settings(REPOSITORY, home, environ)


def test_all_state_of_dagster_stays_in_its_home(tmp_path: Path) -> None:
    home = prepare_home(settings_in(tmp_path))
    config = yaml.safe_load((home / "dagster.yaml").read_text())
    assert home == tmp_path / "dagster"
    assert config["storage"]["custom"]["config"] == {"base_dir": str(home)}
    assert config["compute_logs"]["config"]["base_dir"] == str(home / "storage")
    assert config["telemetry"] == {"enabled": False}


def test_a_password_is_named_and_never_written(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://mesh:secret@127.0.0.1:5432/dagster"
    home = prepare_home(settings_in(tmp_path, MESH_DAGSTER_POSTGRES_URL=url))
    text = (home / "dagster.yaml").read_text()
    assert "secret" not in text
    assert yaml.safe_load(text)["storage"] == {"postgres": {"postgres_url": {"env": "MESH_DAGSTER_POSTGRES_URL"}}}


def test_a_url_without_password_gets_the_driver_that_dagster_has(tmp_path: Path) -> None:
    config = instance_config(
        settings_in(tmp_path, MESH_DAGSTER_POSTGRES_URL="postgresql://mesh@127.0.0.1:5432/dagster")
    )
    assert config["storage"]["postgres"]["postgres_url"] == "postgresql+psycopg2://mesh@127.0.0.1:5432/dagster"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://mesh:secret@127.0.0.1/dagster", r"replace 'postgresql://' by 'postgresql\+psycopg2://'"),
        ("mysql://127.0.0.1/dagster", "must be a PostgreSQL URL"),
    ],
)
def test_a_storage_url_that_cannot_work_is_refused_without_its_password(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refusal:
        prepare_home(settings_in(tmp_path, MESH_DAGSTER_POSTGRES_URL=url))
    assert "secret" not in str(refusal.value)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "dagster").write_text("a file stands where the folder belongs")
    with pytest.raises(StorageError, match=r"dagster cannot be written .*set DAGSTER_HOME"):
        prepare_home(settings_in(tmp_path))


@dg.op
def speak() -> None:
    speaker()("a word to the step's output")


@dg.job(executor_def=dg.in_process_executor)
def speaking() -> None:
    speak()


def test_what_a_step_says_is_kept_for_the_ui_and_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with open_instance(settings_in(tmp_path)) as instance:
        speaking.execute_in_process(instance=instance)
    logs = [path.read_text() for path in (tmp_path / "dagster" / "storage").rglob("*.out")]
    assert logs == ["a word to the step's output\n"]
    assert "a word" not in capfd.readouterr().out


@pytest.mark.slow
def test_dagster_keeps_its_state_in_postgresql_by_settings_alone(tmp_path: Path, postgres: PostgresDatabase) -> None:
    with open_instance(settings_in(tmp_path, MESH_DAGSTER_POSTGRES_URL=postgres.url)) as instance:
        result = speaking.execute_in_process(instance=instance)
        assert instance.get_run_by_id(result.run_id).status is dg.DagsterRunStatus.SUCCESS
    assert postgres.run("select count(*) from runs") == [(1,)]
    assert not (tmp_path / "dagster" / "history").exists()
