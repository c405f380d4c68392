"""What a new domain or product may be called."""

from __future__ import annotations

import re

from mesh_orchestration.contract.address import DOMAIN, PRODUCT, Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.rules import RESERVED_DOMAINS, RESERVED_PRODUCTS
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.settings import Settings

_ADDRESS = re.compile(r"^([^.]+)\.([^.]+?)(?:\.v(\d{1,6}))?$")


class AnswerError(ValueError):
    """A name or an answer that cannot be; the message says why and what could."""


def domain_name(text: str, *, taken: tuple[str, ...] = ()) -> str:
    """The name of a new domain; raises AnswerError saying what is wrong with ``text``."""
    if not DOMAIN.match(text):
        fitting = re.sub(r"[^a-z0-9]", "", text.lower()).lstrip("0123456789")
        hint = f", e.g. {fitting}" if fitting else ""
        raise AnswerError(f"'{text}' cannot be a domain: use lower-case letters and digits, a letter first{hint}")
    if text in RESERVED_DOMAINS:
        raise AnswerError(f"'{text}' is a name the mesh uses itself; choose another")
    if text in taken:
        raise AnswerError(f"there is a domain '{text}' already; add to it with: mesh new product {text}.NAME")
    return text


def technology_warning(domain: str, settings: Settings) -> str:
    """Why ``domain`` may be a poor name by the words in the mesh's own policies; empty for any other word."""
    from mesh_orchestration.governance.bundle import load_bundle

    try:
        words = load_bundle(settings.root).data["config"].get("names", {}).get("technology", ())
    except PolicyError:  # what is wrong with the policies is told by mesh policy check
        return ""
    if domain not in words:
        return ""
    return f"'{domain}' names a technology; a domain is a part of the business, such as returns or billing"


def product_address(text: str, mesh: Mesh, *, domains: tuple[str, ...]) -> Address:
    """The address of a new product, ``domain.product`` or ``domain.product.v<major>`` (the first is v1).

    Raises AnswerError when it is no address, its domain is unknown, or it is taken.
    """
    match = _ADDRESS.match(text)
    if not match:
        raise AnswerError(f"'{text}' is not an address; write domain.product, e.g. returns.returned_items")
    domain, name, major = match[1], match[2].replace("-", "_"), int(match[3] or 1)
    if not PRODUCT.match(name) or len(name) > 55:
        raise AnswerError(f"'{match[2]}' cannot be a product: use at most 55 lower-case letters, digits and _")
    if name in RESERVED_PRODUCTS:
        raise AnswerError(f"'{name}' is a name the mesh uses itself; choose another")
    if domain not in domains:
        hint = suggestion(domain, domains)
        raise AnswerError(f"there is no domain '{domain}'{hint}; make it with: mesh new domain {domain}")
    if major < 1:
        raise AnswerError(f"'{text}' has major 0; the first is v1")
    address = Address(domain, name, major)
    majors = sorted(known.major for known in mesh.products if known.asset_key[:2] == address.asset_key[:2])
    if major in majors:
        raise AnswerError(
            f"there is a product {address} already; change its contract, or make {domain}.{name}.v{majors[-1] + 1}"
        )
    return address
