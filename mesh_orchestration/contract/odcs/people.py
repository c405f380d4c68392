"""Who owns a product, whom to ask, who may read it: ``team``, ``support`` and ``roles``, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mesh_orchestration.contract.dialect import Place
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.words import MEMBER, ROLE, SUPPORT, TEAM
from mesh_orchestration.contract.words import EMAIL

_OWNER = {"owner", "data owner", "product owner", "data product owner"}


def team(product: DataProduct) -> dict[str, Any]:
    """The owner as a team: its name, or the one member who is the owner."""
    if product.owner.startswith("team:"):
        return {"name": product.owner.removeprefix("team:")}
    return {"members": [{"username": product.owner, "role": "Owner"}]}


def read_team(value: Any, spec: dict[str, Any], notes: Notes) -> None:
    """The owner out of a team (or, as in 3.0, a list of its members)."""
    whole = {"members": value} if isinstance(value, list) else notes.mapping(value, ("team",))
    prefix: Path_ = ("team",) if isinstance(value, list) else ("team", "members")
    members = list(notes.mappings(whole.get("members"), prefix))
    notes.places["spec", "owner"] = Place(("team",))
    used: set[str] = {"members"}
    owner = next(((path, who) for path, who in members if _is_owner(who)), None)
    if owner:
        spec["owner"] = owner[1]["username"]
        notes.places["spec", "owner"] = Place((*owner[0], "username"))
    elif whole.get("name"):
        spec["owner"] = f"team:{re.sub(r'[^A-Za-z0-9._-]+', '-', str(whole['name'])).strip('-._')}"
        used.add("name")
    notes.rest(whole, ("team",), used=used, known=TEAM)
    for path, who in members:
        if owner is None or path != owner[0]:
            notes.lose(
                path, who.get("username") or who.get("name"), "a contract names the owner, not the team's members"
            )
        else:
            notes.rest(who, path, used={"username", "role"}, known=MEMBER)


def _is_owner(who: Mapping[Any, Any]) -> bool:
    """Whether a member owns the product now and can be reached under the name given."""
    role = str(who.get("role", "")).lower() in _OWNER
    return role and not who.get("dateOut") and bool(EMAIL.match(str(who.get("username", ""))))


def support(product: DataProduct) -> list[dict[str, Any]]:
    """The channel and the address to ask, where there are any."""
    said = product.spec.support
    channels: list[dict[str, Any]] = []
    if said.channel:
        channels.append({"channel": said.channel} | ({"url": said.url} if said.url else {}))
    if said.email:
        channels.append({"channel": said.email, "tool": "email", "url": f"mailto:{said.email}"})
    return channels


def read_support(value: Any, spec: dict[str, Any], notes: Notes) -> None:
    """The first channel and the first address of ``support``; the others are lost."""
    said: dict[str, Any] = {}
    notes.places["spec", "support"] = Place(("support",))
    for path, item in notes.mappings(value, ("support",)):
        url = str(item.get("url") or "")
        address = url.removeprefix("mailto:")
        if (item.get("tool") == "email" or url.startswith("mailto:")) and EMAIL.match(address) and "email" not in said:
            said["email"] = address
            named = {"channel"} if item.get("channel") == address else set()
            notes.rest(item, path, used={"tool", "url", *named}, known=SUPPORT)
        elif item.get("channel") and "channel" not in said:
            said["channel"] = item["channel"]
            said |= {"url": url} if url else {}
            notes.rest(item, path, used={"channel", "url"}, known=SUPPORT)
        else:
            notes.lose(path, item.get("channel"), "a contract names one channel and one address")
    if said:
        spec["support"] = said


def roles(product: DataProduct) -> Iterator[dict[str, Any]]:
    """The roles that may read the product."""
    yield from ({"role": role, "access": "read"} for role in product.spec.access.roles)


def read_roles(value: Any, spec: dict[str, Any], notes: Notes) -> None:
    """The roles that may read; a role that may do more is not made a reader, it is lost."""
    readers: list[Any] = []
    notes.places["spec", "access"] = Place(("roles",))
    for path, item in notes.mappings(value, ("roles",)):
        if str(item.get("access") or "read").lower() in {"read", "select", "reader"} and item.get("role"):
            readers.append(item["role"])
            notes.places["spec", "access", "roles", len(readers) - 1] = Place((*path, "role"))
            notes.rest(item, path, used={"role", "access"}, known=ROLE)
        else:
            notes.lose(path, f"{item.get('role')}: {item.get('access')}", "consumers of a product only read it")
    if readers:
        spec["access"] = {"roles": readers}
