"""Contracts that were read before, kept below the mesh's home so that a large mesh is read in a fraction of the time.

An entry is found by the SHA-256 of a file's place and bytes, in a pack that is named by the SHA-256 of
everything that reads contracts: so neither an edit nor other code can meet a stale one. Only contracts
without a finding are kept. A pack is written whole and put in place at once; processes that write
together lose at most work. One that cannot be read, written or verified is as good as none, and the
folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson
import pydantic
import yaml
from pydantic import ValidationError

from mesh_orchestration.contract.document import MAX_BYTES
from mesh_orchestration.contract.loader import CONTRACTS, load_with_files
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.expectations import registry

WORTH_KEEPING = 32
"""So many contracts must be new before a pack is written: fewer are read again in less than 0.1 s."""
_PACKS = 4  # as many versions of the code may have a pack, so that changing a branch and back costs nothing
_PACKAGE = Path(__file__).resolve().parent.parent


class Cache:
    """The contracts of the mesh at ``root``, from the pack below ``home`` or from their files."""

    def __init__(self, home: Path, root: Path) -> None:
        self._folder = home / "cache" / "contracts"
        self._root = root
        self._linked = (root / CONTRACTS).is_symlink()
        self._used: dict[str, Any] = {}
        self._new = 0

    def product(self, path: Path) -> DataProduct:
        """The product whose contract is ``path`` (relative to the root), as ``load_product`` would give it."""
        content = self._content(path)
        if content is None:
            return load_with_files(path, root=self._root)[0]
        key = hashlib.sha256(path.as_posix().encode() + b"\0" + content).hexdigest()
        if found := self._found(key, path):
            return found
        product, files = load_with_files(path, root=self._root)
        if not files and self._content(path) == content:
            self._keep(key, product)
        return product

    def save(self) -> None:
        """Write the pack when enough is new; what was not asked for this time stays while there is room."""
        if self._new < WORTH_KEEPING:
            return
        others = {key: said for key, said in self._pack.items() if key not in self._used}
        kept = self._used | (others if len(others) <= len(self._used) else {})
        with suppress(OSError):
            _write(self._folder / f"{_code()}.json", orjson.dumps(kept))

    def _content(self, path: Path) -> bytes | None:
        """The bytes of a plain file; None when it is anything else, which the loader answers."""
        place = self._root / path
        try:
            state = place.lstat()
            if self._linked or not stat.S_ISREG(state.st_mode) or state.st_size > MAX_BYTES:
                return None
            return place.read_bytes()
        except OSError:
            return None

    @cached_property
    def _pack(self) -> dict[str, Any]:
        if not self._folder.is_dir():
            return {}
        try:
            return _verified((self._folder / f"{_code()}.json").read_bytes())
        except (OSError, ValueError):
            return {}

    def _found(self, key: str, path: Path) -> DataProduct | None:
        said = self._pack.get(key)
        if said is None:
            return None
        try:
            product = DataProduct.model_validate(said)
        except ValidationError:
            return None
        self._used[key] = said
        return product.in_file(path.as_posix())

    def _keep(self, key: str, product: DataProduct) -> None:
        """Keep what ``product`` says, if JSON can hold all of it."""
        plain = product.model_dump(by_alias=True, exclude_unset=True)
        with suppress(TypeError, ValidationError):
            said = orjson.loads(orjson.dumps(plain))
            again = DataProduct.model_validate(said)
            if again.model_dump(by_alias=True, exclude_unset=True) == plain:
                self._used[key] = said
                self._new += 1


def _verified(content: bytes) -> dict[str, Any]:
    """The entries of a pack; raises ValueError when it is not as it was written."""
    digest, _, text = content.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("the pack is damaged")
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the pack holds no entries")
    return found


def _write(place: Path, text: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    Path(name).replace(place)
    newest_first = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[_PACKS:]:
        old.unlink(missing_ok=True)


@cache
def _code() -> str:
    """SHA-256 of all that decides what a contract file means: our sources, Python's and the libraries' versions,
    and the expectations that Great Expectations brings."""
    digest = hashlib.sha256(f"{sys.version} {pydantic.VERSION} {yaml.__version__}".encode())
    for path in _sources():
        digest.update(f"\n{path.relative_to(_PACKAGE)}\n".encode() + path.read_bytes())
    for name, changed, size in registry.foreign():
        digest.update(f"\n{name} {changed} {size}".encode())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for package in ("contract", "expectations"):
        yield from sorted(path for path in (_PACKAGE / package).rglob("*.*") if path.suffix != ".pyc")
