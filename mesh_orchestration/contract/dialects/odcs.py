"""The Open Data Contract Standard 3.0, 3.1 and 3.2 (``kind: DataContract``), written as 3.1.

One file is one product: of several schema objects the one named like the product, or the one asked for.
What the mesh adds to the standard stands in ``customProperties``; see ``docs/dialects.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mesh_orchestration.contract.address import DOMAIN, PRODUCT
from mesh_orchestration.contract.dialect import Context, Lost, Place, Reading, Written
from mesh_orchestration.contract.document import Document, Path_
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.contract.odcs import checks, fields, levels, people, words
from mesh_orchestration.contract.odcs.customs import difference, restore, store, unwritable
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.contract.words import product_name

VERSION = "v3.1.0"
_READ = ("v3.0", "v3.1", "v3.2")
_STATUS = {"proposed": "draft", "development": "draft", "in development": "draft", "production": "active"}
_DEEP = ("spec", "metadata", "spec.schema", "spec.sla", "spec.support", "spec.access")
_USED = {
    "apiVersion", "kind", "id", "name", "version", "status", "domain", "tags", "description", "team", "schema",
    "slaProperties", "support", "roles", "customProperties",
}  # fmt: skip
_ORDER: Mapping[str, tuple[str, ...]] = {
    "description": words.DESCRIPTION, "team": words.TEAM, "support": words.SUPPORT, "roles": words.ROLE,
    "slaProperties": words.LEVEL, "customProperties": words.CUSTOM, "quality": words.QUALITY,
    "properties": words.PROPERTY, "items": words.PROPERTY, "schema": words.OBJECT, "members": words.MEMBER,
}  # fmt: skip


def detects(value: Mapping[Any, Any]) -> bool:
    """Whether ``value`` names the standard's kind or one of its versions."""
    return value.get("kind") == "DataContract" or bool(re.match(r"^v\d+\.\d+\.\d+$", str(value.get("apiVersion"))))


def keys(path: Path_) -> tuple[str, ...]:
    """The keys in the order in which the standard explains them; free inside values that are not the standard's."""
    named = [part for part in path if isinstance(part, str)]
    if not named:
        return words.DOCUMENT
    free = {"value", "arguments", "implementation", "servers", "logicalTypeOptions"} & set(named)
    return () if free else _ORDER.get(named[-1], ())


def schema_names(value: Mapping[Any, Any]) -> tuple[str, ...]:
    """The names of the schema objects that a document describes."""
    objects = value.get("schema")
    listed = objects if isinstance(objects, list) else []
    return tuple(str(item["name"]) for item in listed if isinstance(item, Mapping) and item.get("name"))


def read(document: Document, context: Context) -> Reading:
    """The document in native words; what they have no place for is lost, and said."""
    return _read(document.value, context)


def _read(said: Mapping[Any, Any], context: Context) -> Reading:
    notes = Notes()
    if not str(said.get("apiVersion")).startswith(_READ):
        notes.wrong(("apiVersion",), f"found '{said.get('apiVersion')}', expected v3.0.x, v3.1.x or v3.2.x of ODCS")
    where, part = _object(said, context, notes)
    product: dict[str, Any] = {"apiVersion": "datamesh.io/v1", "kind": "DataProduct"}
    product |= {"metadata": _metadata(said, part, context, notes), "spec": {}}
    notes.places |= {(): Place(()), ("metadata",): Place(()), ("spec",): Place(())}
    spec = product["spec"]
    people.read_team(said.get("team"), spec, notes)
    people.read_support(said.get("support"), spec, notes)
    spec["schema"] = {"fields": []}
    if part is not None:
        _read_object(part, where, spec, notes)
    levels.read(said.get("slaProperties"), product, notes)
    people.read_roles(said.get("roles"), spec, notes)
    _describe(said, part, product["metadata"], notes)
    notes.rest(said, (), used=_USED, known=words.DOCUMENT)
    restore(product, said, ((), ()), notes, frozenset({"metadata", "spec"}))
    return Reading(product, notes.places, tuple(notes.findings), tuple(notes.lost))


def _object(said: Mapping[Any, Any], context: Context, notes: Notes) -> tuple[Path_, Mapping[Any, Any] | None]:
    """The schema object that is the product, with its path."""
    objects = list(notes.mappings(said.get("schema"), ("schema",)))
    if not objects:
        notes.places["spec", "schema"] = notes.places["spec", "schema", "fields"] = Place(("schema",))
        return ("schema",), None
    names = [_slug(str(item.get("name"))) for _, item in objects]
    wanted = _slug(context.schema) if context.schema else ""
    if wanted and wanted not in names:
        notes.wrong(("schema",), f"has no object '{context.schema}'{suggestion(context.schema, schema_names(said))}")
    if len(objects) == 1:
        return objects[0]
    like = [wanted, _slug(str(said.get("name"))), context.folder.name]
    chosen = next((names.index(name) for name in like if name in names), None)
    if chosen is None:
        shown = ", ".join(schema_names(said)[:8]) + (" …" if len(names) > 8 else "")
        advice = "one file is one product: name the one like the product, or choose it with --schema"
        notes.wrong(("schema",), f"describes {len(names)} objects ({shown}); {advice}")
    for place, (path, item) in enumerate(objects):
        if place != (chosen or 0):
            notes.lose(path, item.get("name"), "one file is one product; take it in as one of its own")
    return objects[chosen or 0]


def _metadata(
    said: Mapping[Any, Any], part: Mapping[Any, Any] | None, context: Context, notes: Notes
) -> dict[str, Any]:
    own = part is not None and bool(context.schema)
    names = () if own else (said.get("name"), said.get("dataProduct"))
    name = next((name for name in names if name), None) or (part or {}).get("name")
    metadata: dict[str, Any] = {"name": name}
    title = (part or {}).get("businessName")
    if isinstance(name, str) and not PRODUCT.match(product_name(name)):
        metadata["name"], title = _slug(name), title or name
    metadata["domain"] = _domain(said, context)
    metadata["version"] = _version(said.get("version"))
    if said.get("id") and said["id"] != f"{metadata['domain']}.{product_name(str(metadata['name']))}":
        metadata["id"] = said["id"]
    metadata |= {"title": title} if title else {}
    metadata |= {"tags": said["tags"]} if said.get("tags") else {}
    status = said.get("status")
    if status:
        metadata["status"] = _STATUS.get(str(status).lower(), status)
    for key in ("name", "domain", "version", "id", "tags", "status"):
        notes.places["metadata", key] = Place((key,))
    notes.places["metadata", "description"] = Place(("description",))
    return {key: value for key, value in metadata.items() if value is not None}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _domain(said: Mapping[Any, Any], context: Context) -> Any:
    """The domain that is written, else that of the folder the file lies in."""
    domain = said.get("domain")
    if domain is None and context.folder.parent.parent == context.root / "contracts":
        return context.folder.parent.name
    if isinstance(domain, str) and not DOMAIN.match(domain):
        slug = re.sub(r"[^a-z0-9]+", "", domain.lower())
        return slug if DOMAIN.match(slug) else domain
    return domain


def _version(value: Any) -> Any:
    """``v1`` and ``1.0`` as the semantic versions that they mean."""
    match = re.fullmatch(r"v?(\d+)(\.\d+)?(\.\d+)?", str(value)) if isinstance(value, str | int | float) else None
    return f"{match[1]}{match[2] or '.0'}{match[3] or '.0'}" if match else value


def _describe(said: Mapping[Any, Any], part: Mapping[Any, Any] | None, metadata: dict[str, Any], notes: Notes) -> None:
    """Every text that describes the product as paragraphs of its description."""
    text = said.get("description")
    about = {"purpose": text} if isinstance(text, str) else notes.mapping(text, ("description",))
    part = part or {}
    paragraphs = [about.get("purpose")]
    if part.get("description") != about.get("purpose"):
        paragraphs.append(part.get("description"))
    labelled = {"Grain": part.get("dataGranularityDescription"), "Usage": about.get("usage")}
    labelled |= {"Limitations": about.get("limitations")}
    paragraphs += [f"{label}: {value}" for label, value in labelled.items() if value]
    if found := [str(paragraph) for paragraph in paragraphs if paragraph]:
        metadata["description"] = "\n\n".join(found)
    notes.rest(about, ("description",), used={"purpose", "usage", "limitations"}, known=words.DESCRIPTION)


def _read_object(part: Mapping[Any, Any], where: Path_, spec: dict[str, Any], notes: Notes) -> None:
    native: Path_ = ("spec", "schema", "fields")
    notes.places["spec", "schema"] = Place(where)
    notes.places[native] = Place((*where, "properties"))
    found: list[tuple[dict[str, Any], Path_]] = []
    found += _rules(part, where, "", notes)
    for path, item in notes.mappings(part.get("properties"), (*where, "properties")):
        field, own = fields.read(item, (path, (*native, len(spec["schema"]["fields"]))), notes)
        found += [(check, (*path, "logicalTypeOptions")) for check in own]
        rules = list(notes.mappings(item.get("quality"), (*path, "quality")))
        for place, rule in rules:
            if checks.is_enum(rule) and "enum" not in field.get("constraints", {}):
                at = (*native, len(spec["schema"]["fields"]), "constraints", "enum")
                notes.places[at] = Place((*place, "arguments", "validValues"))
                field.setdefault("constraints", {})["enum"] = fields.allowed(rule, field["type"])
            else:
                found += [(check, place) for check in checks.read(rule, str(field.get("name")), place, notes)]
        spec["schema"]["fields"].append(field)
    _place_checks(found, spec, notes)
    used = {"name", "businessName", "description", "dataGranularityDescription", "properties", "quality",
            "logicalType", "customProperties"}  # fmt: skip
    if part.get("physicalType") == "table":
        used.add("physicalType")
    notes.rest(part, where, used=used, known=words.OBJECT)
    for path, item in notes.mappings(part.get("customProperties"), (*where, "customProperties")):
        notes.lose((*path, "value"), item.get("value"), f"'{item.get('property')}' is no property of the mesh")


def _rules(part: Mapping[Any, Any], where: Path_, column: str, notes: Notes) -> list[tuple[dict[str, Any], Path_]]:
    rules = notes.mappings(part.get("quality"), (*where, "quality"))
    return [(check, path) for path, rule in rules for check in checks.read(rule, column, path, notes)]


def _place_checks(found: list[tuple[dict[str, Any], Path_]], spec: dict[str, Any], notes: Notes) -> None:
    """Put the checks into the order they are meant in, and note where each was written."""
    stated = [check.pop(checks.POSITION, None) for check, _ in found]
    order = sorted(range(len(found)), key=lambda at: (stated[at] if isinstance(stated[at], int) else at, at))
    found = [found[at] for at in order]
    told = {key[1:]: place for key, place in notes.places.items() if key[:1] == ("check",)}
    for index, (_, path) in enumerate(found):
        native: Path_ = ("spec", "quality", "checks", index)
        own = ((key, place) for key, place in told.items() if key[: len(path)] == path)
        notes.places |= {(*native, *key[len(path) :]): place for key, place in own}
        notes.places[native] = Place(path)
        for key in ("assertion", "column", "columns", "value", "threshold"):
            notes.places.setdefault((*native, key), Place(path))
    if found:
        spec["quality"] = {"checks": [check for check, _ in found]}


def write(product: DataProduct) -> Written:
    """The product in the standard's words; only bare dates outside the columns' bounds are lost, to text."""
    meta = product.metadata
    said: dict[str, Any] = {"apiVersion": VERSION, "kind": "DataContract", "id": product.id}
    said |= {"name": meta.name, "version": meta.version, "status": meta.status, "domain": meta.domain}
    said |= {"tags": list(meta.tags)} if meta.tags else {}
    said |= {"description": {"purpose": meta.description}} if meta.description else {}
    said |= {"team": people.team(product), "schema": [_write_object(product)]}
    for key, part in (
        ("slaProperties", levels.written(product)),
        ("support", people.support(product)),
        ("roles", list(people.roles(product))),
    ):
        said |= {key: part} if part else {}
    content = _whole(product)
    customs = list(difference(content, _again(said), _DEEP))
    text = yaml.safe_dump(store(said, customs), sort_keys=False, allow_unicode=True, width=120)
    return Written(text, tuple(lost for custom in customs for lost in _unwritable(content, custom["property"])))


def _write_object(product: DataProduct) -> dict[str, Any]:
    said: dict[str, Any] = {"name": product.name, "physicalType": "table"}
    said |= {"businessName": product.metadata.title} if product.metadata.title else {}
    rules: dict[str | None, list[dict[str, Any]]] = {None: []} | {field.name: [] for field in product.fields}
    stated = product.spec.quality.checks
    natural = [index for column in rules for index, check in enumerate(stated) if check.column == column]
    for index, check in enumerate(stated):
        rule = checks.written(check)
        if natural != list(range(len(stated))):
            custom = {"property": checks.POSITION, "value": index}
            rule["customProperties"] = [*rule.get("customProperties", ()), custom]
        rules[check.column].append(rule)
    said["properties"] = [_write_field(field, product, rules[field.name]) for field in product.fields]
    return said | ({"quality": rules[None]} if rules[None] else {})


def _write_field(field: SchemaField, product: DataProduct, rules: list[dict[str, Any]]) -> dict[str, Any]:
    position = product.primary_key.index(field.name) + 1 if field.constraints.primary_key else 0
    said = fields.written(field, position)
    return said | ({"quality": [*said.get("quality", ()), *rules]} if rules else {})


def _whole(product: DataProduct) -> dict[str, Any]:
    """What stands neither with a column nor with a check."""
    whole = product.model_dump(by_alias=True, exclude_defaults=True)
    spec = {key: value for key, value in whole["spec"].items() if key not in {"schema", "quality"}}
    spec["schema"] = {key: value for key, value in whole["spec"]["schema"].items() if key != "fields"}
    return {"metadata": whole["metadata"], "spec": spec}


def _again(said: dict[str, Any]) -> dict[str, Any]:
    """What a reader makes of ``said``, in the words of ``_whole``."""
    nowhere = Path("/")
    return _whole(DataProduct.model_validate(_read(said, Context(nowhere, nowhere, nowhere)).value))


def _unwritable(content: dict[str, Any], path: str) -> Iterator[Lost]:
    """What of the value at ``path`` JSON cannot hold."""
    words_ = path.split(".")
    value: Any = content
    for word in words_:
        value = value.get(word) if isinstance(value, dict) else None
    yield from unwritable(value, tuple(words_))
