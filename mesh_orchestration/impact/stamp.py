"""How one sees that files are no longer what they were, without reading them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

WRITTEN = frozenset({"target", "logs", "dbt_packages"})


def stamp_of(folder: Path) -> str:
    """Something that is another when a file below ``folder`` is; what dbt writes itself does not count."""
    found = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in WRITTEN)
        for name in sorted(files):
            with suppress(OSError):  # it went just now
                said = Path(place, name).stat()
                found.update(f"{place}/{name} {said.st_mtime_ns} {said.st_size}\n".encode())
    return found.hexdigest()
