"""What the rules judge besides contracts: the files of each domain, those of the platform, and its deployments.

A ``project`` document holds facts about files, each with its file and line; a ``deployment`` document says what a
values file or manifest below ``deploy/`` gives its containers. The text of a secret is in none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from stat import S_ISREG
from typing import Any

import yaml

from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, PolicyError
from mesh_orchestration.governance.credentials import credentials_in
from mesh_orchestration.governance.documents import Judged
from mesh_orchestration.governance.model_facts import ModelSql, Told
from mesh_orchestration.settings import Settings

DEPLOY = "deploy"
PLATFORM = "platform"
"""Who the files outside of every domain belong to."""
MAX_BYTES = 1024 * 1024
_SKIPPED = frozenset("target logs dbt_packages node_modules build dist __pycache__".split())
_SHARED = frozenset({"contracts", "dbt_projects"})
_EXAMPLES = frozenset({"tests", "docs"})
_QUANTITY = re.compile(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>m|[KMGTPE]i?|k)?$")
_UNITS = {"m": 0.001, "k": 1e3} | {
    f"{letter}{i}": (1024 if i else 1000) ** power for power, letter in enumerate("KMGTPE", start=1) for i in ("", "i")
}
_MIB = 1024**2


@dataclass(frozen=True)
class TextFile:
    """A file of the project: ``name`` relative to the mesh root, ``text`` empty when it is no text."""

    name: str
    text: str


def file_documents(settings: Settings, mesh: Mesh, subjects: Set[str] | None = None) -> tuple[Judged, ...]:
    """A document for the files of each domain, one for the platform's and one for each deployment, or only those about
    ``subjects`` (see ``subjects_of``). Raises PolicyError for a file that cannot be read."""
    about = None if subjects is None else frozenset(subjects)
    return (*project_documents(settings, mesh, about), *deployment_documents(settings, about))


def subjects_of(mesh: Mesh, changed: Set[str]) -> frozenset[str]:
    """Whom the files ``changed`` (relative to the mesh root) may concern: domains, the platform, deployments."""
    readers: dict[str, list[str]] = {
        product.source: [consumer.domain for consumer in mesh.consumers(address)]
        for address, product in mesh.products.items()
    }
    found: set[str] = set()
    for path in changed:
        top, *inner = path.split("/")
        if top not in _SHARED:
            found |= {PLATFORM, path} if top == DEPLOY else {PLATFORM}
        elif len(inner) > 1:
            found |= {inner[0], *readers.get(path, ())}
    return frozenset(found)


def project_documents(settings: Settings, mesh: Mesh, subjects: Set[str] | None = None) -> tuple[Judged, ...]:
    """A document for the files of each domain and one for the platform's; raises PolicyError for an unreadable one."""
    domains, products = sorted(_folders(settings.root)), _by_domain(mesh)
    found = []
    for domain in (one for one in domains if subjects is None or one in subjects):
        folders = [settings.root / top / domain for top in sorted(_SHARED)]
        files = [file for folder in folders for file in _files(settings.root, folder)]
        value = _facts(files, personal=_personal(mesh, products.get(domain, ())), others=set(domains) - {domain})
        found.append(Judged("project", domain, domain, f"contracts/{domain}", {"domain": domain, **value}))
    if subjects is None or PLATFORM in subjects:
        value = _facts(list(_platform_files(settings)), personal=frozenset(), others=frozenset())
        found.append(Judged("project", PLATFORM, "", ".", {"domain": PLATFORM, **value}))
    return tuple(found)


def deployment_documents(settings: Settings, subjects: Set[str] | None = None) -> tuple[Judged, ...]:
    """A document for each YAML file below ``deploy/``; one that cannot be read has no ``workloads`` but a problem."""
    found = []
    for file in _files(settings.root, settings.root / DEPLOY):
        if not file.name.endswith((".yaml", ".yml")) or "/templates/" in file.name:
            continue
        if subjects is not None and file.name not in subjects:
            continue
        value: dict[str, Any] = {"file": file.name, "problem": "", "workloads": []}
        try:
            for part in yaml.load_all(file.text, Loader=yaml.CSafeLoader):  # the safe loader, in C
                value["workloads"] += [dict(one) for one in _workloads(part, "")]
        except yaml.YAMLError as error:
            value["problem"] = str(error).splitlines()[0]
        found.append(Judged("deployment", file.name, "", file.name, value))
    return tuple(found)


def _facts(files: Sequence[TextFile], *, personal: Set[str], others: Set[str]) -> dict[str, Any]:
    models = [(file.name, ModelSql(file.text)) for file in files if file.name.endswith(".sql")]
    reads = [(name, one) for name, sql in models for one in sql.foreign_reads(others)]
    reads += [(file.name, one) for file in files for one in _sources(file, others)]
    secrets = [(file.name, one) for file in files for one in credentials_in(file.text)]
    hashes = [(name, one) for name, sql in models for one in sql.bare_hashes(personal)]
    return {
        "secrets": [{"file": name, "line": line, "kind": kind} for name, (line, kind) in secrets],
        "foreign_reads": [{"file": name, "line": line, "reads": said} for name, (line, said) in reads],
        "bare_hashes": [{"file": name, "line": line, "column": said} for name, (line, said) in hashes],
    }


def _sources(file: TextFile, others: Set[str]) -> Iterator[Told]:
    """Sources that a project declares by hand in the schema of another domain."""
    if not file.name.endswith((".yml", ".yaml")) or "/_generated/" in file.name or "sources:" not in file.text:
        return
    try:
        document = parse_document(file.text, file.name)
    except ContractError:
        return  # dbt refuses it with its own words
    declared = document.value.get("sources")
    for index, source in enumerate(declared if isinstance(declared, list) else []):
        schema = source.get("schema", source.get("name")) if isinstance(source, dict) else None
        if isinstance(schema, str) and schema.lower() in others:
            yield document.line(("sources", index)), f"source {source.get('name')} in schema {schema}"


def _by_domain(mesh: Mesh) -> Mapping[str, Sequence[DataProduct]]:
    found: dict[str, list[DataProduct]] = {}
    for product in mesh.products.values():
        found.setdefault(product.domain, []).append(product)
    return found


def _personal(mesh: Mesh, own: Sequence[DataProduct]) -> frozenset[str]:
    """The columns with personal data that a domain's models may meet: its own and those of what it reads."""
    read = [mesh.products[address] for product in own for address in mesh.upstream(product) if address in mesh.products]
    return frozenset(field.name.lower() for product in (*own, *read) for field in product.fields if field.is_pii)


def _folders(root: Path) -> set[str]:
    found = (path for top in _SHARED for path in (root / top).glob("*/") if path.is_dir())
    return {path.name for path in found if not path.name.startswith(".")}


def _platform_files(settings: Settings) -> Iterator[TextFile]:
    """Every file outside of the domains that is kept with the project; tests and documents are full of examples."""
    ignored = settings.root / ".gitignore"
    patterns = [line.strip("/ ") for line in ignored.read_text().splitlines()] if ignored.is_file() else []
    for path in sorted(settings.root.iterdir()):
        if path == settings.home or any(fnmatch(path.name, pattern) for pattern in patterns):
            continue
        if path.is_file():
            yield from _read(settings.root, path)
        elif path.name == ".github" or not (path.name.startswith(".") or path.name in _SHARED | _EXAMPLES | _SKIPPED):
            yield from _files(settings.root, path)


def _files(root: Path, folder: Path) -> Iterator[TextFile]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.endswith(".egg-info"))
        for name in sorted(names):
            yield from _read(root, Path(place) / name)


def _read(root: Path, path: Path) -> Iterator[TextFile]:
    """The file, unless it is a link, no text, or larger than anything that a person writes."""
    try:
        said = path.lstat()
        if not S_ISREG(said.st_mode) or said.st_size > MAX_BYTES:
            return
        content = path.read_bytes()
    except FileNotFoundError:
        return  # it went after its folder was read
    except OSError as error:
        raise PolicyError(f"{path.relative_to(root)} cannot be read, so nothing can be said of it: {error}") from None
    if b"\0" not in content:
        yield TextFile(path.relative_to(root).as_posix(), content.decode(errors="replace"))


def _workloads(value: Any, at: str) -> Iterator[Mapping[str, Any]]:
    """Every part of a values file or manifest that runs a container: it has an image, or resources."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _workloads(item, f"{at}[{index}]")
    if not isinstance(value, dict):
        return
    if "resources" in value or isinstance(value.get("image"), str | dict):
        resources = value.get("resources")
        limits = resources.get("limits") if isinstance(resources, dict) else None
        limits = limits if isinstance(limits, dict) else {}
        memory = _amount(limits.get("memory"))
        yield {
            "path": at,
            "name": str(value.get("name") or at or "the container"),
            "cpu": _amount(limits.get("cpu")),
            "memory_mib": None if memory is None else memory / _MIB,
        }
    for key, item in value.items():
        if key not in ("resources", "image"):
            yield from _workloads(item, f"{at}.{key}" if at else str(key))


def _amount(value: Any) -> float | None:
    """A Kubernetes quantity as a number (cores, bytes); None for what is none."""
    found = _QUANTITY.match(str(value)) if value is not None and not isinstance(value, bool) else None
    return float(found["number"]) * _UNITS.get(found["unit"] or "", 1.0) if found else None
