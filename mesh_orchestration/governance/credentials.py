"""Passwords, keys and tokens written into files, found by what they look like; never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_SHAPES = (
    ("private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})"),
    ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("Slack webhook", r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}"),
    ("Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("Stripe key", r"\b[rs]k_live_[0-9A-Za-z]{16,}"),
    ("Azure storage key", r"AccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
    ("PyPI token", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
)
_SIGNS = (
    *("-----BEGIN ", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox"),
    *("hooks.slack.com", "AIza", "k_live_", "AccountKey=", "pypi-", "eyJ"),
)
"""What a text has somewhere when it has one of the shapes: looking for it takes a tenth of the time."""
_KINDS = tuple(kind for kind, _ in _SHAPES)
_SHAPE = re.compile("|".join(f"({shape})" for _, shape in _SHAPES))
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@\"'<>]*:(?P<value>[^\s/@\"'<>]+)@")
_NAMED = re.compile(
    r"(?i)(?<![a-z])(?:password|passwd|pwd|passphrase|secret|api_?key|access_?key|secret_?key|"
    r"private_?key|masking_?key|auth_?token|access_?token|token|client_?secret)(?:_?(?:id|value))?"
    r"[\"']?[ \t]*(?:=>|:=|[:=])[ \t]*[\"']?(?P<value>[^\s\"',;}\])#]{6,200})"
)
_NAMES = ("passw", "passphrase", "pwd", "secret", "key", "token")
_PLACEHOLDER = re.compile(
    r"(?ix) ^[<$%{*\[(] | ^x+$ | ^\.+$ | … | \$\{ | \{\{ | ^(?:pass(?:word)?|secret|token|user|changeme|change_me|"
    r"example|placeholder|dummy|none|null|true|false|string|text|redacted|optional|required|env|hash|tokenise)\W*$ | "
    r"^(?:your|my|the|some)[_-]"
)
_CODE = re.compile(r"^[A-Za-z_][\w.]*[(\[]|^(?:self|os|env|settings|config|input|data|this|ref|source)\.|^[a-z_]+$")


def credentials_in(text: str) -> Iterator[tuple[int, str]]:
    """The line (from 1) and the kind of everything in ``text`` that looks like a secret, each line once."""
    found: dict[int, str] = {}
    for offset, kind in _found(text):
        found.setdefault(text.count("\n", 0, offset) + 1, kind)
    yield from sorted(found.items())


def _found(text: str) -> Iterator[tuple[int, str]]:
    if any(sign in text for sign in _SIGNS):
        for one in _SHAPE.finditer(text):
            yield one.start(), _KINDS[(one.lastindex or 1) - 1]
    for start, end in _lines_with(("://",), text):
        for one in _URL.finditer(text, start, end):
            if _is_secret(one["value"]):
                yield one.start(), "password in a URL"
    folded = text.lower()
    for start, end in _lines_with(_NAMES, folded) if len(folded) == len(text) else ((0, len(text)),):
        for one in _NAMED.finditer(text, start, end):
            if _is_assigned(one["value"]):
                yield one.start("value"), "password or key"


def _lines_with(words: Sequence[str], text: str) -> Iterable[tuple[int, int]]:
    """Where each line that has one of ``words`` begins and ends."""
    found: dict[int, int] = {}
    for word in words:
        at = text.find(word)
        while at >= 0:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            found[text.rfind("\n", 0, at) + 1] = end
            at = text.find(word, end)
    return found.items()


def _is_secret(value: str) -> bool:
    """Whether a value is neither a stand-in nor a reference to where the secret really is."""
    return not _PLACEHOLDER.search(value)


def _is_assigned(value: str) -> bool:
    """Whether what is given to something called a password is one: no code, no plain word, no path."""
    mixed = any(map(str.isdigit, value)) or (not value.islower() and not value.isupper())
    return _is_secret(value) and mixed and not _CODE.match(value) and "/" not in value[:2]
