"""A domain's dbt project on disk, and its parsed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

MANIFEST = "manifest.json"
PARTIAL_PARSE = "partial_parse.msgpack"


@dataclass(frozen=True)
class Project:
    """A domain's dbt project on disk; ``target`` is the folder of its newest parsed form.

    ``discreet`` says that dbt handles personal data: what it says quotes no values then.
    """

    domain: str
    directory: Path
    target: Path
    profiles: Path
    discreet: bool = False

    @property
    def manifest_path(self) -> Path:
        return self.target / MANIFEST

    @property
    def partial_parse_path(self) -> Path:
        return self.target / PARTIAL_PARSE

    def manifest(self) -> Mapping[str, Any]:
        """The parsed manifest; the same object while the file stays the same."""
        return _read_manifest(self.manifest_path, self.manifest_path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read_manifest(path: Path, _version: int) -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = orjson.loads(path.read_bytes())
    return manifest
