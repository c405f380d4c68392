"""A real S3 server with an Iceberg REST catalog (SeaweedFS) on 127.0.0.1, one a test module."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import pytest
from pyiceberg.catalog import load_catalog

from tests.builders import settings_at

KEY, SECRET = "admin", "adminsecret"
_NAMES = ("s3.port", "s3.port.iceberg", "filer.port", "master.port", "volume.port", "admin.port")
_GRPC_OFFSET = 10_000


@dataclass(frozen=True)
class ObjectStore:
    """The ports of a running server."""

    s3: int
    iceberg: int

    def s3_environ(self) -> dict[str, str]:
        """pyiceberg's settings for files in the store."""
        return {
            "PYICEBERG_CATALOG__MESH__S3__ENDPOINT": f"http://127.0.0.1:{self.s3}",
            "PYICEBERG_CATALOG__MESH__S3__ACCESS_KEY_ID": KEY,
            "PYICEBERG_CATALOG__MESH__S3__SECRET_ACCESS_KEY": SECRET,
            "PYICEBERG_CATALOG__MESH__S3__REGION": "us-east-1",
        }

    def rest_environ(self) -> dict[str, str]:
        """pyiceberg's settings for the REST catalog and its files."""
        return self.s3_environ() | {
            "PYICEBERG_CATALOG__MESH__TYPE": "rest",
            "PYICEBERG_CATALOG__MESH__URI": f"http://127.0.0.1:{self.iceberg}",
            "PYICEBERG_CATALOG__MESH__WAREHOUSE": "s3://iceberg/",
            "PYICEBERG_CATALOG__MESH__CREDENTIAL": f"{KEY}:{SECRET}",
        }


@pytest.fixture(scope="module")
def object_store() -> Iterator[ObjectStore]:
    """A server with an empty bucket ``lake`` and an empty table bucket ``iceberg``."""
    folder = Path(tempfile.mkdtemp(prefix="mesh-s3-"))
    ports = dict(zip(_NAMES, _free_ports(len(_NAMES)), strict=True))
    weed = shutil.which("weed") or str(Path(sys.executable).with_name("weed"))
    command = [
        weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=lake", "-tableBucket=iceberg",
        "-webdav=false", "-admin.ui=false", *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    secrets = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=secrets, stdout=log, stderr=log, cwd=folder)
    try:
        store = ObjectStore(ports["s3.port"], ports["s3.port.iceberg"])
        _wait_until_ready(store, process, folder / "log")
        yield store
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    """Ports that are free, and whose gRPC twins, 10,000 above, are free too; below those that clients are given."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = SystemRandom().randrange(12_000, 22_000)
            try:
                for candidate in (port, port + _GRPC_OFFSET):
                    held.enter_context(socket.create_server(("127.0.0.1", candidate)))
            except OSError:
                continue
            found.append(port)
    return found


def _wait_until_ready(store: ObjectStore, process: subprocess.Popen[bytes], log: Path) -> None:
    """The ports open before the table bucket exists, so the catalog itself is asked."""
    settings = settings_at(log.parent, **store.rest_environ())
    deadline = time.monotonic() + 60
    reason = "no answer"
    while reason:
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, f"{reason}: {log.read_text()[-2000:]}"
        try:
            load_catalog("mesh", **settings.catalog_properties).create_namespace("ready")
            reason = ""
        except Exception as error:
            reason = str(error)
