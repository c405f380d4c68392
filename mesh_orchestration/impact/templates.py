"""What a model's Jinja says once it is rendered, without dbt: only what needs no database is answered.

A model that asks more (``run_query``, a package's macro, a variable without a value) is not guessed at:
it comes back with the reason, and counts as reading everything that it mentions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mesh_orchestration.impact.project import mentioned, source_relation
from mesh_orchestration.quoting import ident

_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+).*?%\}.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)


@dataclass(frozen=True)
class Rendered:
    """The SQL of a model in each of its forms (an incremental model has two), and the relations it mentions.

    Without ``sql`` the reason is in ``why``; ``hooked`` relations are read by its hooks.
    """

    sql: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    hooked: tuple[str, ...] = ()
    enabled: bool = True
    why: str = ""


class _Unanswered(Exception):
    """The template asks something that only a running dbt can answer."""


class _Return(Exception):
    """How dbt's ``return`` leaves a macro with a value that is no text."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Relation:
    """A relation as a template handles it: printed as its name, with the parts dbt gives it."""

    def __init__(self, name: str) -> None:
        self.name = self.identifier = self.table = name
        self.schema = self.database = "(mesh)"

    def __str__(self) -> str:
        # Qualified, so that a CTE of the same name is not taken for it.
        return f'"(mesh)"."{self.name}"'


class _Config:
    """``config(...)``: says nothing in the SQL; what it was given can be asked again."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def __call__(self, *mappings: Mapping[str, Any], **given: Any) -> str:
        for mapping in mappings:
            self.given.update(mapping)
        self.given.update(given)
        return ""

    def get(self, name: str, default: Any = None) -> Any:
        return self.given.get(name, default)


class _CrossDatabase:
    """dbt's own cross-database macros: whatever they write, it holds the columns they are given."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        if name.startswith("type_"):
            return lambda *_: "text"
        return lambda *args, **named: f"{name}({', '.join(_argument(one) for one in (*args, *named.values()))})"


def _argument(value: Any) -> str:
    """An argument as SQL; a unit of time is a word there and no column."""
    return f"'{value}'" if value in _UNITS else str(value)


@dataclass
class _Rendering:
    """One rendering of one model: the context it sees and what it asked for."""

    templates: Templates
    model: str
    incremental: bool
    relations: list[str] = field(default_factory=list)
    asked_incremental: bool = False
    config: _Config = field(default_factory=_Config)

    def context(self) -> dict[str, Any]:
        this = _Relation(self.model)
        names: dict[str, Any] = {
            "ref": self._ref, "source": self._source, "config": self.config, "this": this, "var": self._var,
            "is_incremental": self._is_incremental, "env_var": _env_var, "return": _return, "execute": True,
            "target": {"name": "mesh", "schema": this.schema, "database": this.database, "type": "duckdb"},
            "api": {"Relation": {"create": _create}}, "dbt": _CrossDatabase(), "model": {"name": self.model},
            "adapter": {"dispatch": self._dispatch, "quote": ident},
            "log": _silent, "print": _silent, "exceptions": {"warn": _silent, "raise_compiler_error": _raise},
            "flags": {"FULL_REFRESH": False}, "invocation_id": "", "project_name": self.templates.name,
            "should_full_refresh": lambda: False,
        }  # fmt: skip
        names |= {name: self._macro(name) for name in self.templates.macros}
        return names | {"context": names, "builtins": {key: names[key] for key in ("ref", "source", "config")}}

    def _ref(self, *names: str, **version: Any) -> _Relation:
        wanted = version.get("v") or version.get("version")
        name = f"{names[-1]}_v{wanted}" if wanted else names[-1]
        name = (name if name.lower() in self.templates.models else names[-1]).lower()
        self.relations.append(name)
        return _Relation(name)

    def _source(self, source: str, table: str) -> _Relation:
        self.relations.append(source_relation(source, table))
        return _Relation(self.relations[-1])

    def _var(self, name: str, default: Any = None) -> Any:
        value = self.templates.variables.get(name, default)
        if value is None:
            raise _Unanswered(f"var('{name}') has no value in dbt_project.yml and no default")
        return value

    def _is_incremental(self) -> bool:
        self.asked_incremental = True
        return self.incremental

    def _macro(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            module = self.templates.compiled(name).make_module(self.context())
            try:
                return getattr(module, name)(*args, **named)
            except _Return as returned:
                return returned.value

        return call

    def _dispatch(self, name: str, *_: Any, **__: Any) -> Callable[..., Any]:
        for prefix in ("duckdb__", "postgres__", "default__"):
            if prefix + name in self.templates.macros:
                return self._macro(prefix + name)
        raise _Unanswered(f"adapter.dispatch('{name}') finds no macro of this project")


def _env_var(name: str, default: str | None = None) -> str:
    if default is None:
        raise _Unanswered(f"env_var('{name}') is only known when dbt runs")
    return default


def _create(*_: Any, identifier: str = "", **__: Any) -> _Relation:
    return _Relation(identifier.lower())


def _return(value: Any = None) -> None:
    raise _Return(value)


def _silent(*_: Any, **__: Any) -> str:
    return ""


def _raise(message: str = "", *_: Any) -> None:
    raise _Unanswered(f"it raises: {message}")


@dataclass(frozen=True)
class Templates:
    """The Jinja of one dbt project: its ``name``, its macros by name, its variables and its models' names."""

    name: str
    macros: Mapping[str, str]
    variables: Mapping[str, Any]
    models: frozenset[str]

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
        )

    @cached_property
    def _compiled(self) -> dict[str, jinja2.Template]:
        return {}

    def compiled(self, macro: str) -> jinja2.Template:
        """The macro's template; compiled once."""
        if macro not in self._compiled:
            self._compiled[macro] = self._environment.from_string(self.macros[macro])
        return self._compiled[macro]

    def render(self, model: str, text: str) -> Rendered:
        """The model's SQL; never raises for what the text says."""
        once = _Rendering(self, model, incremental=False)
        try:
            template = self._environment.from_string(text)
            variants = [template.render(once.context())]
            if once.asked_incremental:
                again = _Rendering(self, model, incremental=True)
                variants.append(template.render(again.context()))
                once.relations += again.relations
            hooked = self._hooked(once)
        except Exception as error:  # whatever a template does, the answer is that it cannot be told
            return Rendered(relations=mentioned(text), why=_reason(error))
        enabled = once.config.get("enabled", True) is not False
        return Rendered(tuple(variants), tuple(dict.fromkeys(once.relations)), hooked, enabled)

    def _hooked(self, rendering: _Rendering) -> tuple[str, ...]:
        hooks: list[str] = []
        for key in ("pre_hook", "post_hook"):
            given = rendering.config.get(key) or ()
            hooks += [given] if isinstance(given, str) else [_hook_text(one) for one in given]
        return mentioned("\n".join(hooks))


def _hook_text(hook: Any) -> str:
    return str(hook.get("sql", "")) if isinstance(hook, Mapping) else str(hook)


def _reason(error: Exception) -> str:
    text = str(error).strip().split("\n")[0] or type(error).__name__
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"its Jinja cannot be read (line {error.lineno}): {text}"
    return f"its Jinja needs a running dbt: {text}"


def macros_of(texts: Iterable[str]) -> dict[str, str]:
    """The macros that the files of a project define, each with its own text."""
    return {match[1]: match[0] for text in texts for match in _MACRO.finditer(text)}
