"""The short form: name, domain, owner, inputs, outputs and service levels; the fields stand in an Avro schema file.

The major is the ``-v<n>`` that an output's name ends in. What the short form has no word for passes
through where it has a place: further keys of an input, an output or the service levels are those of the
native form, and a column's constraints stand in the Avro schema as attributes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mesh_orchestration.contract.avro import ATTRIBUTES, Record, avro_type, read_record
from mesh_orchestration.contract.dialect import Context, Lost, Place, Reading, Written
from mesh_orchestration.contract.dialects.native import plain
from mesh_orchestration.contract.document import Document, Path_, read_text
from mesh_orchestration.contract.model import SHARES, DataProduct, SchemaField, Sla
from mesh_orchestration.contract.spelling import as_text, percentage
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import ContractError

KEYS = ("name", "domain", "version", "owner", "inputs", "outputs", "sla")
_ORDER: Mapping[str, tuple[str, ...]] = {
    "inputs": ("source", "type", "product"),
    "outputs": ("name", "type", "format", "location", "schema"),
    "sla": tuple(Sla.model_fields),
}
_MAJOR = re.compile(r"-v(\d+)$")
_RECORD_KEYS = {"compatibility": "compatibility", "exchange": "type"}
"""Attributes of the Avro record, and the native keys of ``spec.schema`` that they are."""
_NO_PLACE = "the short form has no place for it"


def detects(value: Mapping[Any, Any]) -> bool:
    """Whether ``value`` has the short form's own keys at the top, and no version or kind of another form."""
    return (
        "apiVersion" not in value
        and "kind" not in value
        and "name" in value
        and bool({"domain", "outputs"} & set(value))
    )


def keys(path: Path_) -> tuple[str, ...]:
    """The order of the form as it is usually shown."""
    if not path:
        return KEYS
    known = isinstance(path[0], str) and len(path) <= 2
    return _ORDER.get(str(path[0]), ()) if known else ()


@dataclass
class _Found:
    """What reading gathers."""

    value: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)
    findings: list[tuple[Place, str]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def wrong(self, path: Path_, message: str) -> None:
        self.findings.append((Place(path), message))


def read(document: Document, context: Context) -> Reading:
    """The document in native words, with the fields of the Avro schema that its outputs name."""
    said, got = document.value, _Found()
    for key in said:
        if key not in KEYS:
            got.wrong((key,), f"'{key}' is not a key of the short form{suggestion(str(key), KEYS)}")
    metadata = {key: said[key] for key in ("name", "domain") if key in said}
    spec: dict[str, Any] = {key: said[key] for key in ("owner", "sla") if key in said}
    got.places |= {(): Place(()), ("spec", "owner"): Place(("owner",)), ("spec", "sla"): Place(("sla",))}
    got.places |= {("metadata",): Place(()), ("metadata", "version"): Place(("outputs",))}
    if (version := _version(said, got)) is not None:
        metadata["version"] = version
    if "inputs" in said:
        spec["inputs"] = _inputs(said["inputs"], context, got)
    schema, description = _schema(said, document, context, got)
    spec["schema"] = schema
    if description:
        metadata["description"] = description
    if outputs := _outputs(said, got):
        spec["outputs"] = outputs
    value = {"apiVersion": "datamesh.io/v1", "kind": "DataProduct", "metadata": metadata, "spec": spec}
    return Reading(value, got.places, tuple(got.findings), tuple(got.lost), got.files)


def _items(value: Any) -> list[tuple[int, Mapping[Any, Any]]]:
    """The mappings in a list, with their places; whatever else stands there is left to the native form to refuse."""
    listed = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(listed) if isinstance(item, Mapping)]


def _version(said: Mapping[Any, Any], got: _Found) -> Any:
    """The version that is written, or the first one of the major that the outputs are named after."""
    majors: dict[int, int] = {}
    for index, output in _items(said.get("outputs")):
        if match := _MAJOR.search(str(output.get("name", ""))):
            majors[int(match[1])] = index
    if "version" in said:
        got.places["metadata", "version"] = Place(("version",))
        return said["version"]
    if len(majors) == 1:
        ((major, index),) = majors.items()
        got.places["metadata", "version"] = Place(("outputs", index, "name"))
        return f"{major}.0.0"
    names = " and ".join(f"v{major}" for major in majors)
    problem = f"are named after {names}; one file is one major" if majors else "name no major"
    got.wrong(("outputs",), f"{problem}; let one output's name end in -v1, or add 'version: 1.0.0'")
    return "1.0.0"


def _inputs(value: Any, context: Context, got: _Found) -> Any:
    got.places["spec", "inputs"] = Place(("inputs",))
    if not isinstance(value, list):
        return value
    result: list[Any] = []
    for index, item in enumerate(value):
        where: Path_ = ("inputs", index)
        if isinstance(item, str):
            result.append(_slug(item))
        elif not isinstance(item, Mapping) or "source" not in item:
            got.wrong(where, "expected an input such as {source: orders-db, type: postgres-cdc}")
        else:
            got.places["spec", "inputs", len(result)] = Place(where)
            got.places["spec", "inputs", len(result), "name"] = Place((*where, "source"))
            got.places["spec", "inputs", len(result), "product"] = Place((*where, "source"))
            result.append(_input(item, where, context, got))
    return result


def _input(item: Mapping[Any, Any], where: Path_, context: Context, got: _Found) -> dict[Any, Any]:
    source = item["source"]
    port = {"name": _slug(source)} | {key: value for key, value in item.items() if key != "source"}
    if item.get("type") == "data-product" and "product" not in item and isinstance(source, str):
        addresses = _addresses(source, context.root)
        if len(addresses) == 1:
            port["product"] = addresses[0]
        else:
            several = f"is {' and '.join(addresses)}; say which, e.g. product: {addresses[0]}" if addresses else ""
            none = f"is no data product of this mesh: there is no contracts/*/{_slug(source)}/v*.yaml"
            got.wrong((*where, "source"), f"'{source}' {several or none}")
            port["product"] = addresses[0] if addresses else f"unknown.{_slug(source)}.v1"
    return port


def _slug(name: Any) -> Any:
    return name.replace("-", "_") if isinstance(name, str) else name


def _addresses(name: str, root: Path) -> list[str]:
    """The addresses that the places of contract files give a product called ``name``."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return []
    found_ = (root / "contracts").glob(f"*/{_slug(name)}/v*.y*ml")
    return sorted({".".join((*path.parts[-3:-1], path.stem)) for path in found_})


def _outputs(said: Mapping[Any, Any], got: _Found) -> Any:
    outputs = said.get("outputs")
    got.places["spec", "outputs"] = Place(("outputs",))
    if outputs is None:
        return None
    if not isinstance(outputs, list):
        return outputs
    if len(outputs) == 1 and isinstance(outputs[0], Mapping) and set(outputs[0]) <= {"name", "schema"}:
        return None  # it only names the major and the schema
    return [
        {"type": "file"} | {key: value for key, value in item.items() if key != "schema"}
        if isinstance(item, Mapping)
        else item
        for item in outputs
    ]


def _schema(said: Mapping[Any, Any], document: Document, context: Context, got: _Found) -> tuple[Any, Any]:
    """``spec.schema`` and the product's description, out of the one Avro schema that the outputs name."""
    named = {
        item["schema"]: ("outputs", index, "schema")
        for index, item in _items(said.get("outputs"))
        if isinstance(item.get("schema"), str)
    }
    if len(named) != 1:
        problem = f"name {len(named)} schemas; one product has one" if named else "name no schema"
        got.wrong(("outputs",), f"{problem}; write e.g. schema: ./schemas/orders.avsc")
        return {}, None
    ((name, where),) = named.items()
    got.places["spec", "schema"] = Place(where)
    path = context.folder / name
    folder = document.file.rpartition("/")[0]
    file = Path(folder, name).as_posix() if folder else Path(name).as_posix()
    try:
        text = read_text(path, context.within, file)
        schema = json.loads(text)
        record = read_record(schema)
    except ContractError as error:
        got.wrong(where, f"'{name}' {error.problems[0].message}")
        return {}, None
    except (json.JSONDecodeError, RecursionError) as error:
        at = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it nests too deep"
        got.wrong(where, f"'{name}' is not an Avro schema in JSON: {at}")
        return {}, None
    got.files[file] = text
    return _fields(schema, record, file, got)


def _fields(schema: Any, record: Record, file: str, got: _Found) -> tuple[Any, Any]:
    got.findings += [(Place(path, file), message) for path, message in record.findings]
    got.lost += record.lost
    if not isinstance(schema, Mapping):
        return {}, None
    got.places["metadata", "description"] = Place(("doc",), file)
    refused = {path[1] for path, _ in record.findings if len(path) > 1}
    kept = [index for index in range(len(schema.get("fields") or ())) if index not in refused]
    for place, index in enumerate(kept[: len(record.fields)]):
        native: Path_ = ("spec", "schema", "fields", place)
        got.places[native] = Place(("fields", index), file)
        got.places[*native, "description"] = Place(("fields", index, "doc"), file)
    said = {native: schema[key] for key, native in _RECORD_KEYS.items() if key in schema}
    return said | {"fields": record.fields}, schema.get("doc")


def write(product: DataProduct) -> Written:
    """The product in the short form, its Avro schema beside it, and everything that neither has a place for."""
    meta, spec = product.metadata, product.spec
    dashed = product.name.replace("_", "-")
    major = f"{dashed}-v{product.address.major}"
    file = f"schemas/{dashed}.avsc"
    said: dict[str, Any] = {"name": meta.name, "domain": meta.domain}
    outputs = [_output(port.model_dump(exclude_unset=True)) for port in spec.outputs]
    named = [match[1] for port in outputs if (match := _MAJOR.search(str(port.get("name", ""))))]
    if not outputs:
        outputs, named = [{"name": major}], [str(product.address.major)]
    outputs[0]["schema"] = f"./{file}"
    if meta.version != f"{product.address.major}.0.0" or set(named) != {str(product.address.major)}:
        said["version"] = meta.version
    said["owner"] = spec.owner
    if spec.inputs:
        said["inputs"] = [
            port if isinstance(port, str) else _port(port.model_dump(exclude_unset=True)) for port in spec.inputs
        ]
    said["outputs"] = outputs
    if levels := _levels(spec.sla):
        said["sla"] = levels
    text = yaml.safe_dump(plain(said), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    schema = json.dumps(_avro(product), indent=2, ensure_ascii=False) + "\n"
    return Written(text, tuple(_unheld(product)), {file: schema})


def _output(port: dict[str, Any]) -> dict[str, Any]:
    first = {key: port.pop(key) for key in ("name", "type") if key in port}
    bare = first.get("type") == "file" and bool(port)
    return {key: value for key, value in first.items() if not (key == "type" and bare)} | port


def _port(port: dict[str, Any]) -> dict[str, Any]:
    return {"source": port.pop("name").replace("_", "-")} | port


def _levels(sla: Sla) -> dict[str, Any]:
    said = sla.model_dump(exclude_defaults=True)
    for key in SHARES:
        if key in said and (percent := percentage(said[key])):
            said[key] = f"{percent}%"
    return said


def _avro(product: DataProduct) -> dict[str, Any]:
    """The Avro schema with what it can say of the columns."""
    schema: dict[str, Any] = {"type": "record", "name": product.name, "namespace": product.domain}
    if product.metadata.description:
        schema["doc"] = product.metadata.description
    stated = product.spec.schema_.model_dump(exclude_defaults=True)
    schema |= {key: stated[native] for key, native in _RECORD_KEYS.items() if native in stated}
    return schema | {"fields": [_avro_field(item) for item in product.fields]}


def _avro_field(item: SchemaField) -> dict[str, Any]:
    kind = avro_type(item.logical_type, instant=item.is_instant)
    said: dict[str, Any] = {"name": item.name}
    said |= {"type": ["null", kind], "default": None} if item.nullable else {"type": kind}
    if item.description:
        said["doc"] = item.description
    stated = as_text(item.model_dump(exclude_defaults=True))
    constraints = stated.get("constraints", {})
    if not item.constraints.primary_key:
        constraints.pop("null", None)
    constraints.pop("timezone", None)
    return said | {key: stated[key] for key in ("aliases", *ATTRIBUTES) if stated.get(key)}


def _unheld(product: DataProduct) -> Iterator[Lost]:
    said = product.model_dump(by_alias=True, exclude_defaults=True)
    for key, value in said["metadata"].items():
        if key not in {"name", "domain", "version", "description"}:
            yield Lost(("metadata", key), plain(value), _NO_PLACE)
    for key, value in said["spec"].items():
        if key == "quality":
            for index, check in enumerate(value.get("checks", ())):
                yield Lost(("spec", "quality", "checks", index), plain(check), _NO_PLACE)
        elif key not in {"owner", "inputs", "outputs", "sla", "schema"}:
            yield Lost(("spec", key), plain(value), _NO_PLACE)
