"""What several commands are given in the same words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

Selection = Annotated[list[str] | None, typer.Argument(help="Domains or addresses; all when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
AsOf = Annotated[str, typer.Option("--as-of", help="A past moment (ISO 8601, UTC); now when left out.")]


def past_moment(text: str) -> datetime | None:
    """The moment that ``--as-of`` names; None without one. Raises SettingsError for anything else."""
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.moments import in_utc

    try:
        return in_utc(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError):  # no time, or one that no calendar has in UTC
        raise SettingsError(f"--as-of {text!r} is not an ISO 8601 time such as 2026-11-01T00:00:00") from None
