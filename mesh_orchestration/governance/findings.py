"""Verdicts as findings in files: at the line of the contract, model or deployment that a rule speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_, read_document
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import ContractError, PolicyError, Problem
from mesh_orchestration.governance.bundle import POLICIES
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.engine import Engine
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.project import DEPLOY
from mesh_orchestration.settings import Settings

_PLACE = re.compile(r"^(?P<file>.+):(?P<line>\d+)$")
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def placed(verdicts: Iterable[Verdict], *, root: Path) -> Iterator[tuple[Verdict, Problem]]:
    """Each verdict with the Problem that it is, in its own words, where it can be mended."""
    # Verdicts on one file follow each other. To keep what was read of a thousand would cost more than to read it.
    source = lru_cache(1)(lambda file: read_source(Path(file), root=root))
    for verdict in verdicts:
        path, said = path_from(verdict.path), str(verdict)
        if place := _PLACE.match(verdict.path):
            yield verdict, Problem(place["file"], int(place["line"]), "", said)
            continue
        try:
            if verdict.file.startswith(f"{DEPLOY}/"):
                yield verdict, read_document(Path(verdict.file), root=root).problem(path, said)
            else:
                yield verdict, source(verdict.file).problem(path, said)
        except ContractError:  # a folder, several documents in one file, none that can be read: there is no one line
            yield verdict, Problem(verdict.file, 1, verdict.path, said)


def policy_problems(
    settings: Settings, mesh: Mesh, engine: Engine | None = None
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """What the policies deny and what they advise against in contracts, files and deployments, as findings.

    ``engine`` is one that was started before. Policies that cannot be read are findings too: they deny everything.
    """
    try:
        with Guardrails(settings, engine) as guardrails:
            verdicts = guardrails.everything(mesh)
    except PolicyError as error:
        return problems_in(error), ()
    said = (one for one in verdicts if one.outcome != "dry-run")
    told = [(verdict, _explained(verdict, place)) for verdict, place in placed(said, root=settings.root)]
    denied = sorted(problem for verdict, problem in told if verdict.denies)
    advised = sorted(problem for verdict, problem in told if not verdict.denies)
    return tuple(denied), tuple(advised)


def _explained(verdict: Verdict, place: Problem) -> Problem:
    """The finding with the fix and where to read more."""
    waived = f"; waived by {verdict.waiver}" if verdict.outcome == "waived" else ""
    return replace(place, message=f"{verdict}{waived} ({verdict.fix} See: mesh policy explain {verdict.code})")


def problems_in(error: PolicyError) -> tuple[Problem, ...]:
    """Why nothing could be decided, as findings in the policies."""
    return error.problems or (Problem(POLICIES, 1, "", str(error)),)


def path_from(text: str) -> Path_:
    """``spec.schema.fields[2].type`` as a path of keys and indices."""
    return tuple(int(index) if index else key for key, index in _PART.findall(text))
