"""``--update``: what a template would write today, merged into what a team has made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.answers import domain_answers, product_answers, record, recorded
from mesh_orchestration.scaffold.merge import merged
from mesh_orchestration.scaffold.render import Rendered, render
from mesh_orchestration.scaffold.result import Result
from mesh_orchestration.scaffold.sketch import Sketch, sketch_of
from mesh_orchestration.settings import Settings


def update_domain(settings: Settings, name: str) -> Result:
    """The domain's files with what has changed in its template since; raises MeshError when it was not made by one."""
    return _update(settings, "domain", name, domain=name, answers=domain_answers(name))


def update_product(settings: Settings, name: str) -> Result:
    """The product's files with what has changed in its template since; raises MeshError as ``update_domain``."""
    address = load_mesh(settings).product(name).address
    return _update(settings, "product", str(address), domain=address.domain, answers=product_answers(address))


@dataclass
class _Taken:
    """What came of each file."""

    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _update(settings: Settings, kind: str, name: str, *, domain: str, answers: str) -> Result:
    path = settings.root / answers
    if not path.is_file():
        raise MeshError(f"{name} was not made by mesh new ({answers} is missing), so there is nothing to update from")
    before = recorded(path.read_text(encoding="utf-8"), answers)
    try:
        now = render(kind, before.answers)
    except ValueError as error:
        raise MeshError(f"the answers in {answers} cannot be: {error}; put back: git checkout -- {answers}") from None
    if kind == "domain" and before.answers.get("name") != domain:
        raise MeshError(f"{answers} is about another domain; put back the committed one: git checkout -- {answers}")
    with sketch_of(settings, domain) as sketch:
        taken = _merge(sketch, before, now)
        sketch.put(answers, record(kind, name, now))
        if kind == "product" and not taken.conflicts:
            sketch.compile(domain)
            sketch.require_clean(domain)
        return Result(name, sketch.changes(), notes=tuple(taken.notes), conflicts=tuple(taken.conflicts))


def _merge(sketch: Sketch, before: Rendered, now: Rendered) -> _Taken:
    taken = _Taken()
    for path, text in now.files.items():
        mine, base = sketch.text(path), before.files.get(path)
        if mine is None and base is not None:
            taken.notes.append(f"{path} was deleted here and stays so")
        elif mine is None or mine == text:
            sketch.put(path, text)
        elif base is None:
            taken.notes.append(f"{path} is new in the template, but there is one already; it was left as it is")
        else:
            result = merged(mine, base, text)
            sketch.put(path, result.text)
            taken.conflicts += [path] * bool(result.conflicts)
    for path in before.files.keys() - now.files.keys():
        if sketch.text(path) is not None:
            taken.notes.append(f"{path} is no longer part of the template; delete it if you do not need it")
    return taken
