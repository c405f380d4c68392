"""The contracts as they stood at a commit. A file that did not change since is not read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mesh_orchestration.compile.json_schema import SCHEMA_FILE
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import CONTRACTS, GENERATED, load_product
from mesh_orchestration.contract.mesh import ACKNOWLEDGEMENTS, Mesh, contract_files
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from mesh_orchestration.planning.git import Base, Blob, Repository

_YAML = (".yaml", ".yml")


def mesh_before(repository: Repository, base: Base, now: Mesh, changed: Set[str]) -> Mesh:
    """The mesh at ``base``: the very products of ``now`` whose files did not change, the others as they were.

    ``changed`` are the files that differ. Domains that had a wrong contract at ``base`` are in ``broken``.
    """
    touched = {path for path in changed if _is_said_in_a_contract(path)}
    if not touched:
        return now
    # A contract may draw on other files (an Avro schema): when one of them changed, all that may use it are read.
    drawn_on = {_domain(path) for path in touched if not path.endswith(_YAML)}
    domains = {_domain(path) for path in touched}
    folders = (CONTRACTS,) if "" in domains else tuple(f"{CONTRACTS}/{domain}" for domain in sorted(domains))

    def read_again(path: str) -> bool:
        return path in touched or not drawn_on.isdisjoint(("", _domain(path)))

    files = repository.files(base, folders)
    needed = {path: said for path, said in files.items() if not path.endswith(_YAML) or read_again(path)}
    kept = {address: one for address, one in now.products.items() if not read_again(one.source)}
    return _load(repository.read(needed), kept)


def _load(files: Mapping[str, Blob], kept: Mapping[Address, DataProduct]) -> Mesh:
    products = dict(kept)
    broken: dict[str, ContractError] = {}
    with checked_out(files) as root:
        for path in contract_files(root):
            try:
                product = load_product(path, root=root)
            except ContractError as error:
                broken[_domain(path.as_posix())] = error
            else:
                products[product.address] = product
    domains = {address.domain for address in products} | broken.keys()
    return Mesh(dict(sorted(products.items())), tuple(sorted(domains - {""})), broken)


@contextmanager
def checked_out(files: Mapping[str, Blob]) -> Iterator[Path]:
    """The files in a folder of their own, links as links: the loader decides which it follows."""
    with TemporaryDirectory(prefix="mesh-plan-") as folder:
        root = Path(folder).resolve()
        # Links come last, so that nothing is written through one.
        for path, blob in sorted(files.items(), key=lambda item: item[1].link):
            place = root / path
            if ".." in place.parts:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if blob.link:
                place.symlink_to(blob.content.decode(errors="surrogateescape"))
            else:
                place.write_bytes(blob.content)
        yield root


def _is_said_in_a_contract(path: str) -> bool:
    parts = path.split("/")
    follows = path == str(SCHEMA_FILE) or parts[3:-1] == [GENERATED]
    return parts[0] == CONTRACTS and not follows and parts[2:-1] != [ACKNOWLEDGEMENTS]


def _domain(path: str) -> str:
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""
