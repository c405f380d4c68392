"""Which code locations there are, and the workspace file that tells the web UI and the daemon of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings

_LONGEST_SOCKET = 100  # the kernel allows 108 bytes, macOS 104


@dataclass(frozen=True)
class Location:
    """One code location: ``attribute`` of ``module`` is its Definitions."""

    name: str
    module: str
    attribute: str


def read_locations(settings: Settings) -> tuple[Location, ...]:
    """The locations in the mesh's workspace.yaml; raises SettingsError when it says anything else."""
    path = settings.root / "workspace.yaml"
    try:
        entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {})["load_from"]
        modules = [entry["python_module"] for entry in entries]
        return tuple(Location(item["location_name"], item["module_name"], item["attribute"]) for item in modules)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}); set MESH_ROOT to the mesh's folder") from None
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path}: expected load_from: a list of "
            f"python_module: {{module_name, attribute, location_name}}; {error!r} is wrong"
        ) from None


def socket_dir(settings: Settings) -> Path:
    """The folder of the code servers' sockets, for this user only: in the mesh's home, or in the temporary
    folder when that path is too long for a socket."""
    folder = settings.home / "run"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET - 40:
        digest = hashlib.sha256(os.fsencode(settings.home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"mesh-{os.getuid()}-{digest}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise SettingsError(f"{folder} belongs to somebody else; remove it or set MESH_HOME to a shorter path")
    folder.chmod(0o700)
    return folder


def socket_path(folder: Path, name: str) -> Path:
    """The socket of location ``name``: a link that always leads to the newest server of it."""
    return folder / f"{name}.sock"


def write_workspace(locations: Iterable[Location], folder: Path) -> Path:
    """Write the workspace of running gRPC servers into ``folder``; returns the file's path."""
    servers = [
        {"grpc_server": {"location_name": place.name, "socket": str(socket_path(folder, place.name))}}
        for place in locations
    ]
    path = folder / "workspace.yaml"
    path.write_text(yaml.safe_dump({"load_from": servers}, sort_keys=False), encoding="utf-8")
    return path
