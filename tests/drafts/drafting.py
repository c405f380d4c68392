"""Drafts in tests: make one, finish it as a person would, load what comes out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.drafts import Draft, Options, draft
from mesh_orchestration.settings import Settings
from tests.builders import write_contract

ANSWERS = {
    "domain": "shop", "product": "things", "owner": "team:shop", "description": "One row per thing.", "freshness": "1d",
}  # fmt: skip
_SUGGESTION = re.compile(r"^(\s+)# ((?:constraints|pii|masking|event_time|event_freshness): .*)$", re.MULTILINE)
_INSTEAD = re.compile(r"^(\s+)# instead of the line below\? (constraints: .*)$", re.MULTILINE)


def drafted(source: str | Path, settings: Settings, *, kind: str = "", **options: Any) -> Draft:
    """The draft of ``source``; keywords are those of the options."""
    return draft(source, replace(Options(settings), **options), kind=kind)


def finished(found: Draft, settings: Settings) -> DataProduct:
    """The contract that the draft is once its blanks are filled in, loaded from its place in the mesh."""
    return load(found.text(**ANSWERS), settings)


def accepted(text: str) -> str:
    """The text of a draft with every suggestion taken over, as by deleting the ``#``."""
    lines = _INSTEAD.sub(r"\1# instead\n\1\2", _SUGGESTION.sub(r"\1\2", text)).splitlines()
    kept, taken = [], ""
    for line in lines:
        bare = line.strip()
        if bare == "# instead":
            taken = "next"
        elif taken == "next":
            kept.append(line)
            taken = "drop"
        elif taken == "drop" and bare.startswith("constraints:"):
            taken = ""
        else:
            taken = "" if bare.startswith("- name:") else taken
            kept.append(line)
    return "\n".join([*kept, ""])


def load(text: str, settings: Settings) -> DataProduct:
    """The product of a contract's text, through a file at its place."""
    path = write_contract(settings.root, text, at="shop.things.v1")
    return load_product(path.relative_to(settings.root), root=settings.root)


def fields(found: Draft) -> dict[str, str]:
    """The types of a draft's fields by name."""
    return {field["name"]: field["type"] for field in found.product["spec"]["schema"]["fields"]}


def constraints(found: Draft) -> dict[str, Any]:
    """The constraints that a draft's fields state, by name."""
    listed = found.product["spec"]["schema"]["fields"]
    return {field["name"]: field["constraints"] for field in listed if "constraints" in field}


def comments(found: Draft, name: str) -> list[str]:
    """The comment lines beside the field ``name``."""
    index = list(fields(found)).index(name)
    return list(found.notes.get(("spec", "schema", "fields", index, "type"), ()))
