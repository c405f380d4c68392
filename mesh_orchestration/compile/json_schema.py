"""The contract's JSON Schema, for editors: the same model that loads contracts, with its words spelled out."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from mesh_orchestration.compile.layout import MARK
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.ports import PORTS
from mesh_orchestration.expectations.registry import names

SCHEMA_FILE = PurePosixPath("contracts/contract.schema.json")
_COMMENT = f"{MARK} from mesh_orchestration/contract/model.py; change the model instead of this file."


def contract_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a contract in the native dialect.

    It knows every key, word and type, and not what needs more than one place (see the loader for that).
    """
    schema: dict[str, Any] = _untitled(DataProduct.model_json_schema(by_alias=True))
    parts = schema["$defs"]
    _spell_out_checks(parts["QualityCheck"])
    parts["InputPort"] = {"oneOf": [_port(word, parts["InputPort"], parts) for word in PORTS]}
    header = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": _COMMENT}
    return header | {"title": "Data product contract"} | schema


def contract_schema_text() -> str:
    """The JSON Schema as it is committed."""
    return json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n"


def _untitled(schema: Any) -> Any:
    """The schema without pydantic's titles, which only repeat the keys."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if key != "title" or not isinstance(value, str)}
        return {key: _untitled(value) for key, value in kept.items()}
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema


def _spell_out_checks(check: dict[str, Any]) -> None:
    """Both spellings of an expectation and its arguments, and the expectations there are."""
    properties = check["properties"]
    said = "An expectation of Great Expectations, or of the mesh"
    properties["assertion"] = {"enum": sorted(names()), "description": said}
    properties["expectation"] = properties["assertion"]
    properties["kwargs"] = properties["value"]
    check["required"] = [key for key in check["required"] if key != "assertion"]
    check["oneOf"] = [{"required": ["assertion"]}, {"required": ["expectation"]}]


def _port(word: str, base: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """One type of input port: the keys all ports have, its own, and no other."""
    own: dict[str, Any] = _untitled(PORTS[word].model_json_schema(by_alias=True))
    parts |= {name: part for name, part in own.pop("$defs", {}).items() if name not in parts}
    return {
        "type": "object",
        "title": word,
        "description": own.get("description", ""),
        "properties": base["properties"] | {"type": {"const": word}} | own["properties"],
        "required": ["name", "type", *own.get("required", [])],
        "additionalProperties": False,
    }
