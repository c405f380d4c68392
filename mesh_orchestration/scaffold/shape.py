"""The columns of a new product, wherever they are known from: a draft, another contract, a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.contract.types import parse_type
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.masking import WORDS as MASKS
from mesh_orchestration.scaffold.filters import words
from mesh_orchestration.scaffold.names import AnswerError

if TYPE_CHECKING:
    from mesh_orchestration.drafts import Draft

_KEPT = ("semantics", "unit", "tags", "pii", "masking", "constraints")
_PERSONAL = re.compile(r"^(personal, judging|pii:|masking:)")
_ANSWERED = ("primary key ", "personal data", "inputs:")  # what the scaffold itself asks or settles


@dataclass(frozen=True)
class Shape:
    """What a source tells of a product.

    ``columns`` are fields of a contract as plain data, each with ``source`` (its name there) and
    ``remarks`` (comments); ``key`` and ``personal`` (name to mask) are offered as answers; ``files`` are
    those that hold rows, of ``rows`` in all.
    """

    origin: str
    columns: tuple[dict[str, Any], ...]
    key: tuple[str, ...] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[dict[str, Any], ...] = ()
    event_time: str = ""
    port: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    rows: int = 0
    to_decide: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column["name"] for column in self.columns)

    def answered(self, key: Sequence[str], personal: Mapping[str, str]) -> Shape:
        """The same columns with the key and the personal columns that a person has named."""
        columns = tuple(_answered(column, key=key, mask=personal.get(column["name"])) for column in self.columns)
        return replace(self, columns=columns, key=tuple(key), personal=personal)


def from_draft(draft: Draft, origin: str, files: tuple[Path, ...]) -> Shape:
    """The shape of a drafted source; ``files`` hold its rows."""
    from mesh_orchestration.drafts.names import personal_mask

    fields = draft.product["spec"]["schema"]["fields"]
    sources = {new: old for old, new in draft.renamed.items()}
    names = _lowered(field["name"] for field in fields)
    columns, key, personal = [], [], {}
    for index, said in enumerate(fields):
        name, source = names[said["name"]], sources.get(said["name"], said["name"])
        notes = draft.notes.get(("spec", "schema", "fields", index, "type"), ())
        if said.get("constraints", {}).get("primary_key"):
            key.append(name)
        if mask := personal_mask(source):
            personal[name] = said.get("masking", mask)
        columns.append(_column(said | {"name": name, "type": said["type"] or "string"}, source, origin, notes))
    return Shape(
        origin,
        tuple(columns),
        tuple(key),
        personal,
        checks=tuple(draft.product["spec"].get("quality", {}).get("checks", ())),
        event_time=_event_time(draft, names),
        port=draft.port or {},
        files=files,
        rows=draft.rows,
        to_decide=tuple(line for line in draft.to_decide if not line.startswith(_ANSWERED)),
    )


def from_product(product: DataProduct) -> Shape:
    """The shape of a product that has a contract."""
    columns = tuple(_of_field(field) for field in product.fields)
    personal = {field.name: str(field.mask) for field in product.fields if field.is_pii}
    return Shape(
        str(product.address), columns, product.primary_key, personal, event_time=product.spec.sla.event_time or ""
    )


def from_fields(text: str) -> Shape:
    """The shape that a person spells as ``name:type, …``; raises AnswerError for a wrong name or type."""
    columns = []
    for part in re.split(r",(?![^(<]*[)>])", text):
        name, _, kind = (piece.strip() for piece in part.partition(":"))
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
            raise AnswerError(f"fields: '{part.strip()}' is not name:type; a name has lower-case letters, digits and _")
        try:
            parse_type(kind or "string")
        except ValueError as error:
            raise AnswerError(f"fields: {error}") from None
        columns.append(_column({"name": name, "type": kind or "string"}, name, "the source", ()))
    twice = sorted({column["name"] for column in columns if columns.count(column) > 1})
    if twice:
        raise AnswerError(f"fields: {', '.join(twice)} is named twice")
    times = [column["name"] for column in columns if parse_type(column["type"]).name in {"timestamp", "date"}]
    return Shape("the source", tuple(columns), event_time=next(iter(times), ""))


def some_names(text: str, known: Sequence[str], *, what: str) -> tuple[str, ...]:
    """The columns in ``text``, separated by commas; raises AnswerError for one that is not ``known``."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if name not in known:
            raise AnswerError(f"{what}: '{name}' is not a column{suggestion(name, known)}")
    return names


def masked(text: str, known: Sequence[str]) -> dict[str, str]:
    """The personal columns and their masks in ``name:mask, name``; raises AnswerError for an unknown word."""
    result = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, _, mask = part.partition(":")
        some_names(name, known, what="pii")
        if mask and mask not in MASKS:
            raise AnswerError(f"pii: '{mask}' is not a mask{suggestion(mask, MASKS)}")
        result[name] = mask or "redact"
    return result


def _event_time(draft: Draft, names: Mapping[str, str]) -> str:
    """The column that most likely says when a row happened, as the draft suggests it."""
    notes = draft.notes.get(("spec", "sla", "freshness"), ())
    suggested = next((re.match(r"event_time: (\w+)", note) for note in notes if note.startswith("event_time: ")), None)
    return names.get(suggested[1], "") if suggested else ""


def _column(said: Mapping[str, Any], source: str, origin: str, notes: Iterable[str]) -> dict[str, Any]:
    description = said.get("description") or f"{words(said['name']).capitalize()}, as {origin} gives it."
    kept = {key: said[key] for key in _KEPT if said.get(key)}
    base = {"name": said["name"], "source": source, "type": said["type"], "description": description}
    return base | kept | {"remarks": list(notes)}


def _of_field(field: SchemaField) -> dict[str, Any]:
    said = field.model_dump(mode="json", exclude_unset=True)
    kept = {key: said[key] for key in _KEPT if said.get(key)}
    base = {"name": field.name, "source": field.name, "type": field.type, "description": field.description}
    return base | kept | {"remarks": []}


def _answered(column: Mapping[str, Any], *, key: Sequence[str], mask: str | None) -> dict[str, Any]:
    said = dict(column)
    constraints = {name: value for name, value in said.pop("constraints", {}).items() if name != "primary_key"}
    for name in ("pii", "masking"):
        said.pop(name, None)
        constraints.pop(name, None)
    if column["name"] in key:
        constraints = {"primary_key": True} | {k: v for k, v in constraints.items() if k not in {"null", "unique"}}
    if mask:
        said |= {"pii": True, "masking": mask}
        said["remarks"] = [line for line in said["remarks"] if not _PERSONAL.match(line)]
    return said | ({"constraints": constraints} if constraints else {})


def _lowered(names: Iterable[str]) -> dict[str, str]:
    """Names as PostgreSQL and DuckDB both take them bare: ``OrderID`` is order_id."""
    from mesh_orchestration.drafts.names import words_of

    result: dict[str, str] = {}
    for name in names:
        fresh = name if name == name.lower() else "_".join(words_of(name))
        while fresh in result.values():
            fresh += "_"
        result[name] = fresh
    return result
