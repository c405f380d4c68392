"""Fixtures every test may use; real services live in modules of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings

pytest_plugins = ["tests.postgres"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an empty mesh below ``tmp_path``, with nothing taken from the environment."""
    return Settings(root=tmp_path, home=tmp_path / ".mesh")
