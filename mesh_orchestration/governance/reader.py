"""Who reads on this machine."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.settings import Settings

DEFAULT_ROLE = "analyst"


def local_reader(settings: Settings, *, role: str = "", purpose: str = "", attributes: Sequence[str] = ()) -> Reader:
    """The person at the command line. Whoever can run it can read the files it reads: role and purpose are
    what they say they are, and stand in the log of decisions under their name.

    ``attributes`` are ``NAME=VALUE``; raises SettingsError for one that is not.
    """
    pairs = []
    for text in attributes:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"'{text}' is not NAME=VALUE, such as region=EU")
        pairs.append((name, value))
    return Reader(
        who=settings.get("MESH_USER") or getpass.getuser(),
        role=role or settings.get("MESH_ROLE", DEFAULT_ROLE),
        purpose=purpose or settings.get("MESH_PURPOSE"),
        attributes=tuple(sorted(pairs)),
    )
