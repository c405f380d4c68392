"""An Avro schema file: types, nullability, enumerations and descriptions as the contract's own reader takes them."""

from __future__ import annotations

import re
from pathlib import Path

from mesh_orchestration.contract.avro import read_record
from mesh_orchestration.drafts.base import Found, Options, SourceColumn
from mesh_orchestration.drafts.names import slug
from mesh_orchestration.drafts.schemas import head_of, read_object, stem_of
from mesh_orchestration.errors import SourceError

_RECORD = re.compile(r'"type"\s*:\s*"record"')


def recognises(source: str) -> bool:
    """Whether it is an ``.avsc`` file, or a JSON file that says it is an Avro record."""
    if source.lower().endswith(".avsc"):
        return True
    return source.lower().endswith(".json") and bool(_RECORD.search(head := head_of(source)) and '"fields"' in head)


def read(source: str, _: Options) -> Found:
    """The columns of the record; raises SourceError when it is none or no column of it fits a contract."""
    schema = read_object(source)
    record = read_record(schema)
    items = schema.get("fields")
    left_out, unheld = {}, [str(lost) for lost in record.lost]
    for path, message in record.findings:
        if len(path) < 2 or not isinstance(items, list):
            raise SourceError(message, source=source)
        item = items[int(str(path[1]))]
        name = item.get("name") if isinstance(item, dict) else None
        left_out[str(name or f"field {path[1]}")] = message.removeprefix(f"'{name}' ")
    if not record.fields:
        raise SourceError(f"has no column that a contract can hold: {'; '.join(left_out.values())}", source=source)
    columns = tuple(
        SourceColumn(str(said["name"]), said["type"], {k: v for k, v in said.items() if k not in {"name", "type"}})
        for said in record.fields
    )
    return Found(
        kind="avro",
        name=slug(str(schema.get("name") or stem_of(source))),
        title=Path(source).name,
        columns=columns,
        key=tuple(c.name for c in columns if c.said.get("constraints", {}).get("primary_key")),
        key_reason="as the schema says",
        left_out=left_out,
        metadata={"description": schema["doc"]} if schema.get("doc") else {},
        to_decide=(*(f"not taken over: {lost}" for lost in unheld), "inputs: a schema does not say where its rows are"),
    )
