"""``mesh new domain``: the dbt project, the README, the owners and the CI of a new domain.

Its code location comes with its first product: a location without one has nothing to load.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.scaffold import codeowners
from mesh_orchestration.scaffold.answers import domain_answers, record
from mesh_orchestration.scaffold.names import domain_name, technology_warning
from mesh_orchestration.scaffold.product import domains_of
from mesh_orchestration.scaffold.render import ask, render
from mesh_orchestration.scaffold.result import Result
from mesh_orchestration.scaffold.sketch import Sketch, sketch_of
from mesh_orchestration.settings import Settings

_GITLAB = ".gitlab-ci.yml"


def new_domain(settings: Settings, name: str, given: Mapping[str, str], *, interactive: bool = False) -> Result:
    """What a new domain called ``name`` needs; ``given`` are answers by their question.

    Raises AnswerError for a name or an answer that cannot be, MeshError when a file is in the way.
    """
    domain_name(name, taken=domains_of(settings, load_mesh(settings)))
    with sketch_of(settings, name) as sketch:
        place = codeowners.place(sketch.text)
        owners = sketch.text(place) or ""
        team = codeowners.team_of(given.get("owner") or f"team:{name}", name, owners)
        answers = ask("domain", {"name": name} | dict(given), defaults={"team": team}, interactive=interactive)
        rendered = render("domain", {"name": name} | answers)
        for path, text in rendered.files.items():
            sketch.create(path, text)
        sketch.create(domain_answers(name), record("domain", name, rendered))
        sketch.put(place, codeowners.with_domain(owners, name, str(answers["team"])))
        notes = [technology_warning(name, settings), _include_in_gitlab(sketch)]
        return Result(
            name,
            sketch.changes(),
            notes=tuple(note for note in notes if note),
            next_steps=(*_engine_steps(name, str(answers["engine"])), f"mesh new product {name}.NAME --from FILE"),
        )


def _include_in_gitlab(sketch: Sketch) -> str:
    """Have GitLab read the domains' pipelines; what to do by hand when the root file is somebody's own."""
    text = sketch.text(_GITLAB)
    if text is None:
        sketch.create(_GITLAB, "# One pipeline a domain; each runs when files of its domain change.\ninclude:\n"
                      "  - local: .gitlab/*.yml\n")  # fmt: skip
        return ""
    return "" if ".gitlab/*.yml" in text else f"add this to {_GITLAB}, under include: - local: .gitlab/*.yml"


def _engine_steps(name: str, engine: str) -> tuple[str, ...]:
    return (f"export MESH_ENGINE_{name.upper()}=postgresql",) if engine == "postgresql" else ()
