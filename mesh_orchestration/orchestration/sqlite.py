"""Dagster's SQLite storage with connections that stay open.

Dagster opens a connection for every event and closes it again, and the close of a database's last
connection writes its whole journal back: tens of milliseconds an event, which is most of the time of a
short run. The files are the same, so either storage can read what the other wrote.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

KEPT = 16


class Connections:
    """The engines of one storage by URL, at most ``KEPT`` of them, none shared with a forked process."""

    def __init__(self) -> None:
        self._engines: OrderedDict[tuple[int, str], Engine] = OrderedDict()
        # What a parent process opened is never used nor closed here: a close would touch its locks.
        self._inherited: list[Engine] = []
        self._lock = threading.Lock()

    @contextmanager
    def begin(self, url: str) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end."""
        with self.engine(url).begin() as connection:
            yield connection

    def engine(self, url: str) -> Engine:
        """The engine of a database; the one not used for longest is closed when there are too many."""
        key = (os.getpid(), url)
        with self._lock:
            if key not in self._engines:
                self._engines[key] = _engine(url)
            self._engines.move_to_end(key)
            while len(self._engines) > KEPT:
                self._put_away(*self._engines.popitem(last=False))
            return self._engines[key]

    def close(self) -> None:
        """Give back every connection of this process."""
        with self._lock:
            while self._engines:
                self._put_away(*self._engines.popitem())

    def _put_away(self, key: tuple[int, str], engine: Engine) -> None:
        if key[0] == os.getpid():
            engine.dispose()
        else:
            self._inherited.append(engine)


def _engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        # With the write-ahead log a crash of the process loses nothing; a power cut the last moments at most.
        connection.execute("pragma synchronous = normal")

    return engine


class EventLog(SqliteEventLogStorage):  # type: ignore[misc]  # dagster is not type-checked here
    """The event log: one database a run and one index over all of them."""

    def __init__(self, base_dir: str) -> None:
        self._connections = Connections()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            url = self.conn_string_for_shard(shard)
            if shard not in self._initialized_dbs:
                self._initdb(self._connections.engine(url))
                self._initialized_dbs.add(shard)
            with self._connections.begin(url) as connection:
                yield connection

    def dispose(self) -> None:
        super().dispose()
        self._connections.close()


class Runs(SqliteRunStorage):  # type: ignore[misc]
    """The runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections = Connections()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._connections.begin(self._conn_string) as connection:
            yield connection

    def dispose(self) -> None:
        super().dispose()
        self._connections.close()


class Schedules(SqliteScheduleStorage):  # type: ignore[misc]
    """The ticks of schedules and sensors."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections = Connections()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._connections.begin(self._conn_string) as connection:
            yield connection

    def share(self, runs: Runs) -> None:
        """Use the connections of ``runs`` from now on; they are closed when it is disposed of."""
        self._connections.close()
        self._connections = runs._connections


class Storage(DagsterSqliteStorage):  # type: ignore[misc]
    """The three storages under ``base_dir``, laid out as Dagster lays them out."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not through DagsterSqliteStorage.__init__, which would open its own three storages first.
        self.base_dir, self._inst_data = base_dir, inst_data
        self._run_storage = Runs.from_local(_runs_directory(base_dir))
        self._event_log_storage = EventLog(_event_logs_directory(base_dir))
        self._schedule_storage = Schedules.from_local(_schedule_directory(base_dir))
        # Dagster disposes of the event log and the runs, but not of the schedules: so they share.
        self._schedule_storage.share(self._run_storage)
        super(DagsterSqliteStorage, self).__init__()

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Storage:
        base_dir = str(config_value["base_dir"])
        Path(base_dir).mkdir(parents=True, exist_ok=True)
        return cls(base_dir, inst_data)
