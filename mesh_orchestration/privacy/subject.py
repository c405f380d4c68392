"""The person a request is about: the key that names them, which is never written down, and its keyed hash."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.engines.suppression import digest_of
from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.masking import key_name
from mesh_orchestration.settings import Settings

_INTEGERS = ("integer", "long")
COMPARABLE = (*_INTEGERS, "string", "uuid")
"""Types of columns that can name a person."""


@dataclass(frozen=True)
class Subject:
    """A person; ``digest`` is empty where no key for hashes is set, which is enough to look but not to erase."""

    key: str = field(repr=False)
    digest: str = ""
    hashed_with: str = ""

    @property
    def name(self) -> str:
        """How files and logs name the person."""
        return f"subject {self.digest[:16]}" if self.digest else "subject (unnamed: MESH_ERASURE_KEY is not set)"

    def text(self, kind: LogicalType) -> str | None:
        """The key as a column of this type spells it; None when no value of the type can be the key."""
        if kind.item or kind.name not in COMPARABLE:
            return None
        try:
            if kind.name in _INTEGERS:
                return str(int(self.key))
            return str(uuid.UUID(self.key)) if kind.name == "uuid" else self.key
        except ValueError:
            return None


def subject_of(settings: Settings, key: str, *, hashed: bool) -> Subject:
    """The person whose key is ``key``. With ``hashed`` a key for hashes must be set, else SettingsError."""
    if not key.strip():
        raise MeshError("the subject is empty; give the key of a person, e.g. --subject 42")
    secret = settings.erasure_key
    if secret:
        return Subject(key, digest_of(_canonical(key), secret), key_name(secret))
    if hashed:
        raise SettingsError(
            "MESH_ERASURE_KEY is not set (nor MESH_MASKING_KEY): journal, proof and the list of erased people hold a "
            "person only as a keyed hash; set one of them to a secret of at least 32 characters and keep it"
        )
    return Subject(key)


def _canonical(key: str) -> str:
    """The one spelling of a key whatever the types of the columns it stands in."""
    try:
        return str(int(key))
    except ValueError:
        return key
