"""Verdicts as findings in files: at the line of the contract that a rule speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.errors import Problem
from mesh_orchestration.governance.decide import Verdict

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def problems_of(verdicts: Iterable[Verdict], *, root: Path) -> tuple[Problem, ...]:
    """Each verdict as a Problem of its file below ``root``, with the fix and where to read more."""
    source = cache(lambda file: read_source(Path(file), root=root))
    found = []
    for verdict in verdicts:
        message = f"{verdict} ({verdict.fix} See: mesh policy explain {verdict.code})"
        found += source(verdict.file).findings([(path_from(verdict.path), message)])
    return tuple(sorted(found))


def path_from(text: str) -> Path_:
    """``spec.schema.fields[2].type`` as a path of keys and indices."""
    return tuple(int(index) if index else key for key, index in _PART.findall(text))
