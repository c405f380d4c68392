"""Which dbt models change with the files of the dbt projects, told from the files alone: dbt is not started."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path

from mesh_orchestration.impact.project import DbtProject, mentioned, read_text, read_yaml
from mesh_orchestration.planning.plan import ModelChange

PROJECTS = "dbt_projects"
_CODE = (".sql", ".py", ".csv")
_PROPERTIES = (".yml", ".yaml")
_FOLDERS = ("models", "seeds", "snapshots")
_EVERY_MODEL = ("dbt_project.yml", "packages.yml", "dependencies.yml", "package-lock.yml")
_GENERATED = "_generated"
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)")


def model_changes(root: Path, changed: Set[str]) -> tuple[ModelChange, ...]:
    """The models of the mesh at ``root`` that are other ones when the files ``changed`` are, and those built from
    them, by domain and name. Generated properties follow from contracts and are left out."""
    domains = {path.split("/")[1] for path in changed if path.startswith(f"{PROJECTS}/") and path.count("/") > 1}
    return tuple(one for domain in sorted(domains) for one in _of_domain(DbtProject(root, domain), changed))


def built_from(root: Path, domain: str, models: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """For each of ``models`` of a domain those others of them that are built from it, at whatever distance."""
    wanted = frozenset(models)
    texts = _texts(DbtProject(root, domain))
    return {model: wanted & _spread((model,), _parents(texts)).keys() for model in wanted}


def _of_domain(project: DbtProject, changed: Set[str]) -> Iterator[ModelChange]:
    texts = _texts(project)
    folder = f"{PROJECTS}/{project.domain}/"
    touched: dict[str, list[str]] = {}
    for path in sorted(path for path in changed if path.startswith(folder)):
        for model in _touched_by(project, path.removeprefix(folder), texts):
            touched.setdefault(model, []).append(path)
    because = _spread(touched, _parents(texts))
    for name in sorted(touched.keys() | because.keys()):
        yield ModelChange(project.domain, name, tuple(touched.get(name, ())), because.get(name, ""))


def _texts(project: DbtProject) -> Mapping[str, str]:
    return {model.name: model.text for model in project.models} | dict.fromkeys(project.seeds, "")


def _parents(texts: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(mentioned(text)) for name, text in texts.items()}


def _touched_by(project: DbtProject, path: str, texts: Mapping[str, str]) -> Iterable[str]:
    """The models that a changed file of the project is about; one that is gone names itself."""
    file = Path(path)
    if path in _EVERY_MODEL:
        return texts
    if file.parts[0] == "macros":
        names = _with_callers(project, frozenset(_MACRO.findall(read_text(project.folder / file))))
        return [name for name, text in texts.items() if not names or _speaks_of(text, names)]
    if _GENERATED in file.parts or file.parts[0] not in _FOLDERS:
        return [model.name for model in project.models if model.file == f"{PROJECTS}/{project.domain}/{path}"]
    if file.suffix in _CODE:
        return (file.stem,)
    said = _described(read_text(project.folder / file)) if file.suffix in _PROPERTIES else ()
    return [name for name in said if name in texts]


def _with_callers(project: DbtProject, names: frozenset[str]) -> frozenset[str]:
    """The macros ``names`` and those in whose file one of them, or of their callers, is spoken of."""
    while True:
        callers = (_MACRO.findall(text) for text in project.macro_texts if _speaks_of(text, names))
        more = names.union(*callers)
        if more == names:
            return names
        names = more


def _speaks_of(text: str, names: frozenset[str]) -> bool:
    return not names.isdisjoint(re.findall(r"\w+", text))


def _described(text: str) -> Iterator[str]:
    """The models, seeds and snapshots that a properties file says something of."""
    said = read_yaml(text)
    for kind in _FOLDERS:
        items = said.get(kind) if isinstance(said, dict) else None
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                yield item["name"]


def _spread(touched: Iterable[str], built_from: Mapping[str, frozenset[str]]) -> Mapping[str, str]:
    """Every other model built from a touched one, at whatever distance, with the touched one it comes from."""
    because: dict[str, str] = {}
    for first in sorted(touched):
        waiting = [first]
        while waiting:
            parent = waiting.pop().lower()
            for name, parents in built_from.items():
                if parent in parents and name not in because and name not in touched:
                    because[name] = first
                    waiting.append(name)
    return because
