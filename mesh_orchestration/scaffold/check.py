"""``mesh new check``: one more check in a contract, whose other lines stay as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.document import Document, Path_, parse_document
from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError
from mesh_orchestration.expectations import registry
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.render import ask, render
from mesh_orchestration.scaffold.result import Result
from mesh_orchestration.scaffold.sketch import sketch_of
from mesh_orchestration.settings import Settings

_CHECKS: Path_ = ("spec", "quality", "checks")


def new_check(settings: Settings, name: str, given: Mapping[str, str], *, interactive: bool = False) -> Result:
    """The contract of product ``name`` with one check more; ``given`` are answers by their question.

    Raises AnswerError for an answer that cannot be, ContractError when the check contradicts the contract.
    """
    product = load_mesh(settings).product(name)
    context: dict[str, Any] = {
        "columns": [field.name for field in product.fields],
        "expectations": sorted(registry.names()),
    }
    answers = ask("check", context | dict(given), interactive=interactive)
    lines = render("check", context | answers | _variables(product, answers)).files["check.yaml"]
    with sketch_of(settings, product.domain) as sketch:
        text = sketch.text(product.source) or ""
        sketch.put(product.source, with_check(text, product.source, lines))
        added = load_product(Path(product.source), root=sketch.root).spec.quality.checks
        if len(added) != len(product.spec.quality.checks) + 1:
            raise MeshError(f"{product.source} is written in a way that a check cannot be added to; add:\n{lines}")
        sketch.compile(product.domain)
        sketch.require_clean(product.domain)
        return Result(
            str(product.address),
            sketch.changes(),
            findings=sketch.denials(product.domain),
            next_steps=(f"mesh check {product.address}",),
        )


def with_check(text: str, file: str, item: str) -> str:
    """``text`` (a contract) with the list item ``item`` at the end of its checks, in the indentation used there."""
    document = parse_document(text, file)
    if document.value.get("apiVersion") != "datamesh.io/v1":
        raise MeshError(f"{file} is not in the native form, the only one a check can be added to; add it by hand")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    said = document.value.get("spec", {}).get("quality", {})
    if isinstance(said, dict) and said.get("checks"):
        place, indent = _after_last(document, lines, len(said["checks"]))
        head = ""
    elif said:
        raise MeshError(f"{file} has a quality section without checks in it; write 'checks:' there first")
    else:
        place, indent = _section_end(document, lines, ("spec", "schema")), 6
        head = "  quality:\n    checks:\n"
    block = "".join(f"{' ' * indent}{line}\n" for line in item.rstrip("\n").split("\n"))
    return "".join([*lines[:place], head + block, *lines[place:]])


def _after_last(document: Document, lines: list[str], count: int) -> tuple[int, int]:
    """The line after the last check, and the column of its dash."""
    start = document.line((*_CHECKS, count - 1)) - 1
    indent = len(lines[start]) - len(lines[start].lstrip(" "))
    if not lines[start].lstrip(" ").startswith("-"):
        raise MeshError(f"{document.file} has its checks on one line; write each on a line of its own first")
    return _end(lines, start, indent), indent


def _section_end(document: Document, lines: list[str], path: Path_) -> int:
    start = document.line(path) - 1
    return _end(lines, start, len(lines[start]) - len(lines[start].lstrip(" ")))


def _end(lines: list[str], start: int, indent: int) -> int:
    """The first line after ``start`` that is not indented further; comments and blanks before it stay with it."""
    place = start + 1
    for number in range(start + 1, len(lines)):
        bare = lines[number].strip()
        if not bare:
            continue
        if len(lines[number]) - len(lines[number].lstrip(" ")) <= indent:
            break
        place = number + 1
    return place


def _variables(product: DataProduct, answers: Mapping[str, Any]) -> dict[str, Any]:
    expectation, column = str(answers["expectation"]), str(answers.get("column") or "")
    known = [field.name for field in product.fields]
    if column and column not in known:
        raise AnswerError(f"column: '{column}' is not a column{suggestion(column, known)}")
    check: dict[str, Any] = {"column": column} if column else {}
    check["assertion"] = expectation
    if value := _value(str(answers.get("value") or "")):
        check["value"] = value
    for key in ("threshold", "description"):
        if answers.get(key):
            check[key] = str(answers[key])
    if answers.get("severity") == "warn":
        check["severity"] = "warn"
    return {"check": check}


def _value(text: str) -> dict[str, Any]:
    """The arguments of an expectation, written as JSON or as ``min_value: 0, max_value: 10``."""
    if not text.strip():
        return {}
    import yaml

    try:
        value = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load("{" + text + "}")
    except (ValueError, yaml.YAMLError):
        value = None
    if not isinstance(value, dict):
        raise AnswerError(f"value: '{text}' is not a list of arguments such as 'min_value: 0, max_value: 10'")
    return value
