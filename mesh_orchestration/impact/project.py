"""A domain's dbt project as files: models, singular tests, macros, seeds, variables and exposures.

Only what a reader of columns needs, from the files alone: no manifest, no dbt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from mesh_orchestration.compile.dbt import SOURCE

_EXPOSURES = re.compile(r"^exposures\s*:", re.MULTILINE)
_REF = re.compile(r"\bref\(\s*(?:['\"][^'\"]*['\"]\s*,\s*)?['\"]([^'\"]+)['\"]")
_SOURCE = re.compile(r"\bsource\(\s*['\"]([^'\"]+)['\"]\s*,\s*['\"]([^'\"]+)['\"]")
_FOLDERS = {"model-paths": "models", "macro-paths": "macros", "test-paths": "tests", "seed-paths": "seeds"}


def source_relation(source: str, table: str) -> str:
    """The relation behind ``source(source, table)``: the landing table of a port, else a name of its own."""
    return f"landing__{table}".lower() if source == SOURCE else f"{source}.{table}".lower()


def mentioned(text: str) -> tuple[str, ...]:
    """The relations that ``ref`` and ``source`` name in ``text``, rendered or not."""
    sources = [source_relation(*match) for match in _SOURCE.findall(text)]
    return tuple(dict.fromkeys([*(name.lower() for name in _REF.findall(text)), *sources]))


@dataclass(frozen=True)
class SourceFile:
    """A file of the project: the node's ``name``, its ``file`` relative to the mesh root, its ``text``."""

    name: str
    file: str
    text: str


@dataclass(frozen=True)
class Exposure:
    """Something outside dbt that reads models: a dashboard, a notebook, a model of machine learning.

    ``depends_on`` holds ``ref(…)`` and ``source(…)`` as written; ``columns`` those it says it reads
    (``meta: {columns: […]}``), None when it does not say.
    """

    name: str
    file: str
    type: str = ""
    owner: str = ""
    url: str = ""
    description: str = ""
    depends_on: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class DbtProject:
    """The dbt project of ``domain`` in the mesh at ``root``."""

    root: Path
    domain: str

    @property
    def folder(self) -> Path:
        return self.root / "dbt_projects" / self.domain

    @property
    def exists(self) -> bool:
        return self.folder.is_dir()

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What ``dbt_project.yml`` says; empty when it cannot be read."""
        found = read_yaml(read_text(self.folder / "dbt_project.yml"))
        return found if isinstance(found, dict) else {}

    @cached_property
    def models(self) -> tuple[SourceFile, ...]:
        """Every model, SQL and Python, in order of its file."""
        return tuple(self._files("model-paths", ".sql", ".py"))

    @cached_property
    def tests(self) -> tuple[SourceFile, ...]:
        """The singular tests."""
        return tuple(one for one in self._files("test-paths", ".sql") if "/generic/" not in one.file)

    @cached_property
    def macro_texts(self) -> tuple[str, ...]:
        """The texts of the macro files."""
        return tuple(one.text for one in self._files("macro-paths", ".sql"))

    @cached_property
    def seeds(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each seed, from its first line."""
        return {one.name.lower(): _header(one.text) for one in self._files("seed-paths", ".csv")}

    @cached_property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the project, its own before those it shares."""
        said = self.settings.get("vars")
        shared = {str(name): value for name, value in said.items()} if isinstance(said, dict) else {}
        own = shared.get(str(self.settings.get("name", self.domain)))
        return shared | own if isinstance(own, dict) else shared

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """The exposures that the properties files of the models declare."""
        found: list[Exposure] = []
        for one in self._files("model-paths", ".yml", ".yaml"):
            if _EXPOSURES.search(one.text):
                said = read_yaml(one.text)
                items = said.get("exposures") if isinstance(said, dict) else None
                found += [_exposure(item, one.file) for item in _list(items) if isinstance(item, dict)]
        return tuple(found)

    def _files(self, key: str, *suffixes: str) -> Iterator[SourceFile]:
        said = self.settings.get(key)
        names = [str(name) for name in said] if isinstance(said, list) else [_FOLDERS[key]]
        for name in names:
            folder = self.folder / name
            if not folder.resolve().is_relative_to(self.folder.resolve()):
                continue
            paths = (path for path in folder.rglob("*") if path.suffix in suffixes and path.name != "__init__.py")
            for path in sorted(paths):
                yield SourceFile(path.stem, path.relative_to(self.root).as_posix(), read_text(path))


def _exposure(said: Mapping[str, Any], file: str) -> Exposure:
    owner, config = said.get("owner"), said.get("config")
    meta = {**_mapping(said.get("meta")), **_mapping(_mapping(config).get("meta"))}
    columns = meta.get("columns")
    return Exposure(
        name=str(said.get("name", "")),
        file=file,
        type=str(said.get("type", "")),
        owner=str(_mapping(owner).get("email") or _mapping(owner).get("name") or ""),
        url=str(said.get("url") or ""),
        description=str(said.get("description") or "").strip(),
        depends_on=tuple(str(one) for one in _list(said.get("depends_on"))),
        columns=tuple(str(one) for one in columns) if isinstance(columns, list) else None,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _header(text: str) -> tuple[str, ...]:
    line = text.split("\n", 1)[0].strip()
    return tuple(part.strip().strip('"').lower() for part in line.split(",")) if line else ()


def read_yaml(text: str) -> Any:
    """The document, or None for one that cannot be read: dbt itself says what is wrong with it."""
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)  # the safe loader, in C
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def read_text(path: Path) -> str:
    """The file's text; nothing for one that cannot be read, which dbt refuses too."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
