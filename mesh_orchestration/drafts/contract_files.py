"""A contract in another form or place as a draft: nothing to profile, but perhaps something to decide."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.dialect import Source
from mesh_orchestration.contract.dialects.native import plain
from mesh_orchestration.contract.document import Path_, yaml_path
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.drafts.base import Options
from mesh_orchestration.errors import ContractError, SourceError

REQUIRED: tuple[tuple[str, str], ...] = (("metadata", "name"), ("metadata", "domain"), ("spec", "owner"))
_ENDINGS = (".yaml", ".yml")


def is_contract(source: str) -> bool:
    """Whether the name ends as that of a contract file."""
    return source.lower().endswith(_ENDINGS)


def read_contract(source: str, options: Options) -> tuple[dict[str, Any], tuple[str, ...], str]:
    """The native mapping of a contract file, with None where it says nothing that a contract needs; what needs
    a decision; and the form it is written in.

    Raises SourceError when there is no such file, ContractError when it cannot be read at all.
    """
    path = Path(source)
    if not path.is_file():
        raise SourceError("does not exist", source=source)
    read = dialects.read_file(path, root=options.settings.root, schema=options.table)
    if not isinstance(read.value.get("metadata"), Mapping) or not isinstance(read.value.get("spec"), Mapping):
        raise ContractError(read.problems or (read.problem((), "says nothing of a data product"),))
    product = _blanked(copy.deepcopy(plain(read.value)))
    return product, tuple(_to_decide(read, product)), read.dialect


def _blanked(product: dict[str, Any]) -> dict[str, Any]:
    """The mapping in its usual order, with what is missing and needed as blanks."""
    metadata, spec = product["metadata"], product["spec"]
    product["metadata"] = {"name": None, "domain": None, "version": "1.0.0"} | metadata
    product["spec"] = {"owner": None} | spec
    return product


def _to_decide(read: Source, product: Mapping[str, Any]) -> list[str]:
    """What the native form has no place for, then what is wrong with what it says."""
    blank: set[Path_] = {place for place in REQUIRED if product[place[0]][place[1]] is None}
    found = [(path, message) for path, message in parse_product(dict(read.value))[1] if path not in blank]
    wrong = [f"{yaml_path(path)}: {message}" for path, message in found]
    lost = [f"not taken over: {one}" for one in read.lost]
    return [*lost, *dict.fromkeys([*(str(problem) for problem in read.problems), *wrong])]
