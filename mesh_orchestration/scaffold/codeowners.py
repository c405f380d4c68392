"""The lines of a domain in CODEOWNERS: its contracts and models belong to its team."""

from __future__ import annotations

import re
from collections.abc import Callable

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_HANDLE = re.compile(r"(?<!\S)@([A-Za-z0-9][\w.-]*)/")
_RULE = re.compile(r"^(\S+)(\s+)(?=\S)")
_COLUMN = 31


def place(text_of: Callable[[str], str | None]) -> str:
    """The CODEOWNERS file of the mesh; the one that GitHub and GitLab both read when there is none."""
    return next((path for path in PLACES if text_of(path) is not None), "CODEOWNERS")


def team_of(owner: str, domain: str, text: str) -> str:
    """The code owner that stands for a contract's ``owner``: a team of the organisation that ``text`` names."""
    organisation = next(iter(_HANDLE.findall(text)), "")
    name = owner.removeprefix("team:") if owner.startswith("team:") else owner.split("@")[0]
    if organisation:
        return f"@{organisation}/{name if name.startswith('team-') or owner.startswith('team:') else f'team-{domain}'}"
    return owner if "@" in owner else f"@{name}"


def with_domain(text: str, domain: str, team: str) -> str:
    """``text`` with a rule for each folder of ``domain`` that has none, aligned with the rules before."""
    ruled = {match[1] for line in text.splitlines() if (match := _RULE.match(line))}
    widths = [len(match[0]) for line in text.splitlines() if (match := _RULE.match(line)) and line[0] == "/"]
    width = max(widths, default=_COLUMN)
    folders = [folder for folder in (f"/contracts/{domain}/", f"/dbt_projects/{domain}/") if folder not in ruled]
    lines = [f"{folder.ljust(width - 1)} {team}\n" for folder in folders]
    start = text if not text or text.endswith("\n") else f"{text}\n"
    return start + "".join(lines)
