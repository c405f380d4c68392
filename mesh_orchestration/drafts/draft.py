"""A draft contract: what a source says in the words of a contract, and what only a person can say."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from mesh_orchestration.contract.document import Path_, yaml_path
from mesh_orchestration.contract.types import parse_type
from mesh_orchestration.drafts.base import Found, Options, SourceColumn, kind_of, source_of
from mesh_orchestration.drafts.contract_files import is_contract, read_contract
from mesh_orchestration.drafts.names import event_rank, is_bookkeeping, legal_names, personal_mask
from mesh_orchestration.drafts.suggest import comments, without_key_words
from mesh_orchestration.drafts.text import blank_paths, contract_text, counted

_BLANKS: Mapping[str, str] = {
    "metadata.name": "the product's name, such as order_lines",
    "metadata.domain": "the domain that owns it, such as orders",
    "metadata.description": '"One row per …", and what it is for',
    "spec.owner": "the e-mail of the owning team, or team:name",
    "spec.sla.freshness": "how old the data may get, such as 1d",
    "spec.schema.fields.type": "its type, such as string, long or timestamp",
}


class Answers(TypedDict, total=False):
    """What a person says that no source can; an empty text leaves the blank."""

    domain: str
    product: str
    owner: str
    description: str
    freshness: str


_TIMES = frozenset({"date", "timestamp"})
_PLACES: Mapping[str, tuple[str, ...]] = {
    "domain": ("metadata", "domain"),
    "product": ("metadata", "name"),
    "owner": ("spec", "owner"),
    "description": ("metadata", "description"),
    "freshness": ("spec", "sla", "freshness"),
}


@dataclass(frozen=True)
class Draft:
    """A contract that is complete but for its blanks.

    ``product`` is the native mapping, with None where a person must say something; ``port`` its input
    port, None when the source cannot be read by one as it is; ``notes`` are comments by the path they
    stand under; ``to_decide`` is what should be looked at before it is used; ``rows`` are all rows of the
    source, 0 when it holds none; ``renamed`` maps a column's name in the source to its name here.
    """

    kind: str
    title: str
    product: dict[str, Any]
    port: dict[str, Any] | None = None
    notes: Mapping[Path_, tuple[str, ...]] = field(default_factory=dict)
    to_decide: tuple[str, ...] = ()
    rows: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[SourceColumn, ...] = ()

    @property
    def to_fill_in(self) -> tuple[str, ...]:
        """The YAML paths that are blank; the contract loads when they are filled."""
        return tuple(yaml_path(path) for path in blank_paths(self.product))

    def answered(self, **answers: Unpack[Answers]) -> Draft:
        """The same draft with blanks filled in; what the source itself said is replaced too."""
        product = copy.deepcopy(self.product)
        for name, value in answers.items():
            if value:
                *parents, last = _PLACES[name]
                place = product
                for key in parents:
                    place = place.setdefault(key, {})
                place[last] = value
        return replace(self, product=product)

    def text(self, **answers: Unpack[Answers]) -> str:
        """The draft as YAML with its blanks, comments and a list on top of what a person has to do."""
        draft = self.answered(**answers)
        paths = set(draft.to_fill_in)
        rows = f" with {counted(draft.rows, 'row')}" if draft.rows else ""
        top = [f"A draft, made of {draft.title}{rows}."]
        if paths:
            top += ["To fill in:", *(f"  - {path}: {_hint(path)}" for path in draft.to_fill_in)]
        if draft.to_decide:
            top += ["To decide, then delete these lines:", *(f"  - {line}" for line in draft.to_decide)]
        return contract_text(draft.product, top=top, comments=draft.notes, blanks=_BLANKS)


def draft(source: str | Path, options: Options, *, kind: str = "") -> Draft:
    """The draft contract of ``source``: a file, a glob, a folder, the word of a database, or a contract file.

    ``kind`` is found by the name unless given. Raises SourceError when the source cannot be read,
    SettingsError when it cannot be reached, StorageError when an Iceberg catalog cannot be read,
    ContractError when a contract file is none.
    """
    text = str(source)
    if not kind and is_contract(text):
        product, to_decide, form = read_contract(text, options)
        title = f"{Path(text).name}, a contract in the {form} form"
        return Draft(kind=form, title=title, product=product, to_decide=to_decide)
    module = source_of(kind or kind_of(text))
    found: Found = module.read(text, options)
    return _draft(found)


def _hint(path: str) -> str:
    return _BLANKS.get(re.sub(r"\[\d+\]", "", path), "a value")


def _draft(found: Found) -> Draft:
    names = legal_names(column.name for column in found.columns)
    port = _port(found, names)
    product = {
        "apiVersion": "datamesh.io/v1",
        "kind": "DataProduct",
        "metadata": {"name": found.name or None, "domain": None, "version": "1.0.0", "description": None}
        | dict(found.metadata),
        "spec": _spec(found, names, port),
    }
    return Draft(
        kind=found.kind,
        title=found.title,
        product=product,
        port=port,
        notes=_notes(found, names),
        to_decide=tuple(_to_decide(found, names, port)),
        rows=found.rows,
        renamed={old: new for old, new in names.items() if old != new},
        columns=tuple(_discreet(column) for column in found.columns),
    )


def _spec(found: Found, names: Mapping[str, str], port: dict[str, Any] | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"owner": None}
    if port:
        spec["inputs"] = [port]
    spec["schema"] = {"fields": [_field(column, names[column.name], found.key) for column in found.columns]}
    if found.checks:
        spec["quality"] = {"checks": [dict(check) for check in found.checks]}
    spec["sla"] = {"freshness": None}
    return spec | {name: value for name, value in found.spec.items() if value}


def _field(column: SourceColumn, name: str, key: tuple[str, ...]) -> dict[str, Any]:
    said = dict(column.said)
    constraints = dict(said.pop("constraints", {}))
    if column.name in key:
        constraints = {"primary_key": True} | without_key_words(constraints)
    field_ = {"name": name, "type": column.type or None} | said
    return field_ | ({"constraints": constraints} if constraints else {})


def _port(found: Found, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The whole input port; columns whose names only a batch port can spell make every other one None."""
    if found.port is None:
        return None
    if found.port["type"] == "data-product":
        return dict(found.port)
    respelled = {new: old for old, new in names.items() if old != new}
    if respelled and found.port["type"] != "batch":
        return None
    columns = {names[column.name]: column.type for column in found.columns}
    key = {"key": [names[name] for name in found.key]} if found.key else {}
    return {**found.port, **key, "columns": columns} | ({"names": respelled} if respelled else {})


def _notes(found: Found, names: Mapping[str, str]) -> dict[Path_, tuple[str, ...]]:
    notes: dict[Path_, tuple[str, ...]] = {}
    for index, column in enumerate(found.columns):
        lines = comments(column, name=names[column.name], in_key=column.name in found.key)
        if lines:
            notes["spec", "schema", "fields", index, "type"] = lines
    if events := _events(found):
        first, *others = (names[name] for name in events)
        also = f" # or {', '.join(others)}" if others else ""
        notes["spec", "sla", "freshness"] = (f"event_time: {first}{also}", "event_freshness: 2d")
    return notes


def _events(found: Found) -> list[str]:
    """The columns that may say when a row happened, the likeliest first."""
    times = [column.name for column in found.columns if column.type and parse_type(column.type).name in _TIMES]
    return sorted((name for name in times if not is_bookkeeping(name)), key=event_rank)[:4]


def _to_decide(found: Found, names: Mapping[str, str], port: dict[str, Any] | None) -> list[str]:
    key = tuple(names[name] for name in found.key)
    lines = [f"left out {name}: {why}" for name, why in found.left_out.items()]
    lines += [f"{old!r} is called {new} here" for old, new in names.items() if old != new]
    if 0 < found.looked_at < found.rows:
        lines.append(
            f"distinct values, sets and keys are those of the first {found.looked_at:,} of {found.rows:,} rows"
        )
    if key:
        observed = f"no two of {found.looked_at:,} rows agree in it, and none lacks it; confirm it or take it out"
        lines.append(f"primary key {', '.join(key)}: {found.key_reason or observed}")
    else:
        lines.append("primary key: none was found; say primary_key: true at the fields that tell rows apart")
    if personal := [names[column.name] for column in found.columns if _sounds_personal(column)]:
        lines.append(f"personal data, judging by names alone: {', '.join(personal)}; say pii and spec.access.roles")
    undescribed = sum("description" not in column.said for column in found.columns)
    if undescribed:
        lines.append(f"descriptions: {undescribed} of {counted(len(found.columns), 'field')} without one")
    return [*lines, *found.to_decide, *_about_port(found, port)]


def _about_port(found: Found, port: dict[str, Any] | None) -> Iterator[str]:
    """What a person must do before the input port finds its rows."""
    if port and port["type"] == "batch" and Path(port["path"]).is_absolute():
        yield "inputs: the path is this machine's; let the files land below MESH_LANDING and name them from there"
    if port and port["type"] == "postgres-cdc":
        yield f"inputs: the port follows the table's change log; MESH_SOURCE_{port['name'].upper()}_URL is its database"
    if found.port and not port:
        yield "inputs: only a batch input calls columns otherwise; rename them in the source, or name an input"


def _discreet(column: SourceColumn) -> SourceColumn:
    """The column without observed values when they may be personal."""
    if column.observed is None or not (column.said.get("pii") or _sounds_personal(column)):
        return column
    return replace(column, observed=replace(column.observed, low=None, high=None, values=()))


def _sounds_personal(column: SourceColumn) -> bool:
    return "pii" not in column.said and personal_mask(column.name) is not None
