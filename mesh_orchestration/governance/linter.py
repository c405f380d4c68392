"""What the Rego of this mesh may not say, so that every engine decides the same and nothing is dropped silently.

Two differences between engines made the subset. A reference that is undefined in the head of a rule
makes regorus drop the rule for all its iterations; so a head holds only variables and constants. A
negated expression with an undefined reference is false in OPA and true in regorus; so only rules and
functions are negated, with plain arguments. The rest keeps decisions repeatable (no clock, no network,
no randomness) and domains apart (a policy defines and reads only what its place allows).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import Problem
from mesh_orchestration.governance.builtins import BUILTINS
from mesh_orchestration.governance.bundle import SETS, Bundle, Policy
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.syntax import unreadable
from mesh_orchestration.governance.tree import (
    Node,
    head_of,
    head_values,
    is_plain,
    kind_of,
    line_of,
    name_of,
    path_of,
    statements,
    walk,
)

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_VERB = re.compile(r"%(?![%sv])[^a-zA-Z%]*[a-zA-Z]?")
Told = tuple[int, str]
"""A line and what is wrong there."""


@dataclass(frozen=True)
class _Read:
    """A policy with its tree; ``functions`` are the callable names of the whole bundle by package."""

    policy: Policy
    tree: Node
    functions: Mapping[str, frozenset[str]]

    @property
    def rules(self) -> list[Node]:
        return list(self.tree["rules"])

    @property
    def aliases(self) -> dict[str, str]:
        """The packages that its imports name: alias to package without ``data.``."""
        found = {}
        for path, alias, _ in _imports(self.policy, self.tree):
            if path[0] == "data":
                found[alias] = ".".join(path[1:])
        return found


def lint_policies(bundle: Bundle, engine: Embedded) -> tuple[Problem, ...]:
    """Every finding in the bundle's Rego, tests included, in file order."""
    trees = engine.parse([(policy.file, policy.text) for policy in bundle.policies])
    problems: list[Problem] = []
    sound: list[tuple[Policy, Node]] = []
    for policy, tree in zip(bundle.policies, trees, strict=True):
        if "error" in tree:
            problems.append(unreadable(policy.file, tree["error"]))
        else:
            sound.append((policy, tree))
    functions = {policy.package: _functions(tree) for policy, tree in sound}
    for policy, tree in sound:
        read = _Read(policy, tree, functions)
        problems += [Problem(policy.file, line, "", message) for line, message in _findings(read)]
    problems += _untested(bundle)
    return tuple(sorted(set(problems)))


def outside_subset(file: str, text: str, tree: Node) -> tuple[Problem, ...]:
    """What a policy from anywhere says that this mesh does not admit, wherever it may come to stand."""
    package = ".".join(path_of(tree["package"]["refr"]))
    read = _Read(Policy(file, text, package), tree, {package: _functions(tree)})
    checks: Sequence[Callable[[_Read], Iterator[Told]]] = (_calls, _heads, _negations, _mocks)
    return tuple(sorted({Problem(file, line, "", said) for check in checks for line, said in check(read)}))


def _findings(read: _Read) -> Iterator[Told]:
    checks: Sequence[Callable[[_Read], Iterator[Told]]] = (_place, _imported, _calls)
    for check in checks:
        yield from check(read)
    if not read.policy.is_test:
        for stricter in (_heads, _negations, _mocks, _references, _sets):
            yield from stricter(read)


def _place(read: _Read) -> Iterator[Told]:
    package = ".".join(path_of(read.tree["package"]["refr"]))
    if package != read.policy.package:
        yield line_of(read.tree["package"]), f"package {package} stands in the place of {read.policy.package}"
    for rule in read.rules:
        if not _NAME.match(name := name_of(rule)):
            yield line_of(rule), f"'{name}' is not a name here; write it in lower case with _"


def _imports(policy: Policy, tree: Node) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Path, local name and line of each import; the tree holds only where a name after ``as`` stands."""
    text = policy.text.encode()
    for item in tree["imports"]:
        path, alias = path_of(item["refr"]), item.get("as")
        yield path, text[alias["start"] : alias["end"]].decode() if alias else path[-1], line_of(item)


def _imported(read: _Read) -> Iterator[Told]:
    for path, _, line in _imports(read.policy, read.tree):
        name = ".".join(path)
        own = read.policy.is_test and name == f"data.{read.policy.package.removesuffix('_test')}"
        if path == ("rego", "v1") or own:
            continue
        if path[:3] != ("data", "mesh", "lib"):
            yield line, f"'{name}' may not be imported here; policies share functions through data.mesh.lib only"
        elif ".".join(path[1:]) not in read.functions:
            yield line, f"there is no policies/lib/{path[-1]}.rego{suggestion(path[-1], _libraries(read))}"


def _libraries(read: _Read) -> list[str]:
    return [package.rsplit(".", 1)[-1] for package in read.functions if package.startswith("mesh.lib.")]


def _functions(tree: Node) -> frozenset[str]:
    return frozenset(name_of(rule) for rule in tree["rules"])


def _calls(read: _Read) -> Iterator[Told]:
    own = read.functions[read.policy.package]
    for kind, call in walk(read.rules):
        if kind != "Call":
            continue
        path = path_of(call["fcn"])
        name = ".".join(path)
        library = read.functions.get(read.aliases.get(path[0], ""), frozenset())
        if name in own or (len(path) == 2 and path[1] in library):
            continue
        if name in BUILTINS:
            if name == "sprintf":
                yield from _format(call)
        else:
            yield line_of(call), f"'{name}' is not a function here{suggestion(name, [*BUILTINS, *own])}"


def _format(call: Node) -> Iterator[Told]:
    text = call["params"][0].get("String") or call["params"][0].get("RawString")
    if text is None:
        yield line_of(call), "the format of sprintf must be written as text where it is used"
    elif found := _VERB.search(str(text["value"]).replace("%%", "")):
        yield line_of(call), f"'{found[0]}' is not the same in every engine; use %s for text and %v for numbers"


def _heads(read: _Read) -> Iterator[Told]:
    for rule in read.rules:
        for value in head_values(rule):
            if not is_plain(value):
                fix = "bind it to a variable in the body first (x := …) and put the variable in the head"
                yield line_of(value), f"the head of '{name_of(rule)}' holds more than a variable or a constant; {fix}"


def _negations(read: _Read) -> Iterator[Told]:
    for kind, literal in walk(read.rules):
        if kind != "NotExpr":
            continue
        expression: Node = literal["expr"]
        helper = kind_of(expression) == "Call" and all(is_plain(value) for value in expression["Call"]["params"])
        rule = kind_of(expression) == "Var" and expression["Var"]["value"] in read.functions[read.policy.package]
        if (helper and ".".join(path_of(expression["Call"]["fcn"])) not in BUILTINS) or rule:
            continue
        yield line_of(literal), "only a rule, or a function with plain arguments, may be negated; move this to one"


def _mocks(read: _Read) -> Iterator[Told]:
    for rule in read.rules:
        for statement in statements(rule):
            if statement.get("with_mods"):
                yield line_of(statement), "'with' belongs in tests; a policy may not put another input or data in place"


def _references(read: _Read) -> Iterator[Told]:
    """Outside its own package a policy reads only the shared data and functions."""
    for kind, content in walk(read.rules):
        if kind != "RefDot":
            continue
        path = path_of({kind: content})
        if path[:1] == ("data",) and len(path) > 1 and path[1] != "config" and path[:3] != ("data", "mesh", "lib"):
            yield line_of(content), f"'{'.'.join(path)}' may not be read here; shared data is data.config.<file>"


def _sets(read: _Read) -> Iterator[Told]:
    """A rule file adds denials, masks and filters, and nothing that could take one away; only a global rule on
    reads may lift the mask of a contract."""
    if read.policy.folder not in ("rules", "domains"):
        return
    names = {name_of(rule) for rule in read.rules}
    if not names & set(SETS):
        yield 1, "has no 'deny contains finding if {…}'"
    for rule in read.rules:
        name = name_of(rule)
        if name in SETS and head_of(rule)[0] != "Set":
            yield line_of(rule), f"{name} must be a set: '{name} contains finding if {{…}}'"
        if name == "reveal" and read.policy.domain:
            yield line_of(rule), "a domain may not lift a mask; it only adds denials, masks and filters"
        if name in ("allow", "override", "input", "data"):
            yield line_of(rule), f"'{name}' has no meaning in a rule; a policy only adds denials"


def _untested(bundle: Bundle) -> Iterator[Problem]:
    tested = {policy.package.removesuffix("_test") for policy in bundle.policies if policy.is_test}
    for policy in bundle.policies:
        if not policy.is_test and policy.package not in tested:
            name = policy.file.removesuffix(".rego")
            yield Problem(policy.file, 1, "", f"has no test; write {name}_test.rego")
