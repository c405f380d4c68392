"""Tokens of an identity provider: whose count, in which role, with which rights, and what happens to its keys."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.security.discovery import ProviderError
from mesh_orchestration.web.security.oidc import Provider, Refusal, Verifier
from tests.builders import mesh_at
from tests.web.api.client import ELSEWHERE, visitor
from tests.web.api.provider import IdentityProvider, identity_provider, rsa_key
from tests.web.service import service


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path, provider: IdentityProvider) -> Settings:
    return mesh_at(tmp_path, MESH_AUTH="oidc", MESH_OIDC_ISSUER=provider.url, MESH_OIDC_AUDIENCE="mesh")


def test_a_token_of_the_provider_reads_and_its_scopes_allow_more(
    settings: Settings, provider: IdentityProvider
) -> None:
    reads, sends = provider.token(), provider.token(scope="openid mesh:lineage")
    with visitor(settings, at=ELSEWHERE) as client:

        def ask(token: str, method: str, path: str) -> int:
            return client.request(method, path, json=[], headers={"Authorization": f"Bearer {token}"}).status_code

        assert ask(reads, "GET", "/v1/products") == 200
        assert ask(reads, "POST", "/api/v1/lineage/batch") == 403
        assert ask(sends, "POST", "/api/v1/lineage/batch") == 200


def _by_public_key(provider: IdentityProvider) -> str:
    """A token signed by HMAC with the provider's public key, as an attack on lax verifiers does."""
    key = provider.keys["first"].public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = provider.token().split(".")[1]
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"first"}').rstrip(b"=").decode()
    signature = hmac.digest(pem, f"{header}.{claims}".encode(), "sha256")
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "made",
    [
        lambda one: one.token(exp=time.time() - 60),
        lambda one: one.token(nbf=time.time() + 600),
        lambda one: one.token(aud="another"),
        lambda one: one.token(iss="https://evil.example"),
        lambda one: one.token(exp=None),
        lambda one: one.token(sub=None),
        lambda one: one.token(sign_with=rsa_key("stranger")),
        lambda one: one.token(sign_with=rsa_key("stranger"), kid="unknown"),
        lambda one: jwt.encode({"sub": "u-1"}, None, algorithm="none"),
        _by_public_key,
        lambda one: "no.token.at-all",
    ],
    ids="expired early audience issuer endless nobody forged unknown-key unsigned confused nonsense".split(),
)
def test_a_token_that_does_not_count_is_refused(
    provider: IdentityProvider, made: Callable[[IdentityProvider], str]
) -> None:
    verifier = Verifier(Provider(provider.url, "mesh", "", "role"))
    with pytest.raises(Refusal):
        verifier.claims(made(provider))


@pytest.mark.parametrize(
    ("claim", "claims", "role"),
    [
        ("role", {}, "analyst"),
        ("roles", {"roles": ["finance", "engineer"]}, "finance"),
        ("realm_access.roles", {"realm_access": {"roles": ["engineer"]}}, "engineer"),
        ("groups", {}, ""),
    ],
)
def test_the_role_is_in_the_claim_of_the_settings(
    provider: IdentityProvider, claim: str, claims: dict[str, Any], role: str
) -> None:
    verifier = Verifier(Provider(provider.url, "mesh", "", claim))
    assert verifier.role(verifier.claims(provider.token(**claims))) == role


def test_keys_are_kept_and_a_new_one_is_found(provider: IdentityProvider) -> None:
    verifier = Verifier(Provider(provider.url, "mesh", "", "role"), pause=0)
    for _ in range(5):
        verifier.claims(provider.token())
    old, reads = provider.token(), provider.reads
    provider.rotate("second", curve=True)
    found = verifier.claims(provider.token())["sub"]
    assert (reads, found, provider.reads) == (1, "u-1", 2)
    with pytest.raises(Refusal, match="not among"):
        verifier.claims(old)


def test_a_key_that_was_withdrawn_counts_no_longer_when_keys_are_old(provider: IdentityProvider) -> None:
    verifier = Verifier(Provider(provider.url, "mesh", "", "role"), fresh=0, pause=0)
    token = provider.token()
    verifier.claims(token)
    provider.rotate("second")
    with pytest.raises(Refusal, match="not among"):
        verifier.claims(token)


def test_unknown_keys_do_not_make_us_ask_the_provider_again_and_again(provider: IdentityProvider) -> None:
    verifier = Verifier(Provider(provider.url, "mesh", "", "role"))
    verifier.claims(provider.token())
    for number in range(9):
        with pytest.raises(Refusal, match="not among"):
            verifier.claims(provider.token(kid=f"made-up-{number}"))
    assert provider.reads == 1


def test_a_provider_that_is_away_takes_nothing_from_known_keys() -> None:
    with identity_provider() as provider:
        verifier = Verifier(Provider(provider.url, "mesh", "", "role"), fresh=0, pause=0)
        token = provider.token()
        verifier.claims(token)
    assert verifier.claims(token)["sub"] == "u-1"
    with pytest.raises(ProviderError, match="cannot be read"):
        Verifier(Provider(provider.url, "mesh", "", "role")).claims(token)


def test_while_nobody_can_be_recognised_callers_are_told_to_come_back(tmp_path: Path) -> None:
    with identity_provider() as provider:
        token, url = provider.token(), provider.url
    settings = mesh_at(tmp_path, MESH_AUTH="oidc", MESH_OIDC_ISSUER=url, MESH_OIDC_AUDIENCE="mesh")
    with visitor(settings) as client:
        answer = client.get("/v1/products", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("MESH_OIDC_ISSUER", "http://idp.example.org"),
        ("MESH_OIDC_ISSUER", "http://localhost.evil.example"),
        ("MESH_OIDC_JWKS_URL", "file:///etc/passwd"),
    ],
)
def test_keys_that_come_in_the_clear_are_not_taken(tmp_path: Path, name: str, url: str) -> None:
    said = {"MESH_OIDC_ISSUER": "https://idp.example.org", "MESH_OIDC_AUDIENCE": "mesh", name: url}
    with pytest.raises(SettingsError, match=f"{name}=.* is not https"):
        Provider.of(mesh_at(tmp_path, **said))


@pytest.mark.slow
def test_a_running_service_takes_the_tokens_of_a_provider(settings: Settings, provider: IdentityProvider) -> None:
    with service(settings) as url:
        asked = [
            httpx.get(f"{url}/v1/products", headers={"Authorization": f"Bearer {token}"}).status_code
            for token in (provider.token(), provider.token(aud="another"))
        ]
    assert asked == [200, 401]
