"""The page about evolution says what the code does: its tables are the code's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mesh_orchestration.contract.evolution.kinds import GROUPS, KINDS, Kind

PAGE = Path(__file__).resolve().parents[3] / "docs" / "evolution.md"
PLACES = {"column": "*c*", "before": "*a*", "after": "*b*", "key": "*it*"}


def table(kinds: Sequence[Kind]) -> str:
    """The rows of the page for ``kinds``."""
    lines = ["| kind | what changed | consumers | producer | at least | why |", "|-|-|-|-|-|-|"]
    for kind in kinds:
        what = kind.says.format(**PLACES)
        lines.append(
            f"| `{kind.word}` | {what} | {kind.consumer} | {kind.producer} | {kind.bump} | {kind.reason} |"
        )  # fmt: skip
    return "\n".join(lines)


@pytest.mark.parametrize("title", GROUPS)
def test_the_page_shows_every_kind_of_change_with_its_levels(title: str) -> None:
    assert f"### {title}\n\n{table(GROUPS[title])}\n" in PAGE.read_text()


def test_no_kind_is_in_two_groups() -> None:
    assert sum(map(len, GROUPS.values())) == len(KINDS)
