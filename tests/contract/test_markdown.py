"""Texts of a contract within Markdown."""

from __future__ import annotations

import pytest

from mesh_orchestration.contract.markdown import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("<script>", r"\<script\>"),
        ("[text](https://x.test)", r"\[text\](https://x.test)"),
        ("`code` and *stress* and ~~gone~~", r"\`code\` and \*stress\* and \~\~gone\~\~"),
        ("order_lines of _all_ and __init__", r"order_lines of \_all\_ and \_\_init\_\_"),
        ("back\\slash", r"back\\slash"),
        ("two\n\n# lines", "two # lines"),
    ],
)
def test_a_text_is_shown_letter_for_letter_on_one_line(text: str, shown: str) -> None:
    assert escaped(text) == shown
