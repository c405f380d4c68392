"""Every version of every contract that git remembers, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.evolution.changelog import State
from mesh_orchestration.contract.loader import CONTRACTS, GENERATED, parse_product
from mesh_orchestration.contract.mesh import ACKNOWLEDGEMENTS, Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from mesh_orchestration.planning.git import Base, Blob, Commit, Repository

_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Past:
    """What a commit made of the contract of ``address``: ``product`` is None when it went, or when it said
    nothing that can be read today (then ``readable`` is false)."""

    address: Address
    commit: str
    at: datetime
    product: DataProduct | None
    readable: bool = True


def history(repository: Repository, folder: str = CONTRACTS, *, until: str = "HEAD") -> tuple[Past, ...]:
    """Every state of every contract below ``folder`` up to the commit ``until``, oldest first.

    Contracts are read as the loader reads them, with the files beside them that they draw on; symbolic
    links are left out.
    """
    commits = repository.history((folder,), until)
    blobs = repository.read({said: said for commit in commits for said in commit.files.values() if said})
    with TemporaryDirectory(prefix="mesh-history-") as name:
        root = Path(name).resolve()
        return tuple(past for commit in commits for past in _replayed(commit, blobs, root))


def states(pasts: Sequence[Past], now: Mesh) -> Mapping[str, tuple[State, ...]]:
    """What each product said when, by ``domain.product``; what ``now`` says otherwise comes last, not committed."""
    last: dict[Address, DataProduct] = {}
    there: dict[Address, bool] = {}
    found: dict[str, list[State]] = {}

    def add(address: Address, state: State) -> None:
        found.setdefault(f"{address.domain}.{address.product}", []).append(state)
        last[address], there[address] = state.product, not state.gone

    for past in pasts:
        if past.product is not None:
            add(past.address, State(past.product, past.at, past.commit))
        elif past.readable and there.get(past.address):
            add(past.address, State(last[past.address], past.at, past.commit, gone=True))
    for address, product in now.products.items():
        if not there.get(address) or last[address].fingerprint != product.fingerprint:
            add(address, State(product, None))
    return {name: tuple(said) for name, said in sorted(found.items())}


def earlier(repository: Repository, base: Base, product: DataProduct) -> tuple[DataProduct, ...]:
    """The versions of ``product`` before the one at ``base``, oldest first: the last state of each version."""
    folder = f"{CONTRACTS}/{product.domain}/{product.name}"
    versions: dict[str, DataProduct] = {}
    for past in history(repository, folder, until=base.commit):
        if past.product is not None and past.address == product.address:
            versions[past.product.version] = past.product
    return tuple(one for version, one in versions.items() if version != product.version)


def _replayed(commit: Commit, blobs: Mapping[str, Blob], root: Path) -> Iterator[Past]:
    """Bring the files below ``root`` to the state of ``commit``, and read the contracts that it concerns."""
    # What goes comes first, so that a folder can take the place of a file.
    for path, said in sorted(commit.files.items(), key=lambda item: bool(item[1])):
        place = root / path
        if ".." in place.parts:
            continue
        if not said or blobs[said].link:
            _remove(place, root)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(blobs[said].content)
    at = datetime.fromisoformat(commit.at)
    for path, address in _concerned(commit.files, root):
        if (root / path).is_file():
            product = _product(path, root)
            readable = product is not None and product.address == address
            yield Past(address, commit.commit, at, product if readable else None, readable)
        elif commit.files.get(path) == "":
            yield Past(address, commit.commit, at, None)


def _remove(place: Path, root: Path) -> None:
    place.unlink(missing_ok=True)
    for folder in place.parents:
        if folder == root:
            return
        with suppress(OSError):  # it still holds something
            folder.rmdir()


def _concerned(paths: Sequence[str] | Mapping[str, str], root: Path) -> Iterator[tuple[str, Address]]:
    """The contracts among ``paths``, and those that may draw on another file among them, each once."""
    found: dict[str, Address] = {}
    for path in paths:
        if address := _address(path):
            found[path] = address
        elif not path.endswith(_YAML) and GENERATED not in path.split("/"):
            folder = root / "/".join(path.split("/")[:3])
            beside = (one.relative_to(root).as_posix() for one in sorted(folder.glob("v*.yaml")))
            found |= {one: known for one in beside if (known := _address(one))}
    yield from found.items()


def _address(path: str) -> Address | None:
    """The address whose contract belongs at ``path``; None when none does."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] != CONTRACTS or parts[2] == ACKNOWLEDGEMENTS or not parts[3].endswith(_YAML):
        return None
    with suppress(ValueError):
        return Address.parse(".".join((parts[1], parts[2], parts[3].rpartition(".")[0])))
    return None


def _product(path: str, root: Path) -> DataProduct | None:
    try:
        product, _ = parse_product(read_source(Path(path), root=root).value)
    except ContractError:
        return None
    return product.in_file(path) if product else None
