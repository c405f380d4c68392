"""A three-way merge of texts, by git."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mesh_orchestration.errors import SettingsError

_TIMEOUT = 30
_MOST = 127  # git merge-file says how many conflicts there are, at most this


@dataclass(frozen=True)
class Merged:
    """The merged text; ``conflicts`` counts the places with markers, where both sides changed the same lines."""

    text: str
    conflicts: int


def merged(mine: str, base: str, theirs: str) -> Merged:
    """``mine`` with what changed from ``base`` to ``theirs``; raises SettingsError when git is missing."""
    if mine in (base, theirs) or base == theirs:
        return Merged(theirs if mine == base else mine, 0)
    with tempfile.TemporaryDirectory(prefix="mesh-merge-") as folder:
        paths = []
        for name, text in (("mine", mine), ("base", base), ("theirs", theirs)):
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        labels = ["-L", "yours", "-L", "the template before", "-L", "the template now"]
        try:
            done = subprocess.run(
                ["git", "merge-file", "-p", "--diff3", *labels, *paths],
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise SettingsError("git is not on the PATH, and it does the merging; install it and try again") from None
    if done.returncode < 0 or done.returncode > _MOST:
        raise SettingsError(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
    return Merged(done.stdout.decode(), done.returncode)
