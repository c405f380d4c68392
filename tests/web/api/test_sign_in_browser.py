"""Signing in and out in a real browser, with and without script, by way of a real provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.api.person import mesh_with
from tests.web.api.provider import IdentityProvider, identity_provider
from tests.web.browser import visitor
from tests.web.service import service

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture(scope="module")
def url(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with service(mesh_with(tmp_path_factory.mktemp("mesh"), provider.url)) as address:
        yield address


def session(page: Page) -> list[tuple[object, ...]]:
    """The cookie of the session, as the browser holds it."""
    return [
        (one["httpOnly"], one["sameSite"], one["path"])
        for one in page.context.cookies()
        if one["name"] == "mesh_session"
    ]


@pytest.mark.parametrize("script", [True, False])
def test_a_person_signs_in_looks_around_and_signs_out(
    url: str, browser: Browser, provider: IdentityProvider, script: bool
) -> None:
    with visitor(browser, hosts=2, script=script) as page:
        page.goto(f"{url}/search?q=order")
        expect(page).to_have_title("Sign in")
        page.get_by_role("button", name="Yes").click()
        expect(page).to_have_url(f"{url}/search?q=order")
        assert session(page) == [(True, "Lax", "/")]
        if script:
            assert "mesh_session" not in page.evaluate("document.cookie")
        page.get_by_role("link", name="Lineage").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{url}/sign-in")
        assert (session(page), len(provider.left)) == ([], 1 if script else 2)
        page.goto(f"{url}/search")
        expect(page).to_have_title("Sign in")
        assert page.url.startswith(f"{provider.url}/authorize?")


def test_two_windows_sign_in_at_the_same_time(url: str, browser: Browser) -> None:
    with visitor(browser, hosts=2) as first:
        first.goto(f"{url}/sla")
        second = first.context.new_page()
        second.goto(f"{url}/traits")
        for page, path in ((first, "/sla"), (second, "/traits")):
            page.get_by_role("button", name="Yes").click()
            expect(page).to_have_url(f"{url}{path}")


def test_who_says_no_is_told_so_and_can_try_again(url: str, browser: Browser) -> None:
    with browser.new_context() as context:  # whose console says that a page was refused, as it was
        page = context.new_page()
        page.goto(f"{url}/sla")
        page.get_by_role("button", name="No").click()
        expect(page.get_by_role("alert")).to_contain_text("access_denied")
        page.get_by_role("link", name="Sign in with").click()
        page.get_by_role("button", name="Yes").click()
        expect(page).to_have_url(f"{url}/sla")
