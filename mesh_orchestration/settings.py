"""Everything the environment may say, read once, in this module only.

``Settings.load()`` is called at the edge (CLI, code location, sensor) and passed down.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.moments import in_utc

CATALOG_NAME = "mesh"
_ICEBERG_PREFIX = f"PYICEBERG_CATALOG__{CATALOG_NAME.upper()}__"


@dataclass(frozen=True)
class Settings:
    """The settings of one mesh.

    ``root`` holds ``contracts/`` and ``dbt_projects/``; ``home`` (``.mesh``) holds all state.
    """

    root: Path
    home: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process; raises SettingsError when no mesh root can be found."""
        env = dict(os.environ if environ is None else environ)
        root = _given_root(Path(env["MESH_ROOT"])) if env.get("MESH_ROOT") else _find_root(Path.cwd())
        home = Path(env.get("MESH_HOME") or root / ".mesh").resolve()
        return cls(root=root, home=home, environ=env)

    def get(self, name: str, default: str = "") -> str:
        """The text of setting ``name``; ``default`` when it is unset or empty."""
        return self.environ.get(name) or default

    def integer(self, name: str, default: int) -> int:
        """Setting ``name`` as a whole number; raises SettingsError naming the setting."""
        text = self.get(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise SettingsError(
                f"{name}={text!r} is not a whole number; unset it or give e.g. {name}={default}"
            ) from None

    def share(self, name: str, default: float) -> float:
        """Setting ``name``, ``99%`` or 0.99, as a share from 0 to 1; raises SettingsError naming the setting."""
        text = self.get(name, str(default)).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if 0 <= share <= 1:
            return share
        raise SettingsError(f"{name}={text!r} is not a share; unset it or give e.g. {name}={default:.6g} or 99%")

    def now(self) -> datetime:
        """The mesh's clock, UTC; ``MESH_NOW`` (ISO 8601) pins it for a demo or a test."""
        text = self.get("MESH_NOW")
        if not text:
            return datetime.now(UTC)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise SettingsError(
                f"MESH_NOW={text!r} is not an ISO 8601 time such as 2026-11-21T06:00:00+00:00"
            ) from None
        return in_utc(moment)

    @cached_property
    def contracts_dir(self) -> Path:
        return self.root / "contracts"

    @cached_property
    def dbt_dir(self) -> Path:
        return self.root / "dbt_projects"

    @cached_property
    def landing_dir(self) -> Path:
        """Where operational sources drop their files."""
        return Path(self.get("MESH_LANDING") or self.home / "landing").resolve()

    @property
    def history_weeks(self) -> int:
        """How many whole weeks of history the replay source offers; 52 is the full year."""
        return self.integer("MESH_HISTORY_WEEKS", 8)

    @property
    def replay(self) -> bool:
        """Whether the example source emits what has become visible (``MESH_REPLAY=off`` turns it off)."""
        return self.get("MESH_REPLAY", "on").lower() not in {"off", "0", "no", "false"}

    def engine(self, domain: str) -> str:
        """The word of the domain's engine: ``duckdb`` (default) or ``postgresql``."""
        return self.get(f"MESH_ENGINE_{domain.upper()}") or self.get("MESH_ENGINE", "duckdb")

    def postgres_url(self, domain: str) -> str:
        """The URL of the PostgreSQL database that holds the domain's schema."""
        url = self.get(f"MESH_POSTGRES_URL_{domain.upper()}") or self.get("MESH_POSTGRES_URL")
        if not url:
            raise SettingsError(
                f"domain {domain} uses the postgresql engine but MESH_POSTGRES_URL is not set; "
                "give e.g. MESH_POSTGRES_URL=postgresql://mesh@127.0.0.1:5432/mesh"
            )
        return url

    def source_url(self, name: str) -> str:
        """The URL of the operational database that contracts call ``name``; raises SettingsError naming the setting."""
        setting = f"MESH_SOURCE_{_capitals(name)}_URL"
        url = self.get(setting)
        if not url:
            raise SettingsError(
                f"{setting} is not set, so the source {name} cannot be reached; "
                f"give e.g. {setting}=postgresql://reader@db.example.org:5432/shop"
            )
        return url

    def kafka(self, name: str = "") -> dict[str, str]:
        """librdkafka's settings for the cluster that contracts call ``name``, or for the mesh's own without one."""
        suffix = f"_{_capitals(name)}" if name else ""
        setting = f"MESH_KAFKA_BOOTSTRAP{suffix}"
        servers = self.get(setting)
        if not servers:
            raise SettingsError(f"{setting} is not set; give the brokers, e.g. {setting}=kafka.example.org:9092")
        return {"bootstrap.servers": servers} | self._kafka_options(f"MESH_KAFKA_OPTIONS{suffix}")

    def _kafka_options(self, setting: str) -> dict[str, str]:
        try:
            found = json.loads(self.get(setting, "{}"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            # The text itself may hold a password.
            raise SettingsError(f'{setting} is not a JSON object such as {{"security.protocol": "SASL_SSL"}}')
        return {str(name): str(value) for name, value in found.items()}

    @cached_property
    def duckdb_dir(self) -> Path:
        return self.home / "engines"

    @property
    def memory_limit(self) -> str:
        """DuckDB's memory limit for one connection, e.g. ``1GB``."""
        return self.get("MESH_MEMORY_LIMIT", "1GB")

    @cached_property
    def catalog_properties(self) -> dict[str, str]:
        """pyiceberg properties of the catalog: the embedded default, overlaid by pyiceberg's own
        environment variables ``PYICEBERG_CATALOG__MESH__*`` (``__`` is ``.``, ``_`` is ``-``)."""
        given = {
            key.removeprefix(_ICEBERG_PREFIX).lower().replace("__", ".").replace("_", "-"): value
            for key, value in self.environ.items()
            if key.startswith(_ICEBERG_PREFIX)
        }
        if "uri" in given:
            return given
        return {
            "type": "sql",
            "uri": f"sqlite:///{self.home / 'catalog.db'}?timeout=30",
            "warehouse": f"file://{self.home / 'warehouse'}",
        } | given

    @cached_property
    def dagster_home(self) -> Path:
        return Path(self.get("DAGSTER_HOME") or self.home / "dagster").resolve()

    @property
    def masking_key(self) -> str:
        """The secret of keyed masks; empty when none is set, and then masked values are redacted."""
        return self.get("MESH_MASKING_KEY")

    @property
    def erasure_key(self) -> str:
        """The secret under which erased people are remembered; MESH_MASKING_KEY where no other is set."""
        return self.get("MESH_ERASURE_KEY") or self.masking_key


def _capitals(name: str) -> str:
    return name.upper().replace("-", "_")


def _given_root(folder: Path) -> Path:
    if not (folder / "contracts").is_dir():
        raise SettingsError(
            f"MESH_ROOT={folder} has no folder contracts/; give the folder that has it, or unset MESH_ROOT"
        )
    return folder.resolve()


def _find_root(start: Path) -> Path:
    for folder in (start, *start.parents, Path(__file__).resolve().parent.parent):
        if (folder / "contracts").is_dir() and (folder / "workspace.yaml").is_file():
            return folder
    raise SettingsError(f"no mesh at {start} or above it (a folder with contracts/ and workspace.yaml); set MESH_ROOT")
