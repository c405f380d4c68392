"""The words of messages: templates that come with the mesh, and those in its folder ``notices`` that replace them.

The first line of what a template says is the title. A template of the mesh that fails never costs a message: it is
told in the words that come with the mesh, and the log says what has to be mended.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.nodes import Name
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mesh_orchestration.settings import Settings

FOLDER, SUFFIX = "notices", ".j2"
_SHIPPED = Path(__file__).parent / FOLDER
_log = logging.getLogger("mesh.alerts")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a template, and where."""

    file: Path
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(frozen=True)
class Templates:
    """The templates that come with the mesh, and before them those in ``folder``."""

    folder: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Templates:
        """The templates of the mesh of ``settings``."""
        return cls(settings.root / FOLDER)

    @property
    def shipped(self) -> tuple[str, ...]:
        """The names of those that come with the mesh; parts of others begin with ``_``."""
        return _names(_SHIPPED)

    @property
    def own(self) -> tuple[str, ...]:
        """The names of those in the mesh's own folder."""
        return _names(self.folder) if self.folder else ()

    def text(self, name: str, facts: Mapping[str, Any]) -> str:
        """What the template ``name`` says of ``facts``; in the words that come with the mesh where it fails."""
        if self.folder:
            try:
                return _rendered(self._environment, name, facts)
            except Exception as error:  # whatever a template does, the message is told
                _log.warning("%s; told in the words that come with the mesh", self._fault(name, error))
        return _rendered(self._plain, name, facts)

    def attempt(self, name: str, facts: Mapping[str, Any]) -> Fault | None:
        """What is wrong with the template ``name`` as far as ``facts`` show it."""
        return self._tried(name, lambda: _rendered(self._environment, name, facts))

    def unreadable(self, name: str) -> Fault | None:
        """Why the template ``name`` of the mesh's own cannot be read at all; None when it can."""
        return self._tried(name, lambda: self._environment.get_template(name))

    def unknown(self, known: frozenset[str]) -> tuple[Fault, ...]:
        """The names in the mesh's own templates that are not ``known`` and that none of them sets."""
        used = [(name, node) for name in self.own if not self.unreadable(name) for node in self._nodes(name)]
        given = known | {node.name for _, node in used if node.ctx != "load"} | set(self._environment.globals)
        return tuple(
            self._at(name, node.lineno, f"{node.name!r} is undefined; there are: {', '.join(sorted(known))}")
            for name, node in used
            if node.name not in given and node.name not in _JINJA
        )

    def source(self, name: str) -> str:
        """The template ``name`` as it comes with the mesh."""
        return (_SHIPPED / name).read_text(encoding="utf-8")

    def _nodes(self, name: str) -> list[Name]:
        text = (self._folder / name).read_text(encoding="utf-8")
        return list(self._environment.parse(text).find_all(Name))

    def _tried(self, name: str, attempt: Callable[[], object]) -> Fault | None:
        try:
            attempt()
        except Exception as error:  # whatever a template does is what is wrong with it
            return self._fault(name, error)
        return None

    def _fault(self, name: str, error: Exception) -> Fault:
        if isinstance(error, TemplateSyntaxError):
            return self._at(Path(error.filename or name).name, error.lineno, str(error.message))
        problem = f"there is no template {error.name!r}" if isinstance(error, TemplateNotFound) else str(error)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(SUFFIX)]
        own = [frame for frame in frames if Path(frame.filename).parent == self._folder]
        place = next(reversed(own or frames), None)
        where = (Path(place.filename).name, place.lineno or 1) if place else (name, 1)
        return self._at(*where, problem.split("\n", 1)[0] or type(error).__name__)

    def _at(self, name: str, line: int, problem: str) -> Fault:
        return Fault(Path(FOLDER) / name, line, problem)

    @property
    def _folder(self) -> Path:
        return self.folder or _SHIPPED

    @cached_property
    def _environment(self) -> Environment:
        return _sandbox(ChoiceLoader([_Loader(self._folder), _Loader(_SHIPPED)]))

    @cached_property
    def _plain(self) -> Environment:
        return _sandbox(_Loader(_SHIPPED))


SHIPPED = Templates()


class _Loader(FileSystemLoader):
    """Files, each of which ends its last line: what is included would run into the next line otherwise."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        text, file, fresh = super().get_source(environment, template)
        return text.removesuffix("\n") + "\n", file, fresh


_JINJA = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})


def _sandbox(loader: BaseLoader) -> Environment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _rendered(environment: Environment, name: str, facts: Mapping[str, Any]) -> str:
    text = environment.get_template(name).render(facts).strip()
    if not text:
        raise TemplateError("it says nothing; its first line is the title")
    return text


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(file.name for file in folder.glob(f"*{SUFFIX}")))
