"""Contracts that were read before, kept below the mesh's home so that a large mesh is read in a fraction of the time.

An entry is found by the SHA-256 of a file's place and bytes, in a pack that is named by the SHA-256 of
everything that reads contracts: so neither an edit nor other code can meet a stale one. Only contracts
without a finding are kept.
"""

from __future__ import annotations

import hashlib
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import orjson
import pydantic
import yaml
from pydantic import ValidationError

from mesh_orchestration.contract.document import MAX_BYTES
from mesh_orchestration.contract.loader import CONTRACTS, load_with_files
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.pack import Pack
from mesh_orchestration.expectations import registry

WORTH_KEEPING = 32
"""So many contracts must be new before a pack is written: fewer are read again in less than 0.1 s."""
_PACKAGE = Path(__file__).resolve().parent.parent


class Cache:
    """The contracts of the mesh at ``root``, from the pack below ``home`` or from their files."""

    def __init__(self, home: Path, root: Path) -> None:
        self._pack = Pack(home / "cache" / "contracts", _code)
        self._root = root
        self._linked = (root / CONTRACTS).is_symlink()

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
        """Write the pack when enough is new."""
        self._pack.save(WORTH_KEEPING)

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

    def _found(self, key: str, path: Path) -> DataProduct | None:
        said = self._pack.get(key)
        if said is None:
            return None
        try:
            return DataProduct.model_validate(said).in_file(path.as_posix())
        except ValidationError:
            return None

    def _keep(self, key: str, product: DataProduct) -> None:
        """Keep what ``product`` says, if JSON can hold all of it."""
        plain = product.model_dump(by_alias=True, exclude_unset=True)
        with suppress(TypeError, ValidationError):
            said = orjson.loads(orjson.dumps(plain))
            again = DataProduct.model_validate(said)
            if again.model_dump(by_alias=True, exclude_unset=True) == plain:
                self._pack.put(key, said)


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
