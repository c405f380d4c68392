"""Small code locations: ``one`` and ``two`` work, ``broken`` does not load, ``edited`` follows a contract."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg

from mesh_orchestration.errors import MeshError

_built: dict[str, dg.Definitions] = {}


def __getattr__(name: str) -> dg.Definitions:
    if name.startswith("_"):
        raise AttributeError(name)
    if name == "broken":
        raise MeshError("contracts/broken/x/v1.yaml:3 spec.owner: nobody owns it")
    if name not in _built:
        _built[name] = _make(name)
    return _built[name]


def _make(name: str) -> dg.Definitions:
    @dg.asset(key=[name, "quick"])
    def quick() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"parent": os.getppid()})

    @dg.asset(key=[name, "endless"])
    def endless() -> dg.MaterializeResult:
        while True:
            time.sleep(0.1)

    assets = [quick, endless]
    if name == "edited":
        contract = Path(os.environ["MESH_ROOT"], "contracts", "name.yaml")
        assets.append(dg.asset(key=[name, contract.read_text().strip()])(lambda: None))
    return dg.Definitions(assets=assets, executor=dg.in_process_executor)
