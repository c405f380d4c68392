"""Which locations there are, where their sockets are, and what Dagster is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.server.locations import Location, read_locations, socket_dir, write_workspace
from mesh_orchestration.settings import Settings


def test_locations_are_those_of_the_workspace(settings: Settings) -> None:
    entry = {"python_module": {"module_name": "m", "attribute": "a", "location_name": "n"}}
    (settings.root / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [entry]}))

    assert read_locations(settings) == (Location("n", "m", "a"),)


@pytest.mark.parametrize("text", ["", "load_from: 3", "load_from: [{grpc_server: {port: 1}}]", "{"])
def test_a_workspace_of_another_form_is_an_error(settings: Settings, text: str) -> None:
    (settings.root / "workspace.yaml").write_text(text)

    with pytest.raises(SettingsError, match=r"workspace.yaml: expected load_from: a list of python_module"):
        read_locations(settings)


def test_sockets_are_for_their_owner_only_and_their_paths_short(tmp_path: Path) -> None:
    deep = Settings(tmp_path, tmp_path / ("x" * 120))

    for folder in (socket_dir(Settings(tmp_path, Path("/tmp") / tmp_path.name)), socket_dir(deep)):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(str(folder)) < 70
        folder.rmdir()
    assert socket_dir(deep) == socket_dir(deep)


def test_the_workspace_names_each_server_by_its_socket(tmp_path: Path) -> None:
    path = write_workspace([Location("orders", "m", "a")], tmp_path)

    assert yaml.safe_load(path.read_text()) == {
        "load_from": [{"grpc_server": {"location_name": "orders", "socket": str(tmp_path / "orders.sock")}}]
    }
