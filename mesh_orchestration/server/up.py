"""``mesh up``: everything that runs while somebody watches, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.server.family import Plan, Ports
from mesh_orchestration.server.health import free_port
from mesh_orchestration.server.locations import Location, read_locations
from mesh_orchestration.server.lock import exclusive, who_runs
from mesh_orchestration.server.supervisor import Supervisor
from mesh_orchestration.settings import Settings

__all__ = ["exclusive", "up", "who_runs"]

_PLATFORM = "platform"
_SERVICE = "mesh_orchestration.web.serve:at"
_FIRST = ("dagster", "dagster._grpc.server", "dagster._core.workspace.context")
_CALLS = (
    "mesh_orchestration.orchestration.instance:prepare_home",
    "mesh_orchestration.server.runs:close_lost_runs",
)
# What the domains' definitions and their runs import. Not polars: it starts threads, which no fork survives.
_THEN = (
    "mesh_orchestration.locations",
    "mesh_orchestration.contract.mesh",
    "mesh_orchestration.orchestration.domain",
    "mesh_orchestration.publication.publish",
    "mesh_orchestration.inputs.batch",
    "mesh_orchestration.inputs.data_product",
    "mesh_orchestration.engines.duckdb",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.task.build",
    "duckdb",
    "pyarrow.parquet",
    "pyiceberg.catalog.sql",
)


def up(
    settings: Settings,
    *,
    port: int = 3000,
    catalog_port: int = 5000,
    on_progress: Callable[[str], None] = print,
    locations: Sequence[Location] | None = None,
) -> None:
    """Serve the mesh until SIGINT or SIGTERM: one code server a location (those of workspace.yaml unless
    given), the catalog and Dagster's web UI on 127.0.0.1 at their ports or the next free ones (any for 0), and
    the daemon.

    ``on_progress`` gets one line at a time. Blocks; when it returns or raises, no process is left. Call it
    in the main thread. Raises SettingsError when another one runs or the home cannot be used.
    """
    with exclusive(settings):
        chosen = tuple(read_locations(settings) if locations is None else locations)
        if not chosen:
            raise SettingsError(f"{settings.root / 'workspace.yaml'} names no code location")
        plan = Plan(chosen, _SERVICE, first=_FIRST, then=_THEN, light=frozenset({_PLATFORM}), calls=_CALLS)
        on_progress(f"starting {len(chosen)} code locations, the catalog, the web UI and the daemon")
        ports = Ports(free_port(port), free_port(catalog_port))
        Supervisor(settings, plan, ports=ports, on_progress=on_progress).run()
