"""Templates to files, by copier: the questions of a template, and what it writes for given answers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.scaffold.names import AnswerError

if TYPE_CHECKING:
    from copier._main import Worker

TEMPLATES = Path(__file__).parent / "templates"
_NOTHING = ("*",)
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What a template says: file contents by their path relative to the mesh root, and the answers behind them."""

    files: Mapping[str, str]
    answers: Answers


def ask(template: str, given: Answers, *, defaults: Answers | None = None, interactive: bool = False) -> dict[str, Any]:
    """The answers to the questions of ``template``: those ``given``, else asked for, else their defaults.

    ``defaults`` are offered instead of the template's own. Raises AnswerError for an answer that the
    template refuses, KeyboardInterrupt when a person gives up.
    """
    from copier.errors import CopierAnswersInterrupt, InteractiveSessionError

    with tempfile.TemporaryDirectory(prefix="mesh-ask-") as folder:
        try:
            worker = _copy(template, given, Path(folder), defaults=defaults, interactive=interactive, nothing=True)
        except CopierAnswersInterrupt:
            raise KeyboardInterrupt from None
        except InteractiveSessionError:
            raise AnswerError("the questions need a terminal; give the answers as options, and --yes") from None
        except ValueError as error:
            raise AnswerError(str(error).removeprefix("Validation error for question ")) from None
    asked = (key for key in worker.template.questions_data if key not in worker.answers.hidden)
    return {key: worker.answers.combined[key] for key in asked}


def render(template: str, answers: Answers) -> Rendered:
    """The files of ``template`` for complete ``answers``."""
    with tempfile.TemporaryDirectory(prefix="mesh-render-") as name:
        folder = Path(name)
        _copy(template, answers, folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    return Rendered(files, dict(answers))


def _copy(
    template: str,
    answers: Answers,
    folder: Path,
    *,
    defaults: Answers | None = None,
    interactive: bool = False,
    nothing: bool = False,
) -> Worker:
    from copier import run_copy
    from copier._settings import SettingsModel

    return run_copy(
        str(TEMPLATES / template),
        folder,
        data=dict(answers),
        user_defaults=dict(defaults or {}),
        settings=SettingsModel(),  # not those of the user's own copier
        exclude=_NOTHING if nothing else (),
        defaults=not interactive,
        overwrite=True,
        quiet=True,
        unsafe=True,  # the templates are the package's own; they use its filters
    )
