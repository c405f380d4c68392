"""Fixtures every test may use; real services live in modules of their own."""

from __future__ import annotations

import gc
from pathlib import Path

import hypothesis
import pytest

from mesh_orchestration.settings import Settings

# The same examples on every run; `pytest --hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("repeatable")

pytest_plugins = ["tests.postgres", "tests.kafka", "tests.orchestration.parsed"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an empty mesh below ``tmp_path``, with nothing taken from the environment."""
    return Settings(root=tmp_path, home=tmp_path / ".mesh")


# What an import makes lives as long as the process: to look for garbage among it is a sixth of collecting the tests.
gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process waits at the end for another's last one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.parent.name != "e2e"))
