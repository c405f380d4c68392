"""The line of a domain in ``workspace.yaml``, added without touching the rest of the file."""

from __future__ import annotations

import re

import yaml

from mesh_orchestration.errors import SettingsError

_LAST = re.compile(r"^\s*- .*\battribute:\s*platform\b")
_ITEM = re.compile(r"^(\s*)- ")


def locations(text: str) -> tuple[str, ...]:
    """The names of the code locations that ``text`` (a workspace.yaml) lists; raises SettingsError on another form."""
    try:
        entries = (yaml.safe_load(text) or {})["load_from"] or []
        return tuple(str(entry["python_module"]["location_name"]) for entry in entries)
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise SettingsError(f"workspace.yaml cannot be read ({error!r}); mend it first") from None


def with_location(text: str, domain: str) -> str:
    """``text`` with a code location for ``domain``, before ``platform`` when that comes last in a line of its own."""
    if domain in locations(text):
        return text
    lines = text.splitlines(keepends=True)
    place = next((number for number, line in enumerate(lines) if _LAST.match(line)), None)
    if place is None:
        place = max((number for number, line in enumerate(lines) if _within_list(line)), default=len(lines) - 1) + 1
    indent = next((match[1] for line in lines if (match := _ITEM.match(line))), "  ")
    if lines and not lines[place - 1].endswith("\n"):
        lines[place - 1] += "\n"
    module = f"{{module_name: mesh_orchestration.locations, attribute: {domain}, location_name: {domain}}}"
    lines.insert(place, f"{indent}- python_module: {module}\n")
    result = "".join(lines)
    if set(locations(result)) != {*locations(text), domain}:
        raise SettingsError(
            f"workspace.yaml is written in a way that cannot be added to; add this to load_from: {module}"
        )
    return result


def _within_list(line: str) -> bool:
    return bool(_ITEM.match(line)) or (line[:1] in " \t" and bool(line.strip()))
