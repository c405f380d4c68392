"""A real PostgreSQL for tests: one server a session on 127.0.0.1, one database a test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import pytest

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``folder`` holds its socket, data and log."""

    port: int
    folder: Path

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres", user: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of a statement run outside a transaction."""
        connection = psycopg2.connect(self.url(database, user))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@dataclass(frozen=True)
class PostgresDatabase:
    """A fresh database of one test; ``url`` logs in as its owner, which may create roles."""

    name: str
    server: PostgresServer = field(repr=False)
    user: str = "mesh"

    @property
    def url(self) -> str:
        return self.server.url(self.name, self.user)

    def run(self, sql: str, user: str = "postgres") -> list[tuple[object, ...]]:
        return self.server.run(sql, self.name, user)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server without durability, stopped when the session ends."""
    with running_server() as server:
        yield server


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of one's own: roles belong to a server, not to a database."""
    folder = Path(tempfile.mkdtemp(prefix="mesh-pg-", dir="/tmp"))
    _give_to_server_user(folder)
    try:
        _run(folder, "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        port = _start(folder)
        yield PostgresServer(port, folder)
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            _run(folder, "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[PostgresDatabase]:
    """A database owned by the role ``mesh``, which is no superuser but may create roles."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    if not postgres_server.run("select 1 from pg_roles where rolname = 'mesh'"):
        postgres_server.run("create role mesh login createrole")
    postgres_server.run(f"create database {name} owner mesh")
    yield PostgresDatabase(name, postgres_server)
    postgres_server.run(f"drop database {name} with (force)")


def _start(folder: Path) -> int:
    """Start the server; the port it was given is free unless somebody took it in between: then try another."""
    for attempt in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c wal_level=logical"
        try:
            _run(folder, "pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")
            return port
        except subprocess.CalledProcessError:
            if attempt == 2:
                raise
    raise AssertionError


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    assert installed, f"{name} is not installed: apt-get install postgresql"
    return str(installed[-1])


def _server_user() -> pwd.struct_passwd | None:
    """The user the server must run as: it refuses root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _give_to_server_user(folder: Path) -> None:
    if user := _server_user():
        os.chown(folder, user.pw_uid, user.pw_gid)


def _run(folder: Path, program: str, *arguments: str) -> None:
    user = _server_user()
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    # The server inherits no pipe: pg_ctl's caller would wait for it for ever.
    subprocess.run(
        [_program(program), *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, **identity
    )
