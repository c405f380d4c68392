"""How bounds are held against a measured value."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from mesh_orchestration.expectations.base import judge_between
from mesh_orchestration.expectations.question import Reading


@pytest.mark.parametrize(("day", "holds"), [(date(2026, 1, 2), True), (date(2026, 1, 1), False)])
def test_a_date_is_held_against_a_moment_as_its_midnight(day: date, holds: bool) -> None:
    bounds = {"min_value": datetime(2026, 1, 1, 12), "max_value": None, "strict_min": False, "strict_max": False}  # noqa: DTZ001
    assert judge_between(bounds, Reading(day)).success is holds
