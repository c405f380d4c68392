"""What jobs, runs and datasets are called: the same thing has one name, whoever tells of it and however often.

A product is its address in the namespace of the mesh; what is outside is named by OpenLineage's naming conventions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import BatchPort, KafkaPort, PostgresCdcPort, options
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import CATALOG_NAME, Settings

Key = tuple[str, ...]
"""The path of a Dagster asset key."""

LANDING = "landing__"
_IDS = uuid.UUID("6b7fd0a1-9a53-5d2e-8d0b-3c1a5e0c7f42")
_MODELS, _INPUTS = "dbt", "input"


@dataclass(frozen=True, order=True)
class Name:
    """The name of a dataset, unique in its namespace."""

    namespace: str
    name: str


def parent_id(run: str) -> str:
    """The UUID of a whole Dagster run: its own id, which is one already."""
    try:
        return str(uuid.UUID(run))
    except ValueError:
        return str(uuid.uuid5(_IDS, run))


def task_id(run: str, step: str, key: Key, *, role: str = "") -> str:
    """The UUID of what one step of a run did for one asset; the same however often it is asked for."""
    return str(uuid.uuid5(_IDS, "/".join((run, step, *key, role))))


def address_of(key: Key) -> Address | None:
    """The address of the product that an asset key stands for."""
    try:
        return Address.parse(".".join(key))
    except ValueError:
        return None


def model_of(key: Key) -> tuple[str, str] | None:
    """Domain and name of the dbt model that an asset key stands for."""
    return (key[0], key[2].lower()) if len(key) == 3 and key[1] == _MODELS else None


def port_of(key: Key) -> tuple[str, str] | None:
    """Domain and name of the input port that an asset key stands for."""
    return (key[0], key[2]) if len(key) == 3 and key[1] == _INPUTS else None


class Places:
    """The names of everything that ``settings`` place somewhere. No name holds a user or a password."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.namespace = settings.get("OPENLINEAGE_NAMESPACE", "mesh")

    def product(self, address: Address) -> Name:
        return Name(self.namespace, str(address))

    def asset(self, key: Key) -> Name:
        """The dataset that an asset stands for."""
        if address := address_of(key):
            return self.product(address)
        if model := model_of(key):
            return self.relation(*model)
        if port := port_of(key):
            return self.relation(port[0], f"{LANDING}{port[1]}".lower())
        return Name(self.namespace, ".".join(key))

    def table(self, address: Address) -> Name:
        """The Iceberg table that holds the product."""
        warehouse = self.warehouse
        return Name(warehouse or f"iceberg://{CATALOG_NAME}", ".".join(address.table))

    @property
    def warehouse(self) -> str:
        """Where the Iceberg tables are; empty when only the catalog knows."""
        said = self._settings.catalog_properties
        return _bare(said.get("warehouse", "") or (said["uri"] if said["uri"].startswith("http") else ""))

    @property
    def catalog_type(self) -> str:
        return self._settings.catalog_properties.get("type", "rest")

    def dialect(self, domain: str) -> str:
        """The SQL that the domain's engine speaks: ``duckdb`` or ``postgres``."""
        return "postgres" if self._settings.engine(domain) == "postgresql" else "duckdb"

    def relation(self, domain: str, table: str) -> Name:
        """A table or view of a domain's engine."""
        if self.dialect(domain) == "duckdb":
            file = self._settings.duckdb_dir / f"{domain}_engine.duckdb"
            return Name(f"duckdb://{file}", f"{file.stem}.{domain}.{table}")
        try:
            server, database = _postgres(self._settings.postgres_url(domain))
        except SettingsError:  # who only tells of runs need not know where they ran
            server, database = "postgres", domain
        return Name(server, f"{database}.{domain}.{table}")

    def source(self, port: InputPort) -> Name:
        """What a port reads outside the mesh: files, a topic, a table."""
        match options(port):
            case BatchPort(path=path):
                return _files(path, self._settings.landing_dir)
            case KafkaPort(topic=topic, connection=connection):
                return Name(self._brokers(connection or ""), topic or port.name)
            case PostgresCdcPort(table=table, connection=connection):
                return self._source_table(connection or port.name, table or port.name)
        return Name(self.namespace, f"{port.type}.{port.name}")

    def _brokers(self, connection: str) -> str:
        try:
            servers = self._settings.kafka(connection)["bootstrap.servers"]
        except SettingsError:
            return f"kafka://{connection or CATALOG_NAME}"
        return f"kafka://{servers.split(',', 1)[0].strip()}"

    def _source_table(self, connection: str, table: str) -> Name:
        qualified = table if "." in table else f"public.{table}"
        try:
            server, database = _postgres(self._settings.source_url(connection))
        except SettingsError:
            return Name(f"postgres://{connection}", qualified)
        return Name(server, f"{database}.{qualified}")


def _files(path: str, folder: Path) -> Name:
    if "://" in path:
        parts = urlsplit(path)
        return Name(f"{parts.scheme}://{parts.hostname or ''}", parts.path.lstrip("/"))
    return Name("file", str(folder / path))


def _postgres(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return f"postgres://{parts.hostname or 'localhost'}:{parts.port or 5432}", parts.path.lstrip("/")


def _bare(url: str) -> str:
    """The URL without user, password, query and last slash."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url.rstrip("/")
    host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
