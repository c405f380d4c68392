"""Verdicts as findings in files: at the line of the contract that a rule speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_, read_document
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import ContractError, PolicyError, Problem
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.project import DEPLOY
from mesh_orchestration.settings import Settings

_PLACE = re.compile(r"^(?P<file>.+):(?P<line>\d+)$")
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def problems_of(verdicts: Iterable[Verdict], *, root: Path) -> tuple[Problem, ...]:
    """Each verdict as a Problem of its file below ``root``, with the fix and where to read more."""
    source = cache(lambda file: read_source(Path(file), root=root))
    found = []
    for verdict in verdicts:
        waived = f"; waived by {verdict.waiver}" if verdict.outcome == "waived" else ""
        message = f"{verdict}{waived} ({verdict.fix} See: mesh policy explain {verdict.code})"
        if place := _PLACE.match(verdict.path):
            found.append(Problem(place["file"], int(place["line"]), "", message))
        elif verdict.file.startswith(f"{DEPLOY}/"):
            found.append(_in_deployment(root, verdict, message))
        else:
            found += source(verdict.file).findings([(path_from(verdict.path), message)])
    return tuple(sorted(found))


def _in_deployment(root: Path, verdict: Verdict, message: str) -> Problem:
    try:
        return read_document(Path(verdict.file), root=root).problem(path_from(verdict.path), message)
    except ContractError:  # several documents in one file, or none that can be read: there is no one line
        return Problem(verdict.file, 1, verdict.path, message)


def policy_problems(settings: Settings, mesh: Mesh) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """What the policies deny and what they advise against in the contracts of ``mesh``, as findings.

    Policies that cannot be read are themselves findings, because they deny everything.
    """
    try:
        with Guardrails(settings) as guardrails:
            verdicts = guardrails.products(mesh)
    except PolicyError as error:
        return error.problems or (Problem("policies", 1, "", str(error)),), ()
    denied = problems_of((one for one in verdicts if one.denies), root=settings.root)
    advised = problems_of((one for one in verdicts if one.outcome in ("warn", "waived")), root=settings.root)
    return denied, advised


def path_from(text: str) -> Path_:
    """``spec.schema.fields[2].type`` as a path of keys and indices."""
    return tuple(int(index) if index else key for key, index in _PART.findall(text))
