"""The plan as JSON: its own fields, as ``plan.schema.json`` describes them."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from mesh_orchestration.planning.plan import Plan
from mesh_orchestration.planning.renderers import View


def render(plan: Plan, _: View) -> str:
    """Indented JSON; values that JSON does not have (dates, decimals) as text."""
    content = {"format": plan.format, "refused": plan.refused, **asdict(plan)}
    return orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2).decode() + "\n"
