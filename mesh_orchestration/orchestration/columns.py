"""What dbt built, read once from the engine: columns, row counts, and where each column comes from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata

from mesh_orchestration.engines.base import Engine
from mesh_orchestration.orchestration.project import Project
from mesh_orchestration.quoting import literal

SQL_KEY = "mesh/sql"
_LINEAGE_KEY = "dagster/column_lineage"
_MOST_SQL = 20_000


@dataclass(frozen=True)
class Relations:
    """The tables and views of a domain's schema: their columns with types, and the rows of the tables."""

    columns: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]

    def metadata(self, name: str) -> dict[str, Any]:
        """Column schema and, for a table, row count, as Dagster shows them."""
        columns = [dg.TableColumn(column, type=kind) for column, kind in self.columns.get(name, {}).items()]
        found: dict[str, Any] = {"dagster/column_schema": dg.TableSchema(columns=columns)} if columns else {}
        return found | ({"dagster/row_count": self.rows[name]} if name in self.rows else {})


def read_relations(engine: Engine, built: Iterable[str]) -> Relations:
    """All relations of the domain's schema, and the rows of those of ``built`` that are tables.

    Two or three statements whatever their number; the engine must be open.
    """
    schema = literal(engine.domain)
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in engine.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        f"where table_schema = {schema} order by table_name, ordinal_position"
    ):
        columns.setdefault(table, {})[column] = kind
    tables = engine.execute(
        f"select table_name from information_schema.tables where table_schema = {schema} and table_type = 'BASE TABLE'"
    )
    wanted = sorted({name for (name,) in tables} & set(built))
    counts = " union all ".join(f"select {literal(name)}, count(*) from {engine.relation(name)}" for name in wanted)
    return Relations(columns, dict(engine.execute(counts)) if wanted else {})


class ColumnLineage:
    """Where each column of a model comes from, by dagster-dbt's reading of the compiled SQL.

    Reading SQL costs up to a second a model, and the answer changes only with the SQL and the columns
    it reads, so answers are kept beside the manifest.
    """

    def __init__(self, project: Project, translator: DagsterDbtTranslator, relations: Relations) -> None:
        self._project, self._translator, self._relations = project, translator, relations
        self._path = project.target / "lineage.json"
        self._known: dict[str, Any] = orjson.loads(self._path.read_bytes()) if self._path.is_file() else {}
        self._changed = False

    def metadata(self, unique_id: str, target: Path) -> dict[str, Any]:
        """The column lineage of one node whose compiled SQL is under ``target``; empty when it has none."""
        node = self._project.manifest()["nodes"][unique_id]
        compiled = _compiled(node, target)
        if not compiled.is_file():
            return {}
        parents = self._parents(node)
        own = self._relations.columns.get(node["alias"], {})
        question = orjson.dumps([unique_id, compiled.read_text(), own, parents], option=orjson.OPT_SORT_KEYS)
        key = hashlib.sha256(question).hexdigest()
        if key not in self._known:
            self._known[key], self._changed = self._read(node, own, parents, target), True
        deps = {
            column: [dg.TableColumnDep(dg.AssetKey(path), name) for path, name in sources]
            for column, sources in self._known[key].items()
        }
        return {_LINEAGE_KEY: dg.TableColumnLineage(deps)} if deps else {}

    def sql(self, unique_id: str, target: Path) -> dict[str, Any]:
        """The compiled SQL of one node as metadata; empty when it has none, or more than fits an event."""
        compiled = _compiled(self._project.manifest()["nodes"][unique_id], target)
        text = compiled.read_text(encoding="utf-8").strip() if compiled.is_file() else ""
        return {SQL_KEY: dg.MetadataValue.text(text)} if 0 < len(text) <= _MOST_SQL else {}

    def save(self) -> None:
        """Keep the answers for the next run."""
        if self._changed:
            draft = self._path.with_suffix(f".{os.getpid()}")
            draft.write_bytes(orjson.dumps(self._known))
            draft.replace(self._path)

    def _parents(self, node: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
        manifest = self._project.manifest()
        found: dict[str, Mapping[str, str]] = {}
        for parent_id in node["depends_on"]["nodes"]:
            parent = manifest["nodes"].get(parent_id) or manifest["sources"].get(parent_id)
            if parent and parent.get("relation_name"):
                name = parent.get("identifier") or parent.get("alias")
                found[parent["relation_name"]] = self._relations.columns.get(name, {})
        return found

    def _read(
        self, node: Mapping[str, Any], own: Mapping[str, str], parents: Mapping[str, Any], target: Path
    ) -> dict[str, list[tuple[list[str], str]]]:
        typed = {
            name: {column: {"data_type": kind} for column, kind in kinds.items()} for name, kinds in parents.items()
        }
        try:
            metadata = _build_column_lineage_metadata(
                EventHistoryMetadata({column: {"data_type": kind} for column, kind in own.items()}, typed),
                dict(node), self._project.manifest(), self._translator, target, None,
            )  # fmt: skip
        except Exception as error:
            # sqlglot does not know every construct; a model without column lineage is no reason to fail a run.
            dg.get_dagster_logger().info(f"no column lineage for {node['name']}: {error}")
            return {}
        lineage = metadata[_LINEAGE_KEY].deps_by_column if metadata else {}
        return {
            column: sorted((list(dep.asset_key.path), dep.column_name) for dep in deps)
            for column, deps in lineage.items()
        }


def _compiled(node: Mapping[str, Any], target: Path) -> Path:
    """Where dbt wrote the compiled SQL of a node."""
    return target / "compiled" / str(node["package_name"]) / str(node["original_file_path"])
