"""Chromium for tests of pages: a module takes ``browser``, each test a page of a fresh ``visitor`` from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDE, PHONE = (1280, 900), (390, 844)
PATIENCE = 20_000  # milliseconds, on a machine that does much else


@contextmanager
def visitor(
    browser: Browser,
    *,
    size: tuple[int, int] = WIDE,
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
    hosts: int = 1,
) -> Iterator[Page]:
    """A page of a visitor without cookies. When the block ends, the page must have had no error in its console (a
    blocked script or style is one) and must not have asked more than so many hosts."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=script
    )
    context.set_default_timeout(PATIENCE)
    said: list[str] = []
    asked: list[str] = []
    with context:
        yield _listened(context, said, asked)
    assert not said, f"the console of the browser says: {said}"
    named = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert len(named) <= hosts, f"the page asked several hosts: {named}"


def _listened(context: BrowserContext, said: list[str], asked: list[str]) -> Page:
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of a module. It ends with them, because while it plays, asyncio cannot run here."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=[*_ARGUMENTS])
        yield chromium
        chromium.close()


def _chromium() -> str:
    """The program of this machine."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(
            f"the tests of pages look at them with a browser, and none of {', '.join(_NAMES)} is installed; "
            "install one with: make setup"
        )
    return found
