"""A model of a dbt project, out of its manifest: columns, descriptions, tests, constraints, owner, meta.

A manifest names types only where a model's YAML does; the catalog that ``dbt docs generate`` writes beside
it names them all. No row is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mesh_orchestration.contract.words import Owner
from mesh_orchestration.drafts.base import Found, Options, SourceColumn
from mesh_orchestration.drafts.dbt_tests import Promises, promises
from mesh_orchestration.drafts.names import slug
from mesh_orchestration.drafts.schemas import head_of, read_object
from mesh_orchestration.drafts.tables import chosen
from mesh_orchestration.drafts.types import from_sql
from mesh_orchestration.errors import SourceError
from mesh_orchestration.masking import WORDS as MASKS

_KINDS = frozenset({"model", "seed", "snapshot"})
_DIALECTS = {"postgres": "postgres", "duckdb": "duckdb", "snowflake": "snowflake", "bigquery": "bigquery",
             "redshift": "redshift", "databricks": "databricks", "spark": "spark", "trino": "trino",
             "athena": "athena", "sqlserver": "tsql", "clickhouse": "clickhouse"}  # fmt: skip
_OWNER: TypeAdapter[str] = TypeAdapter(Owner)


@dataclass(frozen=True)
class _Model:
    """A node of the manifest, the tests that look at it, and the types that its catalog knows."""

    node: Mapping[str, Any]
    tests: list[Mapping[str, Any]]
    types: Mapping[str, str]
    dialect: str

    @property
    def meta(self) -> Mapping[str, Any]:
        return {**self.node.get("meta", {}), **self.node.get("config", {}).get("meta", {})}


def recognises(source: str) -> bool:
    """Whether it is a dbt project with a manifest, or a manifest."""
    path = Path(source)
    if path.is_dir():
        return (path / "dbt_project.yml").is_file()
    return path.name == "manifest.json" or (source.endswith(".json") and '"dbt_schema_version"' in head_of(source))


def read(source: str, options: Options) -> Found:
    """One model's columns and promises; raises SourceError when the manifest or the model is not there."""
    path = _manifest_path(source)
    manifest = read_object(str(path))
    if not isinstance(manifest.get("nodes"), dict):
        raise SourceError("is no dbt manifest; dbt parse writes target/manifest.json", source=path)
    model = _model(manifest, path, options)
    types, left_out = _types(model)
    if not types:
        reasons = "; ".join(left_out.values()) or "name its columns in YAML, or run dbt docs generate, which lists them"
        raise SourceError(f"{model.node['name']} has no column that a contract can hold: {reasons}", source=path)
    promised = promises(model.tests, types)
    _add_constraints(model, promised, types)
    key = _key(model, promised, types)
    promised.checks = [check for check in promised.checks if tuple(check.get("columns", ())) != key]
    return Found(
        kind="dbt",
        name=slug(str(model.node["name"])),
        title=f"the dbt model {model.node['name']}",
        columns=tuple(_column(model, name, word, promised) for name, word in types.items()),
        key=key,
        key_reason="as the model's tests and constraints say",
        left_out=left_out,
        metadata=_metadata(model),
        spec=_spec(model, manifest),
        checks=tuple(promised.checks),
        to_decide=tuple(_to_decide(model, manifest, promised)),
    )


def _manifest_path(source: str) -> Path:
    path = Path(source)
    if path.is_dir():
        path = path / "target" / "manifest.json"
        if not path.is_file():
            raise SourceError("does not exist; run dbt parse there, which writes it", source=path)
    return path


def _model(manifest: Mapping[str, Any], path: Path, options: Options) -> _Model:
    nodes = {
        f"{node['package_name']}.{node['name']}{_suffix(node)}": node
        for node in manifest["nodes"].values()
        if node.get("resource_type") in _KINDS
    }
    wanted = options.table.removesuffix(".sql")
    node = nodes[chosen(_qualified(wanted, nodes), nodes, what="model", source=str(path))]
    known = node["unique_id"]
    tests = [
        test
        for test in manifest["nodes"].values()
        if test.get("resource_type") == "test"
        and (test.get("attached_node") or next(iter(test["depends_on"]["nodes"]), None)) == known
    ]
    dialect = _DIALECTS.get(str(manifest.get("metadata", {}).get("adapter_type")), "")
    return _Model(node, tests, _catalog_types(path, known), dialect)


def _suffix(node: Mapping[str, Any]) -> str:
    return f".v{node['version']}" if node.get("version") else ""


def _qualified(wanted: str, nodes: Mapping[str, Mapping[str, Any]]) -> str:
    """The model that a bare name means: of several versions the newest one."""
    versions = [name for name, node in nodes.items() if node["name"] == wanted]
    newest = [name for name in versions if nodes[name].get("version") == nodes[name].get("latest_version")]
    return newest[0] if len(newest) == 1 else wanted


def _catalog_types(manifest: Path, unique_id: str) -> dict[str, str]:
    path = manifest.with_name("catalog.json")
    if not path.is_file():
        return {}
    entry = read_object(str(path)).get("nodes", {}).get(unique_id, {})
    columns = sorted(entry.get("columns", {}).values(), key=lambda column: column.get("index", 0))
    return {str(column["name"]): str(column["type"]) for column in columns}


def _types(model: _Model) -> tuple[dict[str, str], dict[str, str]]:
    """Contract words by column, empty where nothing names a type; and the columns that no contract can hold."""
    documented = {str(column["name"]): column.get("data_type") for column in model.node["columns"].values()}
    lowered = {name.lower(): kind for name, kind in model.types.items()}
    spelled = {name: kind or lowered.get(name.lower()) for name, kind in documented.items()}
    known = {name.lower() for name in documented}
    spelled |= {name: kind for name, kind in model.types.items() if name.lower() not in known}
    words, left_out = {}, {}
    for name, kind in spelled.items():
        try:
            words[name] = from_sql(str(kind), model.dialect) if kind else ""
        except ValueError as error:
            left_out[name] = str(error)
    return words, left_out


def _add_constraints(model: _Model, promised: Promises, types: Mapping[str, str]) -> None:
    """What the model's own contract with the database says."""
    for name, column in model.node["columns"].items():
        for constraint in column.get("constraints") or ():
            match constraint["type"]:
                case "not_null" if name in types:
                    promised.constraints.setdefault(name, {})["null"] = False
                case "unique" if name in types:
                    promised.constraints.setdefault(name, {})["unique"] = True
                case "primary_key" if name in types:
                    promised.keys.insert(0, (name,))
                case kind:
                    promised.left.append(
                        f"constraint {kind} of {name}: {constraint.get('expression') or ''}".rstrip(": ")
                    )
    for constraint in model.node.get("constraints") or ():
        if constraint["type"] == "primary_key":
            promised.keys.insert(0, tuple(constraint.get("columns") or ()))
        else:
            promised.left.append(f"constraint {constraint['type']}: {constraint.get('expression') or ''}".rstrip(": "))


def _key(model: _Model, promised: Promises, types: Mapping[str, str]) -> tuple[str, ...]:
    """The first key that is declared, or unique and never null."""
    declared = [tuple(model.node.get("primary_key") or ()), *promised.keys]
    for columns in declared:
        never_null = all(promised.constraints.get(name, {}).get("null") is False for name in columns)
        if columns and set(columns) <= set(types) and (never_null or columns == declared[0]):
            return columns
    return ()


def _column(model: _Model, name: str, word: str, promised: Promises) -> SourceColumn:
    column = model.node["columns"].get(name, {})
    meta = {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
    said: dict[str, Any] = {"description": column.get("description"), "unit": meta.get("unit")}
    tags = [str(tag) for tag in column.get("tags") or () if str(tag).lower() != "pii"]
    said["tags"] = tags
    if any(meta.get(word_) is True for word_ in ("pii", "contains_pii")) or len(tags) < len(column.get("tags") or ()):
        said["pii"] = True
    if meta.get("masking") in MASKS:
        said["masking"] = meta["masking"]
    said["constraints"] = promised.constraints.get(name)
    known = {"unit", "pii", "contains_pii", "masking"}
    remarks = tuple(f"meta of the model: {key}: {value}" for key, value in meta.items() if key not in known)
    return SourceColumn(name, word, {key: value for key, value in said.items() if value}, remarks)


def _metadata(model: _Model) -> dict[str, Any]:
    node = model.node
    found: dict[str, Any] = {}
    if node.get("version"):
        found["version"] = f"{node['version']}.0.0" if str(node["version"]).isdigit() else "1.0.0"
    if node.get("description"):
        found["description"] = node["description"]
    if tags := list(node.get("tags") or ()):
        found["tags"] = tags
    if sunset := node.get("deprecation_date"):
        found |= {"status": "deprecated", "sunset": str(sunset)[:10]}
    return found


def _spec(model: _Model, manifest: Mapping[str, Any]) -> dict[str, Any]:
    owners = [owner for owner in _owners(model, manifest) if _is_owner(owner)]
    upstream = [
        f"{source['source_name']}.{source['name']}"
        for node in model.node.get("depends_on", {}).get("nodes", ())
        if (source := manifest.get("sources", {}).get(node))
    ]
    return {"owner": owners[0] if owners else None, "lineage": {"upstream": upstream} if upstream else None}


def _owners(model: _Model, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What may be the owner: the model's own meta, then its group's."""
    if owner := model.meta.get("owner"):
        yield str(owner.get("email") or owner.get("name") or "") if isinstance(owner, dict) else str(owner)
    name = model.node.get("group") or model.node.get("config", {}).get("group")
    for group in (manifest.get("groups") or {}).values():
        if group["name"] == name:
            email = group["owner"].get("email") or ""
            yield from email if isinstance(email, list) else [email]
            yield f"team:{name}"


def _is_owner(text: str) -> bool:
    try:
        _OWNER.validate_python(text)
    except ValidationError:
        return False
    return True


def _to_decide(model: _Model, manifest: Mapping[str, Any], promised: Promises) -> Iterator[str]:
    yield from (f"not taken over: {left}" for left in promised.left)
    refused = [owner for owner in _owners(model, manifest) if owner and not _is_owner(owner)]
    if refused:
        yield f"owner: dbt says {refused[0]}; a contract names an e-mail or team:name"
    reads = [name.split(".", 2)[-1] for name in model.node.get("depends_on", {}).get("nodes", ())]
    said = f"; the model reads {', '.join(reads)}" if reads else ""
    yield f"inputs: name the ports that the rows come in by{said}"
    for key, value in model.meta.items():
        if key != "owner":
            yield f"meta of the model: {key}: {value}"
