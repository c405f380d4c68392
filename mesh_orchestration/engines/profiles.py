"""dbt's profiles.yml for a domain, made from settings; no secret is ever written into it."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.settings import Settings


def dbt_environment(settings: Settings, domain: str) -> dict[str, str]:
    """What must be in dbt's environment for the domain's profile to work: its database password, if any."""
    return engine_for(settings, domain).dbt_environment()


def write_profiles(settings: Settings, domain: str) -> Path:
    """Write ``<home>/dbt/<domain>/profiles.yml`` with the profile ``<domain>``; returns its folder.

    The file is replaced whole and only when it differs, so a running dbt never reads half of it.
    """
    target = engine_for(settings, domain).dbt_target()
    text = yaml.safe_dump({domain: {"target": "mesh", "outputs": {"mesh": target}}}, sort_keys=False)
    folder = settings.home / "dbt" / domain
    path = folder / "profiles.yml"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".profiles.{os.getpid()}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return folder
