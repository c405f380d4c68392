"""One code location: Dagster's gRPC server on a Unix socket, forked from a process that imported everything."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import FuturesAwareThreadPoolExecutor
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.server import DagsterApiServer, DagsterGrpcServer, LoadedRepositories
from dagster._serdes import deserialize_value, serialize_value
from dagster._utils.log import configure_loggers

from mesh_orchestration.errors import MeshError
from mesh_orchestration.server import lifeline
from mesh_orchestration.server.locations import Location, socket_path
from mesh_orchestration.server.runs import RunContext, start_factory

_ENTRY_POINT = [sys.executable, "-m", "dagster"]
_STOP_SECONDS = 1.0

Report = Callable[..., None]


class CodeServer(DagsterApiServer):  # type: ignore[misc]  # dagster is not type-checked here
    """Dagster's code server with three differences: runs are forked, the snapshot of the definitions is
    made once for all who ask, and ReloadCode asks the supervisor for a new server."""

    def __init__(self, *, runs: RunContext | None, reload: Callable[[], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._reload = reload
        self._snapshots: dict[tuple[str, bool], str] = {}
        self._snapshot_lock = threading.Lock()
        if runs is not None:
            self._mp_ctx = runs

    def ReloadCode(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 (the signature of the RPC)
        """What the reload button of the web UI calls."""
        self._reload()
        return dagster_api_pb2.ReloadCodeReply()

    def snapshot(self, name: str, deferred: bool) -> str:
        """The serialized snapshot of repository ``name``, made at the first call."""
        with self._snapshot_lock:
            key = (name, deferred)
            if key not in self._snapshots:
                repository = self._loaded_repositories.definitions_by_name[name]
                self._snapshots[key] = serialize_value(RepositorySnap.from_def(repository, defer_snapshots=deferred))
            return self._snapshots[key]

    def _get_serialized_external_repository_data(self, request: Any) -> str:
        origin = deserialize_value(request.serialized_repository_python_origin)
        try:
            return self.snapshot(origin.repository_name, request.defer_snapshots)
        except Exception:  # let Dagster say what is wrong, in its own words
            return str(super()._get_serialized_external_repository_data(request))


def serve(location: Location, *, root: Path, sockets: Path, pipe: int, report: Report) -> None:
    """Load ``location`` and serve it until SIGTERM; then take no more calls and wait for the runs to end.

    ``report`` is told ``loaded=True``, or ``loaded=False`` and the ``error``; a location that does not load
    is served too: the web UI shows why. ``pipe`` is the lifeline.
    """
    configure_loggers(log_level="WARNING")
    target = LoadableTargetOrigin(
        executable_path=sys.executable,
        module_name=location.module,
        attribute=location.attribute,
        working_directory=str(root),
    )
    runs, error = _load(target, location.name, pipe, sockets)
    lifeline.watch(pipe)  # the first thread: from here on nothing can be forked
    link = socket_path(sockets, location.name)
    own = link.with_suffix(f".{os.getpid()}")
    server, servicer = _server(location, target, own, runs=runs, reload=lambda: report(reload=True))
    for name in () if error else servicer._loaded_repositories.definitions_by_name:
        servicer.snapshot(name, deferred=True)

    def drain(*_: object) -> None:
        servicer._shutdown_once_executions_finish_event.set()
        server.server.stop(_STOP_SECONDS)

    signal.signal(signal.SIGTERM, drain)
    draft = link.with_suffix(f".{os.getpid()}.link")
    draft.symlink_to(own.name)
    draft.replace(link)  # whoever connects from here on gets this server
    report(loaded=not error, error=error)
    server.serve()


def _server(
    location: Location, target: Any, socket: Path, *, runs: RunContext | None, reload: Callable[[], None]
) -> tuple[DagsterGrpcServer, CodeServer]:
    """The server at ``socket`` that is not served yet, and what answers its calls."""
    stop = threading.Event()
    pool = FuturesAwareThreadPoolExecutor(max_workers=None)
    logger = logging.getLogger("dagster.code_server")
    servicer = CodeServer(
        runs=runs,
        reload=reload,
        server_termination_event=stop,
        logger=logger,
        loadable_target_origin=target,
        lazy_load_user_code=True,
        entry_point=_ENTRY_POINT,
        location_name=location.name,
        server_threadpool_executor=pool,
    )
    server = DagsterGrpcServer(
        server_termination_event=stop,
        dagster_api_servicer=servicer,
        logger=logger,
        threadpool_executor=pool,
        socket=str(socket),
    )
    return server, servicer


def _load(target: Any, name: str, pipe: int, sockets: Path) -> tuple[RunContext | None, str]:
    """Load the definitions once, so that the run factory has them; returns what is wrong with them."""
    try:
        LoadedRepositories(
            target, container_image=None, entry_point=_ENTRY_POINT, container_context=None, code_location_name=name
        )
    except Exception as error:
        traceback.print_exc()
        return None, _cause(error)
    if (threads := threading.active_count()) > 1:
        logging.getLogger("mesh.server").warning("%s started %d threads while loading; runs are spawned", name, threads)
        return None, ""
    return start_factory(pipe, sockets), ""


def _cause(error: BaseException) -> str:
    """The innermost cause that was written for people, else the innermost cause."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    told = next((link for link in chain if isinstance(link, MeshError)), chain[-1])
    return str(told) if isinstance(told, MeshError) else f"{type(told).__name__}: {told}"
