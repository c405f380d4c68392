"""What a page says, as a reader sees it: its text, and that nothing in it is a script of somebody else."""

from __future__ import annotations

import html
import re

from tests.web.api.client import Visitor

_TAG = re.compile(r"<[^>]+>")


def markup(pages: Visitor, path: str, *, status: int = 200) -> str:
    """The HTML of a page; nothing that a contract, an event or a reason said may stand in it as markup."""
    answer = pages.get(path)
    assert answer.status_code == status, answer.text[:400]
    assert "<script>alert" not in answer.text
    return answer.text


def read(pages: Visitor, path: str, *, status: int = 200) -> str:
    """The words of the page's main part, with single spaces."""
    main = markup(pages, path, status=status).partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(_TAG.sub(" ", main)).split())
