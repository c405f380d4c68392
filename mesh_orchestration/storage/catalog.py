"""The lake: an Iceberg catalog and its warehouse, both chosen by settings alone."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlparse

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import MeshError, StorageError
from mesh_orchestration.settings import CATALOG_NAME, Settings

_ATTEMPTS = 5
_TABLE = re.compile(r"(?P<product>.+)_v(?P<major>\d+)")
_DEFAULTS = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
    # Several writers of one table are normal; pyiceberg's default of four attempts is not enough for them.
    "commit.retry.num-retries": "20",
}
NAME_MAPPING = "schema.name-mapping.default"


@dataclass(frozen=True)
class Lake:
    """An open catalog; close it, or use it as a context manager, to give back its connections."""

    settings: Settings
    catalog: Catalog

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the catalog's connections; closing twice is fine."""
        self.catalog.close()

    def table(self, address: Address) -> Table | None:
        """The product's table as it is now; None when nothing was ever written; raises StorageError."""
        with storage_errors(f"the table of {address} cannot be read", self.settings):
            try:
                return self.catalog.load_table(address.table)
            except (NoSuchTableError, NoSuchNamespaceError):
                return None

    def namespaces(self) -> frozenset[str]:
        """The namespaces (one a domain) that exist; raises StorageError."""
        with storage_errors("the namespaces of the catalog cannot be read", self.settings):
            return frozenset(".".join(name) for name in self.catalog.list_namespaces())

    def ensure_namespace(self, domain: str) -> None:
        """Create the namespace of ``domain`` unless it exists; raises StorageError."""
        with (
            storage_errors(f"the namespace of {domain} cannot be created", self.settings),
            suppress(NamespaceAlreadyExistsError, IntegrityError),
        ):
            self.catalog.create_namespace(domain)

    def ensure_table(self, address: Address, schema: Schema, properties: Mapping[str, str]) -> Table:
        """The product's table, created without a snapshot when it does not exist; raises StorageError."""
        self.ensure_namespace(address.domain)
        with storage_errors(f"the table of {address} cannot be created", self.settings):
            mapping = {NAME_MAPPING: schema.name_mapping.model_dump_json()}
            try:
                return self.catalog.create_table(
                    address.table, schema, properties=_DEFAULTS | mapping | dict(properties)
                )
            except TableAlreadyExistsError:
                return self.catalog.load_table(address.table)


def open_lake(settings: Settings) -> Lake:
    """The lake that settings choose; raises StorageError when its catalog cannot be reached."""
    properties = settings.catalog_properties
    with storage_errors("the Iceberg catalog cannot be opened", settings):
        _make_folder_of(properties.get("uri", ""))
        for attempt in range(_ATTEMPTS):
            try:
                return Lake(settings, load_catalog(CATALOG_NAME, **properties))
            except SQLAlchemyError as error:
                # Two processes that open a new SQL catalog at once both try to create its tables.
                if attempt == _ATTEMPTS - 1 or "already exists" not in str(error):
                    raise
    raise AssertionError("unreachable")


def tables(lake: Lake) -> tuple[Address, ...]:
    """The addresses of all tables of the catalog, also of those without a contract; raises StorageError."""
    with storage_errors("the tables of the catalog cannot be listed", lake.settings):
        names = [name for domain in sorted(lake.namespaces()) for name in lake.catalog.list_tables(domain)]
    found = ((".".join(domain), _TABLE.fullmatch(table)) for *domain, table in names)
    return tuple(Address(domain, match["product"], int(match["major"])) for domain, match in found if match)


def _make_folder_of(uri: str) -> None:
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///").split("?", 1)[0]).parent.mkdir(parents=True, exist_ok=True)


def local_path(location: str) -> Path | None:
    """The path of a file on this machine; None for an object store."""
    parts = urlparse(location)
    if parts.scheme == "file":
        return Path(parts.path)
    return Path(location) if not parts.scheme else None


@contextmanager
def storage_errors(what: str, settings: Settings) -> Iterator[None]:
    """Turn whatever a catalog or file system raises into a StorageError that says what to do."""
    try:
        yield
    except MeshError:
        raise
    except Exception as error:
        raise StorageError(f"{what}: {describe(error)}; {_cure(error, settings)}") from error


def describe(error: BaseException) -> str:
    """The error in one line, without the links and SQL that SQLAlchemy adds."""
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."


def _cure(error: BaseException, settings: Settings) -> str:
    where = settings.catalog_properties.get("warehouse", "the warehouse")
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "disk is full" in str(error):
        return f"make room under {where}, then run again"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.EEXIST):
        return f"make {where} a folder that this user may write, then run again"
    return "mesh doctor checks the catalog and the warehouse"
