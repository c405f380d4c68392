"""The filters of the templates: values as YAML and names as SQL."""

from __future__ import annotations

from typing import Any

import yaml
from jinja2 import Environment
from jinja2.ext import Extension

from mesh_orchestration.compile.sql_names import RESERVED, column, is_quoted


def flow(value: Any) -> str:
    """``value`` as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("...\n").rstrip("\n")


def noqa(names: str | list[str]) -> str:
    """What keeps sqlfluff from calling quotes unnecessary that PostgreSQL or DuckDB need."""
    quoted = (name for name in ([names] if isinstance(names, str) else names) if name in RESERVED)
    return "  -- noqa: RF06" if any(quoted) else ""


def words(name: str) -> str:
    """An identifier as words: ``returned_items`` is ``returned items``."""
    return name.replace("_", " ").strip()


def singular(name: str) -> str:
    """One of what ``name`` counts, as words: ``returned_items`` is ``returned item``."""
    *before, last = words(name).split(" ")
    if last.endswith("ies") and len(last) > 4:
        last = f"{last[:-3]}y"
    elif last.endswith(("ses", "xes", "ches", "shes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(("ss", "us", "is")):
        last = last[:-1]
    return " ".join([*before, last])


def no_jinja(text: str) -> str:
    """``text`` as a dbt description, which dbt renders: what looks like a template is spelled otherwise."""
    return text.replace("{{", "( (").replace("{%", "( %").replace("{#", "( #")


class Filters(Extension):
    """Adds the filters to copier's environment."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            flow=flow, column=column, noqa=noqa, is_quoted=is_quoted, words=words, singular=singular, no_jinja=no_jinja
        )
