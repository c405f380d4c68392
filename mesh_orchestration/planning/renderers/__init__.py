"""How a plan is written down: one file a format, and the word of the format is the name of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.planning.plan import Plan


@dataclass(frozen=True)
class View:
    """What the reader's screen can show: ``color``, and how many characters a line may have."""

    color: bool = False
    width: int = 160


@cache
def formats() -> tuple[str, ...]:
    """The words of all formats."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def renderer(word: str) -> Callable[[Plan, View], str]:
    """The function that writes a plan in the format ``word``; raises SettingsError for an unknown word."""
    if word not in formats():
        raise SettingsError(f"'{word}' is not a format of a plan{suggestion(word, formats())}")
    render: Callable[[Plan, View], str] = import_module(f"{__name__}.{word}").render
    return render
