"""A person with a browser who signs in to the service at a provider, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from mesh_orchestration.settings import Settings
from tests.builders import mesh_at
from tests.web.api.client import Visitor, visitor
from tests.web.api.provider import ID, SECRET, IdentityProvider

PAGE = {"Accept": "text/html"}
ROLES = (
    "analyst: {description: Asks., personal_data: masked}\nengineer: {description: Builds., personal_data: masked}\n"
)


def mesh_with(root: Path, issuer: str, **environ: str) -> Settings:
    """A mesh with two roles whose people sign in at ``issuer``."""
    said = {"MESH_AUTH": "oidc", "MESH_OIDC_ISSUER": issuer, "MESH_OIDC_CLIENT_ID": ID,
            "MESH_OIDC_CLIENT_SECRET": SECRET, **environ}  # fmt: skip
    settings = mesh_at(root, **said)
    roles = root / "policies" / "data" / "roles.yaml"
    roles.parent.mkdir(parents=True, exist_ok=True)
    roles.write_text(ROLES)
    return settings


class Person:
    """``mesh`` is their browser at the service, ``provider`` the same browser at the provider."""

    def __init__(self, mesh: Visitor, provider: httpx.Client) -> None:
        self.mesh, self.provider = mesh, provider

    def asked(self, to: str = "/", **wish: str) -> str:
        """Where the service sends them to sign in."""
        answer = self.mesh.get("/sign-in/start", params={"next": to, **wish}, headers=PAGE, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def consented(self, url: str, answer: str = "yes") -> str:
        """Where the provider sends them back to."""
        page = self.provider.get(url)
        if page.status_code == 302:
            return page.headers["Location"]
        fields = {
            name: unescape(value) for name, value in re.findall(r'hidden" name="(\w+)" value="([^"]*)"', page.text)
        }
        return self.provider.post("/login", data={**fields, "answer": answer}).headers["Location"]

    def back(self, url: str) -> Any:
        """The service's answer when the browser comes back."""
        return self.mesh.get(url, headers=PAGE, follow_redirects=False)

    def sign_in(self, to: str = "/", **wish: str) -> Any:
        """The service's answer at the end of it all."""
        return self.back(self.consented(self.asked(to, **wish)))

    def forget(self) -> None:
        """Have a browser that has been nowhere yet."""
        self.mesh.cookies.clear()
        self.provider.cookies.clear()

    def sees(self) -> int:
        """The status of something that only those see who are signed in."""
        return self.mesh.get("/v1/products").status_code

    @property
    def session(self) -> str:
        return self.mesh.cookies.get("mesh_session", "")


@contextmanager
def person(settings: Settings, provider: IdentityProvider) -> Iterator[Person]:
    """A person whose browser has been nowhere yet."""
    with visitor(settings) as mesh, httpx.Client(base_url=provider.url, timeout=10) as at_provider:
        yield Person(mesh, at_provider)
