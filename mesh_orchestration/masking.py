"""Masks: what a reader without the right role sees instead of a value.

``hash`` and ``tokenise`` are keyed: equal values have equal masks, and nobody without the key can
find the value by trying. Without a key they redact. ``null`` gives nothing away but that a value may
have been there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

REDACTED = "***"
WORDS = ("hash", "partial", "null", "redact", "tokenise", "generalise")
_KEPT = 2
_TOKEN_BYTES = 15


def mask_value(value: Any, mask: str, key: str = "") -> Any:
    """``value`` under ``mask``; a missing value stays missing.

    Without ``key`` every masked value is redacted, except under ``null``. Raises ValueError for an
    unknown mask.
    """
    if mask not in WORDS:
        raise ValueError(f"'{mask}' is not a mask; expected one of {', '.join(WORDS)}")
    if value is None or mask == "null" or (isinstance(value, float) and isnan(value)):
        return None
    if not key or mask == "redact":
        return REDACTED
    match mask:
        case "hash":
            return _digest(value, key).hex()
        case "tokenise":
            return "tok_" + base64.b32encode(_digest(value, key)[:_TOKEN_BYTES]).decode().lower()
        case "partial":
            return _partial(str(value))
    return _general(value)


def mask_row(row: Mapping[str, Any], masks: Mapping[str, str], key: str = "") -> dict[str, Any]:
    """``row`` with the masked columns masked."""
    return {name: mask_value(value, masks[name], key) if name in masks else value for name, value in row.items()}


def _digest(value: Any, key: str) -> bytes:
    """The keyed BLAKE2b digest of the value's text, 32 bytes (RFC 7693)."""
    secret = hashlib.blake2b(key.encode(), digest_size=32).digest()
    return hashlib.blake2b(f"{value}".encode(), key=secret, digest_size=32).digest()


def _partial(text: str) -> str:
    """The first two characters, and the domain of an e-mail address; short texts keep nothing."""
    name, at, domain = text.rpartition("@")
    if at and name:
        return f"{name[:1]}{REDACTED}@{domain}"
    return f"{text[:_KEPT]}{REDACTED}" if len(text) > 2 * _KEPT else REDACTED


def _general(value: Any) -> Any:
    """The value in coarser terms: a year, a power-of-ten range, or the kind of thing it is."""
    if isinstance(value, bool):
        return REDACTED
    if isinstance(value, date | datetime):
        return f"{value.year}"
    if isinstance(value, int | float | Decimal) and isfinite(value):
        step = 10 ** max(1, len(str(int(abs(float(value))))) - 1)
        low = int(float(value) // step) * step
        return f"{low} to {low + step}"
    return REDACTED
