"""The roles that governance knows, for those whose provider gives them several."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from mesh_orchestration.errors import MeshError
from mesh_orchestration.governance.bundle import load_bundle


class Roles:
    """The roles of ``policies/data/roles.yaml``, read again when they are ``fresh`` seconds old; policies that cannot
    be read take nothing from what is known."""

    def __init__(self, root: Path, *, fresh: float = 30.0) -> None:
        self._root, self._fresh = root, fresh
        self._known: frozenset[str] = frozenset()
        self._read = -1e9

    def known(self) -> frozenset[str]:
        """Their names; empty in a mesh without roles, where any word is one."""
        now = time.monotonic()
        if now - self._read > self._fresh:
            self._read = now
            with suppress(MeshError):  # reads are denied for that reason, and say so
                self._known = frozenset(load_bundle(self._root).data.get("config", {}).get("roles", {}))
        return self._known
