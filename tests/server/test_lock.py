"""One supervisor a home; a lock that nobody holds is no lock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.server.lock import exclusive, lock_path, tell, who_runs
from mesh_orchestration.settings import Settings

_HOLD = """
import sys
from pathlib import Path
from mesh_orchestration.server.lock import exclusive, tell
from mesh_orchestration.settings import Settings
settings = Settings(Path(sys.argv[1]), Path(sys.argv[2]))
with exclusive(settings):
    tell(settings, url="http://127.0.0.1:1")
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLD, str(settings.root), str(settings.home)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_held_lock_names_its_holder(settings: Settings) -> None:
    with hold(settings) as holder:
        with pytest.raises(SettingsError, match=rf"at http://127.0.0.1:1 \(pid {holder.pid}, "), exclusive(settings):
            pass
        assert who_runs(settings)["pid"] == holder.pid


def test_the_lock_of_a_killed_process_is_taken_over(settings: Settings) -> None:
    with hold(settings) as holder:
        holder.kill()
        holder.wait()

        assert who_runs(settings) == {}
        with exclusive(settings):
            assert json.loads(lock_path(settings).read_text())["pid"] != holder.pid


def test_the_lock_may_be_nested_and_is_free_afterwards(settings: Settings) -> None:
    with exclusive(settings):
        with exclusive(settings):
            tell(settings, url="x")
        assert json.loads(lock_path(settings).read_text())["url"] == "x"
    assert who_runs(settings) == {}
    assert lock_path(settings).read_text() == ""
