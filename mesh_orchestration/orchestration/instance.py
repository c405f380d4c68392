"""The Dagster instance of the mesh: its home, its configuration, its storage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import ConfigurableClassData

from mesh_orchestration.errors import SettingsError, StorageError
from mesh_orchestration.settings import Settings

POSTGRES_URL = "MESH_DAGSTER_POSTGRES_URL"
_DRIVER = "postgresql+psycopg2"
_HERE = "mesh_orchestration.orchestration"


def prepare_home(settings: Settings) -> Path:
    """Make DAGSTER_HOME with a dagster.yaml in it, made from the mesh's; returns the folder.

    Only a file that differs is written. Secrets stay in the environment: the file names the variable.
    Raises SettingsError on a storage URL that cannot work, StorageError on a folder that cannot be written.
    """
    home = settings.dagster_home
    text = yaml.safe_dump(instance_config(settings), sort_keys=False)
    path = home / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            draft = home / f".dagster.yaml.{os.getpid()}"
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
    except OSError as error:
        raise StorageError(f"{home} cannot be written ({error.strerror}); mend it, or set DAGSTER_HOME") from error
    return home


def instance_config(settings: Settings) -> dict[str, Any]:
    """The mesh's dagster.yaml with every folder under DAGSTER_HOME and the storage that settings choose."""
    source = settings.root / "dagster.yaml"
    config: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8")) if source.is_file() else {}
    home = str(settings.dagster_home)
    config["storage"] = _postgres(settings) or {"custom": _configurable(f"{_HERE}.sqlite", "Storage", home)}
    config["local_artifact_storage"] = _configurable("dagster._core.storage.root", "LocalArtifactStorage", home)
    config["compute_logs"] = _configurable(f"{_HERE}.logs", "StepLogs", f"{home}/storage")
    return config


def _configurable(module: str, name: str, folder: str) -> dict[str, Any]:
    return {"module": module, "class": name, "config": {"base_dir": folder}}


def _postgres(settings: Settings) -> dict[str, Any] | None:
    url = settings.get(POSTGRES_URL)
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme == _DRIVER:
        return {"postgres": {"postgres_url": {"env": POSTGRES_URL}}}
    if parts.scheme not in {"postgresql", "postgres"}:
        raise SettingsError(f"{POSTGRES_URL} must be a PostgreSQL URL: {_DRIVER}://user:password@host:5432/database")
    if parts.password:
        raise SettingsError(
            f"{POSTGRES_URL} must name its driver, because Dagster reads the variable itself and the mesh writes no "
            f"password to disk: replace '{parts.scheme}://' by '{_DRIVER}://'"
        )
    return {"postgres": {"postgres_url": parts._replace(scheme=_DRIVER).geturl()}}


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The mesh's instance, for runs inside this process: their steps leave standard output alone."""
    ref = InstanceRef.from_dir(str(prepare_home(settings)))
    logs = yaml.safe_dump({"base_dir": str(settings.dagster_home / "storage"), "whole_process": False})
    quiet = ConfigurableClassData(f"{_HERE}.logs", "StepLogs", logs)
    with dg.DagsterInstance.from_ref(ref._replace(compute_logs_data=quiet)) as instance:
        yield instance
