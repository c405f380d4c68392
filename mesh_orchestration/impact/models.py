"""What each model of a domain reads: rendered, parsed and resolved against the columns that are known."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.impact.columns import ANY, NOBODY, NOWHERE, Columns, Origin, Origins, Reading, united
from mesh_orchestration.impact.kept import Kept
from mesh_orchestration.impact.project import DbtProject, SourceFile, source_relation

if TYPE_CHECKING:
    from mesh_orchestration.impact.templates import Templates


@dataclass(frozen=True)
class Model:
    """What a model (or a singular test) reads: the columns of its result, those it names, every relation, and
    of the named ones those that decide which rows there are.

    ``why`` is set when that cannot be told: then it counts as reading everything that it mentions.
    """

    name: str
    file: str
    columns: Columns
    used: Origins
    relations: frozenset[str]
    why: str = ""
    deciding: Origins = NOWHERE


class Models:
    """The models and singular tests of a dbt project, read one by one as they are asked for.

    ``known`` are the columns of relations that are not read from a model: landing tables by their ports'
    contracts, marts by their own.
    """

    def __init__(self, project: DbtProject, known: Mapping[str, Iterable[str]], kept: Kept) -> None:
        self._project, self._kept = project, kept
        self._known = {name: tuple(columns) for name, columns in (*project.seeds.items(), *known.items())}
        self._files = {one.name.lower(): one for one in project.models}
        self._read: dict[str, Model | None] = {}

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """Every enabled model by its name in lower case."""
        found = {name: self._model(name) for name in self._files}
        return {name: model for name, model in found.items() if model is not None}

    @cached_property
    def tests(self) -> tuple[Model, ...]:
        """The singular tests."""
        found = (self._sql_model(f"test {one.name}", one) for one in self._project.tests)
        return tuple(model for model in found if model is not None)

    def _model(self, name: str) -> Model | None:
        if name not in self._read:
            self._read[name] = None  # a model that reads itself in a circle finds nothing known
            one = self._files[name]
            python = one.file.endswith(".py")
            self._read[name] = _python_model(name, one) if python else self._sql_model(name, one)
        return self._read[name]

    def _columns_of(self, relation: str) -> tuple[str, ...]:
        if relation in self._known:
            return self._known[relation]
        model = self._model(relation) if relation in self._files else None
        return tuple(model.columns.named) if model else ()

    def _sql_model(self, name: str, one: SourceFile) -> Model | None:
        rendered = self._rendered(name, one)
        if not rendered["enabled"]:
            return None
        relations = frozenset(rendered["relations"])
        found, why = Reading(Columns(), NOWHERE, NOWHERE, relations), rendered["why"]
        for place, sql in enumerate(rendered["sql"]):
            answer = self._answer(name, sql, relations | {name}, found if place else None)
            if "why" in answer:
                why = f"its SQL cannot be read: {answer['why']}"
                break
            read = _read_json(answer)
            found = read if not place else _with_variant(found, read)
        if why:
            return _untold(name, one, relations | frozenset(rendered["hooked"]), why)
        hooked = frozenset(Origin(relation, ANY) for relation in rendered["hooked"])
        relations = (found.relations | relations | frozenset(rendered["hooked"])) - {name}
        return Model(name, one.file, found.columns, found.used | hooked, relations, deciding=found.deciding)

    def _rendered(self, name: str, one: SourceFile) -> Mapping[str, Any]:
        question = ["render", name, one.text, self._surroundings]
        answer: Mapping[str, Any] = self._kept.answer(question, lambda: vars(self._templates.render(name, one.text)))
        return answer

    @cached_property
    def _surroundings(self) -> str:
        """A hash of all that a template may use beside its own text."""
        project = self._project
        said = repr((project.macro_texts, sorted(project.variables.items()), sorted(self._files)))
        return hashlib.sha256(said.encode()).hexdigest()

    @cached_property
    def _templates(self) -> Templates:
        from mesh_orchestration.impact.templates import Templates, macros_of

        name = str(self._project.settings.get("name", self._project.domain))
        macros = macros_of(self._project.macro_texts)
        return Templates(name, macros, self._project.variables, frozenset(self._files))

    def _answer(self, name: str, sql: str, relations: Iterable[str], earlier: Reading | None) -> Mapping[str, Any]:
        """What one form of the SQL reads; ``{{ this }}`` has the columns of the ``earlier`` form."""
        known = {relation: self._columns_of(relation) for relation in sorted(relations) if relation != name}
        if earlier is not None:
            known[name] = tuple(earlier.columns.named)

        def find() -> Mapping[str, Any]:
            from mesh_orchestration.impact.sql import UnreadableSql, read_sql

            try:
                reading = read_sql(sql, lambda relation: known.get(relation, ()))
            except UnreadableSql as error:
                return {"why": str(error)}
            return _to_json(reading)

        answer: Mapping[str, Any] = self._kept.answer(["read", sql, known], find)
        return answer


def _with_variant(one: Reading, other: Reading) -> Reading:
    """What two forms of a model's SQL read together."""
    return Reading(
        united(one.columns, other.columns, by_name=True),
        one.used | other.used,
        one.deciding | other.deciding,
        one.relations | other.relations,
    )


def _to_json(read: Reading) -> Mapping[str, Any]:
    columns = read.columns
    return {
        "named": {name: _pairs(origins) for name, origins in columns.named.items()},
        "rest": sorted(columns.rest),
        "left_out": sorted(columns.left_out),
        "every": _pairs(columns.every),
        "complete": columns.complete,
        "used": _pairs(read.used),
        "deciding": _pairs(read.deciding),
        "relations": sorted(read.relations),
    }


def _read_json(said: Mapping[str, Any]) -> Reading:
    columns = Columns(
        {name: _origins(pairs) for name, pairs in said["named"].items()},
        frozenset(said["rest"]),
        frozenset(said["left_out"]),
        _origins(said["every"]),
        said["complete"],
    )
    return Reading(columns, _origins(said["used"]), _origins(said["deciding"]), frozenset(said["relations"]))


def _pairs(origins: Origins) -> list[list[str]]:
    return [list(origin) for origin in sorted(origins)]


def _origins(pairs: Iterable[Iterable[str]]) -> Origins:
    return frozenset(Origin(*pair) for pair in pairs)


def _untold(name: str, one: SourceFile, relations: frozenset[str], why: str) -> Model:
    """A model of which only the relations are known: each of its columns may come from any of theirs."""
    every = frozenset(Origin(relation, ANY) for relation in relations - {name})
    return Model(name, one.file, Columns(every=every, complete=False), every, relations - {name}, why)


def _python_model(name: str, one: SourceFile) -> Model:
    """A Python model: the relations that it asks dbt for by name, and nothing of their columns."""
    try:
        tree = ast.parse(one.text)
    except SyntaxError as error:
        return _untold(name, one, NOBODY, f"it is no Python: {error.msg} (line {error.lineno})")
    relations: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if node.func.attr == "ref" and words:
                relations.add(words[-1].lower())
            elif node.func.attr == "source" and len(words) == 2:
                relations.add(source_relation(*words))
    return _untold(name, one, frozenset(relations), "a Python model may read any column")


def cache_of(home: Path | None, domain: str) -> Kept:
    """The kept answers of a domain under the mesh's state folder; in memory without one."""
    return Kept(home / "cache" / "impact" / f"{domain}.json" if home else None)
