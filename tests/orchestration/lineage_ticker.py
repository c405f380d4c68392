"""A process that evaluates the lineage sensor once, as the daemon does: the cursor is stored after the tick."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from mesh_orchestration.orchestration.platform_lineage import lineage_sensor
from mesh_orchestration.settings import Settings


def main(root: str, home: str, cursor: str) -> None:
    settings = Settings.load({**os.environ, "MESH_ROOT": root})
    sensor = lineage_sensor(settings, settle=0.0)
    assert sensor is not None
    store = Path(cursor)
    sys.stdin.readline()
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(home)) as instance:
        kept = store.read_text() if store.exists() else None
        result = sensor(dg.build_sensor_context(instance=instance, cursor=kept))
        store.write_text(result.cursor)


main(*sys.argv[1:])
