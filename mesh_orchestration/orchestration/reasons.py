"""Why a step failed, in the words that were written for people."""

from __future__ import annotations

import re
from collections.abc import Iterator

import dagster as dg
from dagster._utils.error import SerializableErrorInfo

from mesh_orchestration.errors import MeshError

_DBT_SAID = "Errors parsed from dbt logs:"
_DBT_PROGRESS = re.compile(r"^\d+ of \d+ (ERROR|FAIL) |^\s*> (in|called by) (macro|model|test) ")
_CLASS = re.compile(r"^[\w.]+: ")


def failure_text(event: dg.DagsterEvent) -> str:
    """Why the step of a failure event failed: what a deliberate failure says, else the outermost error of
    the mesh, which says what to do, else the innermost cause."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return in_dbts_words(data.user_failure_data.description)
    return error_text(data.error) or event.message or "the step failed"


def error_text(error: SerializableErrorInfo | None) -> str:
    """The message of the outermost error of the mesh in a chain, else of the innermost; empty for none."""
    chain = list(_chain(error))
    ours = next((one for one in chain if one.cls_name in _names(MeshError)), None)
    if ours:
        return _CLASS.sub("", ours.message.strip(), count=1)
    return in_dbts_words(chain[-1].message.strip()) if chain else ""


def in_dbts_words(text: str) -> str:
    """What dagster-dbt says of a failed dbt command without its preface, dbt's progress and its macro calls;
    any other text as it is."""
    if _DBT_SAID not in text:
        return text
    said = text.split(_DBT_SAID, 1)[1].strip().splitlines()
    return "\n".join(line.rstrip() for line in said if not _DBT_PROGRESS.match(line)).strip()


def _chain(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    while error is not None:
        yield error
        error = error.cause


def _names(kind: type[MeshError]) -> set[str]:
    return {kind.__name__}.union(*(_names(below) for below in kind.__subclasses__()))
