"""The list of people who were erased, so that a later batch does not bring them back.

``<home>/suppressed.json`` holds each of them only as a keyed hash (HMAC-SHA256, RFC 2104). Landing hashes the
columns that name people in the same way and leaves out what the list has. A list that cannot be compared,
because the key is missing or another one, stops landing: it would let an erased person in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import SettingsError, StorageError
from mesh_orchestration.masking import derived_key, key_name, keyed_hash_sql
from mesh_orchestration.quoting import ident, literal
from mesh_orchestration.settings import Settings

FILE = "suppressed.json"
_PURPOSE = "erasure"


@dataclass(frozen=True)
class Suppressed:
    """One erased person. ``ports`` maps ``domain.port`` to the columns that name people there, ``names`` are the
    columns that do in a port which is not among them; ``key`` tells under which key ``digest`` was made."""

    digest: str
    key: str
    ports: Mapping[str, Sequence[str]]
    names: Sequence[str]
    erasure: str

    def columns(self, domain: str, port: str, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of a port's ``columns`` that may name this person."""
        naming = self.ports.get(f"{domain}.{port}", self.names)
        return tuple(name for name in columns if name in naming)


@dataclass(frozen=True)
class Suppression:
    """The whole list, and the secret under which it compares (empty when none is set)."""

    people: tuple[Suppressed, ...] = ()
    secret: str = field(default="", repr=False)

    @classmethod
    def load(cls, settings: Settings) -> Suppression:
        """The list of the mesh; an empty one when nobody was erased. Raises StorageError when it cannot be read."""
        path = settings.home / FILE
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(Suppressed(**one) for one in said["people"]), settings.erasure_key)
        except FileNotFoundError:
            return cls((), settings.erasure_key)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StorageError(
                f"{path}, the list of erased people, cannot be read: {error}; nothing lands until it is restored"
            ) from error

    def condition(self, domain: str, port: str, columns: Sequence[Column]) -> str:
        """The SQL (DuckDB) `` where …`` that leaves erased people out of the rows of a port; empty without any.

        Raises SettingsError when the list was made under a key that is not set.
        """
        by_column: dict[str, list[str]] = {}
        for person in self.people if port else ():
            for name in person.columns(domain, port, (column.name for column in columns)):
                self._check(person)
                by_column.setdefault(name, []).append(person.digest)
        parts = [
            f"coalesce({_hashed(name, self.secret)} not in ({', '.join(map(literal, digests))}), true)"
            for name, digests in by_column.items()
        ]
        return f" where {' and '.join(parts)}" if parts else ""

    def _check(self, person: Suppressed) -> None:
        if not self.secret:
            raise SettingsError(
                "MESH_ERASURE_KEY is not set (nor MESH_MASKING_KEY), but people were erased: without the key nobody "
                "could tell them from others and they would come back, so nothing is landed"
            )
        if person.key != key_name(self.secret):
            raise SettingsError(
                f"erasure {person.erasure} was made under another key than MESH_ERASURE_KEY (or MESH_MASKING_KEY) is "
                "now: set MESH_ERASURE_KEY to the key of that time, else the erased would come back; nothing is landed"
            )


def digest_of(text: str, secret: str) -> str:
    """The keyed hash under which ``text`` stands in the list, 64 hexadecimal digits."""
    return hmac.new(derived_key(secret, _PURPOSE), text.encode(), hashlib.sha256).hexdigest()


def suppress(settings: Settings, people: Iterable[Suppressed]) -> None:
    """Add ``people`` to the list, each once, in one step."""
    known = Suppression.load(settings).people
    added = tuple(one for one in people if all(one.digest != old.digest or one.names != old.names for old in known))
    if not added:
        return
    path = settings.home / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps({"people": [asdict(one) for one in (*known, *added)]}, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step that survives a crash; only the owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _hashed(column: str, secret: str) -> str:
    return keyed_hash_sql(f"cast({ident(column)} as varchar)", derived_key(secret, _PURPOSE))
