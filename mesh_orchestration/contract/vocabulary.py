"""The expectations a contract may name, whose definitions stand in ``expectations/``."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

_PRESENT = importlib.util.find_spec("mesh_orchestration.expectations.registry") is not None


def names() -> tuple[str, ...]:
    if not _PRESENT:
        return ()
    from mesh_orchestration.expectations import registry

    return tuple(registry.names())


def problems(name: str, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    if not _PRESENT:
        return ()
    from mesh_orchestration.expectations import registry

    return tuple(registry.problems(name, kwargs))
