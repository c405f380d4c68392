"""The policies of a mesh as one bundle with one hash, the same at every point where it decides.

``policies/rules/*.rego`` (package ``mesh.rules.<file>``) hold for every domain;
``policies/domains/<domain>/*.rego`` (package ``mesh.domains.<domain>.<file>``) for one;
``policies/lib/*.rego`` (package ``mesh.lib.<file>``) are functions for both;
``policies/examples/*.rego`` (package ``mesh.examples.<file>``) decide nothing;
``policies/data/<name>.yaml`` is ``data.config.<name>``. A file ``*_test.rego`` tests the file it is named after.
A rule file has one METADATA comment and a set ``deny`` of ``{"path": …, "message": …}``. A rule on reads may also,
or instead, have the sets ``mask`` (``{"column": …, "mask": …}``) and ``filter`` (``{"column": …, "operator": …,
"value": …}``), and a global one ``reveal`` (``{"column": …}``), which takes a contract's own mask away.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.document import read_document
from mesh_orchestration.errors import ContractError, PolicyError, Problem
from mesh_orchestration.governance.metadata import Metadata, read_metadata

POLICIES = "policies"
MAX_BYTES = 256 * 1024
SETS = ("deny", "mask", "filter", "reveal")
_SET = re.compile(r"^(\w+) contains ", re.MULTILINE)
_FOLDERS = ("rules", "domains", "lib")


@dataclass(frozen=True)
class Policy:
    """One Rego file: ``file`` relative to the mesh root, ``package`` where its place puts it."""

    file: str
    text: str
    package: str

    @property
    def is_test(self) -> bool:
        return self.file.endswith("_test.rego")

    @property
    def folder(self) -> str:
        """``rules``, ``domains``, ``lib`` or ``examples``."""
        return self.file.split("/")[1]

    @property
    def domain(self) -> str:
        """The domain it belongs to; empty for one that holds for all."""
        return self.file.split("/")[2] if self.folder == "domains" else ""


@dataclass(frozen=True)
class Rule:
    """One guardrail: its policy and what the policy says of itself."""

    policy: Policy
    metadata: Metadata

    @property
    def code(self) -> str:
        return self.metadata.custom.code

    @property
    def deny(self) -> str:
        """The path of its findings, as an engine is asked for them."""
        return f"data.{self.policy.package}.deny"

    @cached_property
    def sets(self) -> Mapping[str, str]:
        """The sets that the rule defines, ``deny``, ``mask``, ``filter``, ``reveal``, and their paths."""
        found = dict.fromkeys(_SET.findall(self.policy.text))
        return {name: f"data.{self.policy.package}.{name}" for name in found if name in SETS}

    def concerns(self, domain: str) -> bool:
        """Whether it judges what belongs to ``domain``."""
        return self.policy.domain in ("", domain)


@dataclass(frozen=True)
class Bundle:
    """Every policy, test and datum of a mesh; ``rules`` by code."""

    policies: tuple[Policy, ...] = ()
    rules: tuple[Rule, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of what decides: the policies without their tests, and the data."""
        content = [[policy.file, policy.text] for policy in self.policies if not policy.is_test]
        return hashlib.sha256(json.dumps([content, self.data], sort_keys=True).encode()).hexdigest()

    @property
    def deciding(self) -> list[tuple[str, str]]:
        """Path and text of every policy that is not a test."""
        return [(policy.file, policy.text) for policy in self.policies if not policy.is_test]

    def rule(self, code: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.code == code.upper()), None)


def load_bundle(root: Path) -> Bundle:
    """The bundle of the mesh at ``root``; empty without policies. Raises PolicyError with every problem found
    in reading (what the Rego itself may not say is the linter's to find)."""
    problems: list[Problem] = []
    policies = tuple(_policies(root, problems))
    rules = tuple(_rules(policies, problems))
    data = {"config": dict(_data(root, problems))}
    _refuse_twins(rules, problems)
    if problems:
        raise PolicyError("", problems=tuple(problems))
    return Bundle(policies, tuple(sorted(rules, key=lambda rule: rule.code)), data)


def with_examples(bundle: Bundle, root: Path) -> Bundle:
    """``bundle`` and the policies in ``policies/examples``, which decide nothing and are linted and tested with it."""
    problems: list[Problem] = []
    examples = tuple(_policies(root, problems, folders=("examples",)))
    if problems:
        raise PolicyError("", problems=tuple(problems))
    return replace(bundle, policies=(*bundle.policies, *examples))


def policy_files(root: Path, folders: Sequence[str] = _FOLDERS) -> tuple[Path, ...]:
    """Every Rego file of the bundle, relative to ``root``, in order."""
    found = (path for folder in folders for path in (root / POLICIES / folder).rglob("*.rego"))
    return tuple(sorted(path.relative_to(root) for path in found))


def _policies(root: Path, problems: list[Problem], folders: Sequence[str] = _FOLDERS) -> Iterator[Policy]:
    for path in policy_files(root, folders):
        file = path.as_posix()
        try:
            if not (root / path).resolve(strict=True).is_relative_to(root.resolve()):
                raise ValueError("leads out of the mesh; keep a real file")
            if (root / path).stat().st_size > MAX_BYTES:
                raise ValueError(f"is over {MAX_BYTES // 1024} KiB, which no policy needs")
            text = (root / path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            problems.append(Problem(file, 1, "", f"cannot be read: {error}"))
            continue
        yield Policy(file, text, package_of(path))


def package_of(path: Path) -> str:
    """The package that a file's place gives it: ``policies/rules/owner.rego`` is ``mesh.rules.owner``."""
    return ".".join(("mesh", *path.with_suffix("").parts[1:]))


def _rules(policies: tuple[Policy, ...], problems: list[Problem]) -> Iterator[Rule]:
    for policy in policies:
        if policy.is_test or policy.folder == "lib":
            continue
        metadata, found = read_metadata(policy.text, policy.file)
        problems.extend(found)
        if metadata:
            yield Rule(policy, metadata)


def _data(root: Path, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for path in sorted((root / POLICIES / "data").glob("*.yaml")):
        try:
            document = read_document(path.relative_to(root), root=root)
        except ContractError as error:
            problems.extend(error.problems)
            continue
        problems.extend(document.problems)
        yield path.stem, json.loads(json.dumps(document.value, default=str))


def _refuse_twins(rules: tuple[Rule, ...], problems: list[Problem]) -> None:
    first: dict[str, Rule] = {}
    for rule in rules:
        owner = first.setdefault(rule.code, rule)
        if owner is not rule:
            problems.append(
                Problem(rule.policy.file, 1, "code", f"{rule.code} is already the code of {owner.policy.file}")
            )
