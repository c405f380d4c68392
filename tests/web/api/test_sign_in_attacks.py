"""Signing in, attacked: what is replayed, forged, mixed up, or made somebody's browser do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from mesh_orchestration.settings import Settings
from mesh_orchestration.web.security import flow_state
from mesh_orchestration.web.security.asking import ask
from mesh_orchestration.web.security.discovery import Discovery, ProviderError
from mesh_orchestration.web.security.oidc import Refusal
from tests.web.api.person import PAGE, Person, mesh_with, person
from tests.web.api.provider import IdentityProvider, identity_provider, rsa_key

pytestmark = pytest.mark.slow

KEY, NOW = b"a key of this service", datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def own_provider() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture
def provider(own_provider: IdentityProvider) -> IdentityProvider:
    """A provider that remembers nothing of other tests."""
    own_provider.forget()
    return own_provider


@pytest.fixture(scope="module")
def settings(own_provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    key = "shared by the processes of this service"
    return mesh_with(tmp_path_factory.mktemp("mesh"), own_provider.url, MESH_SECRET_KEY=key)


@pytest.fixture(scope="module")
def people(settings: Settings, own_provider: IdentityProvider) -> Iterator[tuple[Person, Person]]:
    """Two people, each at a process of the service: one of them takes a tenth of a second to start."""
    with person(settings, own_provider) as one, person(settings, own_provider) as other:
        yield one, other


@pytest.fixture
def ana(people: tuple[Person, Person], provider: IdentityProvider) -> Person:
    people[0].forget()
    return people[0]


@pytest.fixture
def eve(people: tuple[Person, Person], provider: IdentityProvider) -> Person:
    """Somebody else, with a browser of her own."""
    people[1].forget()
    return people[1]


@pytest.fixture
def fresh(settings: Settings, provider: IdentityProvider) -> Iterator[Person]:
    """Somebody at a service that has not counted any failure yet."""
    with person(settings, provider) as found:
        yield found


def brought(url: str) -> dict[str, str]:
    """What the provider sends back with a browser."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_what_the_provider_brought_back_counts_once(ana: Person) -> None:
    url = ana.consented(ana.asked())
    first, again = ana.back(url), ana.back(url)
    assert (first.status_code, again.status_code, "it was used already" in again.text) == (303, 403, True)
    ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"))
    assert "it was used already" in ana.back(url).text


def test_a_code_is_used_once_also_under_a_state_that_is_new(ana: Person) -> None:
    url = ana.consented(ana.asked())
    ana.back(url)
    new = brought(ana.asked())
    answer = ana.mesh.get(
        "/sign-in/callback", params={"state": new["state"], "code": brought(url)["code"]}, headers=PAGE
    )
    assert (answer.status_code, "invalid_grant: Code not valid" in answer.text) == (403, True)


def test_what_one_browser_began_is_ended_in_no_other(ana: Person, eve: Person) -> None:
    eve.asked()  # so that she has cookies too
    answer = eve.back(ana.consented(ana.asked()))
    assert (answer.status_code, eve.session) == (400, "")
    assert "not begun in this browser" in answer.text


def test_nobody_is_signed_in_as_another_by_a_link(ana: Person, eve: Person) -> None:
    """Eve sends Ana what would sign Ana's browser in as Eve: her code, under a state of Ana's."""
    code, state = brought(eve.consented(eve.asked()))["code"], brought(ana.asked())["state"]
    answer = ana.mesh.get("/sign-in/callback", params={"code": code, "state": state}, headers=PAGE)
    assert (answer.status_code, "PKCE verification failed" in answer.text, ana.session) == (403, True, "")


@pytest.mark.parametrize("state", ["", "x", ".", "x.y", "{0}x", "x{0}", "é.ü", "{0}\x00"])
def test_a_state_that_was_changed_does_not_count(ana: Person, state: str) -> None:
    real = brought(ana.asked())["state"]
    answer = ana.mesh.get("/sign-in/callback", params={"code": "c", "state": state.format(real)}, headers=PAGE)
    assert answer.status_code == 400


def test_a_browser_without_cookies_ends_no_sign_in(ana: Person) -> None:
    url = ana.consented(ana.asked())
    ana.mesh.cookies.clear()
    assert ana.back(url).status_code == 400


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (599, True), (601, False), (-60, False)])
def test_a_sign_in_that_takes_too_long_is_begun_anew(seconds: int, counts: bool) -> None:
    state = flow_state.begin(KEY, "visitor", "/a", now=NOW)
    later = NOW + timedelta(seconds=seconds)
    if counts:
        assert flow_state.resume(KEY, "visitor", state.text, now=later) == state
    else:
        with pytest.raises(Refusal, match="10 minutes"):
            flow_state.resume(KEY, "visitor", state.text, now=later)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["é"]}, "nonce"),
        ({"aud": "mesh"}, "Audience"),
        ({"azp": "another"}, "it was given to &#39;another&#39;"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": 1_700_000_000}, "expired; if it is new, the clocks"),
        ({"iat": 4_000_000_000}, "not yet valid (iat); if it is new, the clocks"),
        ({"sub": None}, "sub"),
        ({"sign_with": rsa_key("stranger")}, "Signature"),
        ({"sign_with": "secret of 32 bytes or more, anyway", "algorithm": "HS256"}, "signed by HS256"),
        ({"kid": "unknown"}, "its key is not among"),
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_does_not_count(
    ana: Person, provider: IdentityProvider, wrong: dict[str, Any], said: str
) -> None:
    provider.broken = wrong
    answer = ana.sign_in()
    assert (answer.status_code, said in answer.text, ana.session) == (403, True, "")
    provider.broken = {}
    assert ana.sign_in().status_code == 303


def test_an_access_token_of_somebody_else_says_nothing(ana: Person, provider: IdentityProvider) -> None:
    provider.opaque, provider.access = False, {"aud": "catalog", "sub": "u-2"}
    provider.broken = {"role": None}
    answer = ana.sign_in()
    assert (answer.status_code, "says nothing" in answer.text) == (403, True)
    provider.access = {"aud": "catalog"}
    assert ana.sign_in().status_code == 303


def test_clocks_may_differ_a_little(ana: Person, provider: IdentityProvider) -> None:
    provider.broken = {"iat": time.time() + 20, "exp": time.time() - 5}
    assert ana.sign_in().status_code == 303


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/\t/evil.example", "/\n/evil.example", "evil.example", "", " //evil.example", "/sign-in/start", "/sign-out",
        "/" + "a" * 2000,
    ],
)  # fmt: skip
def test_signing_in_leads_to_no_other_site_and_not_in_circles(ana: Person, to: str) -> None:
    end = ana.sign_in(to)
    assert (end.status_code, end.headers["Location"]) == (303, "/")


def test_the_page_of_this_service_leads_to_no_other_site(ana: Person) -> None:
    page = ana.mesh.get(f"/sign-in?next={quote('https://evil.example', safe='')}", headers=PAGE).text
    assert ("evil.example" in page, 'href="/sign-in/start?next=%2F"' in page) == (False, True)


def test_another_provider_cannot_answer_for_ours(ana: Person) -> None:
    mine = brought(ana.consented(ana.asked())) | {"iss": "https://evil.example"}
    answer = ana.mesh.get("/sign-in/callback", params=mine, headers=PAGE)
    assert (answer.status_code, "which was not asked" in answer.text) == (403, True)


def test_what_the_provider_refuses_is_said_and_escaped(ana: Person) -> None:
    answer = ana.back(ana.consented(ana.asked("/search"), answer="no"))
    assert answer.status_code == 403
    assert "access_denied: The person &lt;b&gt;said&lt;/b&gt; no" in answer.text
    assert "/sign-in/start?next=%2Fsearch" in answer.text


def test_a_made_up_refusal_is_not_shown(ana: Person) -> None:
    answer = ana.mesh.get("/sign-in/callback", params={"error": "call +1 555 0100", "state": "x"}, headers=PAGE)
    assert (answer.status_code, "555" in answer.text) == (400, False)


def test_a_client_that_the_provider_does_not_know_is_named_in_the_log(
    ana: Person, provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.secret = "another"
    answer = ana.sign_in()
    assert (answer.status_code, "catalog&#39;" in answer.text) == (503, False)
    assert "does not take MESH_OIDC_CLIENT_ID='catalog' and its secret: invalid_client" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_provider_that_goes_away_in_between_is_said_to_be_away(tmp_path: Path) -> None:
    with identity_provider() as provider, person(mesh_with(tmp_path, provider.url), provider) as ana:
        url = ana.consented(ana.asked())
        provider.server.shutdown()
        provider.server.server_close()
        answer = ana.back(url)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_a_session_that_was_changed_or_made_up_is_none(fresh: Person) -> None:
    fresh.sign_in()
    was = fresh.session
    changed = [f"{was[:at]}{'0' if was[at] != '0' else '1'}{was[at + 1 :]}" for at in (8, 12, 19, 21, 40, len(was) - 1)]
    made = ["session_", "session_0_0", "session_%_' or 1=1 --", "session", "mesh_0_0", "e30.e30.x"]
    fresh.mesh.cookies.clear()
    seen = [fresh.mesh.get("/v1/products", headers={"Cookie": f"mesh_session={one}"}) for one in (*changed, *made)]
    assert [one.status_code for one in seen] == [401] * 12
    assert fresh.mesh.get("/v1/products", headers={"Cookie": f"mesh_session={was}"}).status_code == 200


def test_guessing_sessions_is_stopped(fresh: Person) -> None:
    fresh.mesh.cookies.set("mesh_session", "session_0_guess")
    assert [fresh.sees() for _ in range(22)] == [401] * 20 + [429] * 2


def test_a_session_is_no_token_for_programs(fresh: Person) -> None:
    fresh.sign_in()
    shown = {"Authorization": f"Bearer {fresh.session}"}
    fresh.mesh.cookies.clear()
    assert fresh.mesh.get("/v1/products", headers=shown).status_code == 401


def test_a_session_counts_no_longer_when_people_do_not_sign_in_there_any_more(
    tmp_path: Path, ana: Person, provider: IdentityProvider
) -> None:
    ana.sign_in()
    with person(
        mesh_with(tmp_path, provider.url, MESH_OIDC_CLIENT_ID="", MESH_OIDC_AUDIENCE="mesh"), provider
    ) as later:
        later.mesh.cookies.set("mesh_session", ana.session)
        assert later.sees() == 401


@pytest.mark.parametrize("said", [{}, {"csrf": "0" * 64}], ids=["no-token", "another-token"])
def test_another_site_signs_nobody_out(ana: Person, said: dict[str, str]) -> None:
    ana.sign_in()
    answers = [
        ana.mesh.post("/sign-out", data=said),
        ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"), headers={"Sec-Fetch-Site": "cross-site"}),
        ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"), headers={"Origin": "https://evil.example"}),
        ana.mesh.get("/sign-out"),
    ]
    assert ([one.status_code for one in answers], ana.sees()) == ([403, 403, 403, 405], 200)


def test_a_second_service_with_the_same_key_ends_what_the_first_began(ana: Person, eve: Person) -> None:
    url = ana.consented(ana.asked())
    eve.mesh.cookies.set("mesh_csrf", ana.mesh.cookies["mesh_csrf"])  # the same browser, at another process
    assert (eve.back(url).status_code, eve.sees()) == (303, 200)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"issuer": "https://evil.example"}, "it calls itself 'https://evil.example'"),
        ({"token_endpoint": "http://evil.example/token"}, "is not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "is not https"),
        ({"authorization_endpoint": None}, "has no authorization_endpoint"),
    ],
)
def test_a_description_that_cannot_be_trusted_is_not_followed(
    provider: IdentityProvider, about: dict[str, Any], said: str
) -> None:
    provider.about = about
    with pytest.raises(ProviderError, match=said):
        Discovery(provider.url).read().address("authorization_endpoint")


@pytest.mark.parametrize("form", [None, {"code": "secret"}])
def test_the_provider_is_followed_to_no_unsafe_place(provider: IdentityProvider, form: dict[str, str] | None) -> None:
    with pytest.raises(OSError, match="302"):
        ask(f"{provider.url}/elsewhere", form=form)
