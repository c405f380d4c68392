"""The colours: what is read on what, in light and dark, keeps the contrast that WCAG 2.2 AA asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mesh_orchestration.web

STYLES = Path(mesh_orchestration.web.__file__).parent / "static" / "mesh.css"
GROUNDS = ("page", "card", "inset")
TEXT = [(ink, ground) for ink in ("ink", "soft", "accent", "good", "warn", "bad") for ground in GROUNDS]
TEXT += [(tone, f"{tone}-fill") for tone in ("good", "warn", "bad", "info")]
TEXT += [("ink", f"{tone}-fill") for tone in ("good", "warn", "bad", "info")]
TEXT += [("accent", f"{tone}-fill") for tone in ("good", "warn", "bad", "info")]
TEXT += [("soft", "info-fill"), ("ink", "mark"), ("soft", "mark"), ("on-accent", "accent")]
SHAPES = [(shape, ground) for shape in ("edge", "accent", "good", "warn", "bad") for ground in GROUNDS]


def palette() -> dict[str, tuple[str, str]]:
    """The colours of the page by name: (light, dark)."""
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", STYLES.read_text())
    return {name: (light, dark) for name, light, dark in found}


def contrast(one: str, two: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, 1.4.3)."""
    brighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_formula_is_that_of_the_standard() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_by_four_and_a_half(scheme: int) -> None:
    colours = palette()
    found = {(ink, ground): contrast(colours[ink][scheme], colours[ground][scheme]) for ink, ground in TEXT}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_shapes_that_mean_something_stand_out_by_three(scheme: int) -> None:
    colours = palette()
    found = {(shape, ground): contrast(colours[shape][scheme], colours[ground][scheme]) for shape, ground in SHAPES}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 3} == {}
