"""What was answered and what was written for it: the file by which a scaffold is updated later.

A template shipped in a package has no history to ask for its former text, so the text itself is kept.
"""

from __future__ import annotations

from typing import Any

import yaml

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.render import Rendered

_HEADER = """\
# What `mesh new {kind} {name}` was answered and what it wrote; `mesh new {kind} {name} --update` merges
# what has changed in the templates since. Commit it, never edit it.
"""


def domain_answers(domain: str) -> str:
    """The answers file of a domain, relative to the mesh root."""
    return f"dbt_projects/{domain}/.copier-answers.yml"


def product_answers(address: Address) -> str:
    """The answers file of a product, relative to the mesh root."""
    return f"dbt_projects/{address.domain}/.copier-answers.{address.product}.v{address.major}.yml"


def record(kind: str, name: str, rendered: Rendered) -> str:
    """The text of an answers file."""
    content = {"template": kind, "answers": dict(rendered.answers), "rendered": dict(rendered.files)}
    return _HEADER.format(kind=kind, name=name) + yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9
    )


def recorded(text: str, path: str) -> Rendered:
    """What an answers file says; raises MeshError naming ``path`` when it cannot be read."""
    try:
        content: dict[str, Any] = yaml.safe_load(text)
        return Rendered(dict(content["rendered"]), dict(content["answers"]))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise MeshError(
            f"{path} cannot be read ({error!r}); put back the committed one: git checkout -- {path}"
        ) from None


class _Dumper(yaml.SafeDumper):
    """Texts of several lines are written as such; nothing is written as a reference to something before."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's name
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value and not any(line.endswith((" ", "\t")) for line in value.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
