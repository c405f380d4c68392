"""Masks: what a reader without the right role sees instead of a value.

``hash`` and ``tokenise`` are keyed (HMAC-SHA256, RFC 2104): equal values have equal masks in every
product, so joins still work, and nobody without the key can find the value by trying. Without a key
they redact. Masks are made when somebody reads, so a new key holds at once. ``null`` gives nothing away
but that a value may have been there. ``compile.masks`` says the same in SQL.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

REDACTED = "***"
WORDS = ("hash", "partial", "null", "redact", "tokenise", "generalise")
_KEPT = 2
_BLOCK = 64
TOKEN_LENGTH = 24
LARGEST = 1e18
"""Numbers from here on are redacted where they would be generalised: engines no longer count in ones there."""


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
            return f"{key_name(key)}_{_digest(value, key)}"
        case "tokenise":
            return f"tok_{key_name(key)}_{_digest(value, key, purpose='token')[:TOKEN_LENGTH]}"
        case "partial":
            return _partial(text_of(value))
    return _general(value)


def without_values(message: str) -> str:
    """What DuckDB, PostgreSQL or dbt says of an error, without the values it quotes.

    Of a message about a value only what is known to be none is kept: the kind of the error, the type, the
    column, the constraint. Any other message stays as it is.
    """
    if kind := _VALUE_ERROR.search(message):
        return message[: kind.end()] + _safe(message[kind.end() :])
    if found := _FOUND.search(message):
        return _FOUND.sub(r"\1***\2", message[: found.end()]) + without_values(message[found.end() :])
    if said := _DATA_EXCEPTION.search(message):
        return message[: said.start()] + _safe(message[said.start() :])
    return message


def derived_key(key: str, purpose: str) -> bytes:
    """The 32 bytes under which values are hashed: tokens and hashes of one value have nothing in common."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest()


def keyed_hash_sql(text: str, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of the SQL expression ``text`` as DuckDB computes it, in hexadecimal digits."""
    padded = key.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    return f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({text}))))"


def key_name(key: str) -> str:
    """The four hexadecimal digits with which every keyed mask begins, so that one sees when the key was changed."""
    return derived_key(key, "name").hex()[:4]


def _digest(value: Any, key: str, *, purpose: str = "hash") -> str:
    """The keyed hash of the value's text, 64 hexadecimal digits."""
    return hmac.new(derived_key(key, purpose), text_of(value).encode(), hashlib.sha256).hexdigest()


def text_of(value: Any) -> str:
    """The one text of a value, as DuckDB casts it, so that equal values have equal masks wherever they are masked."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        moment = (value.astimezone(UTC) if value.tzinfo else value).isoformat(" ")
        moment = moment.removesuffix("+00:00")
        return (moment.rstrip("0") if "." in moment else moment) + ("+00" if value.tzinfo else "")
    return str(value)


def _partial(text: str) -> str:
    """The first two characters, and the domain of an e-mail address; short texts keep nothing."""
    name, at, domain = text.rpartition("@")
    if at and name:
        return f"{name[:1]}{REDACTED}@{domain}"
    return f"{text[:_KEPT]}{REDACTED}" if len(text) > 2 * _KEPT else REDACTED


def _general(value: Any) -> Any:
    """The value in coarser terms: a month, a range of a power of ten, or nothing."""
    if isinstance(value, bool):
        return REDACTED
    if isinstance(value, date | datetime):
        return f"{value:%Y-%m}"
    if isinstance(value, int | float | Decimal) and isfinite(value) and abs(float(value)) < LARGEST:
        step = 10 ** max(1, len(str(int(abs(float(value))))) - 1)
        low = int(float(value) // step) * step
        return f"{low} to {low + step}"
    return REDACTED


_VALUE_ERROR = re.compile(r"\b(?:Conversion|Invalid Input|Out of Range|Constraint|Invalid) Error: ")
"""How DuckDB begins what it says of a value."""
_DATA_EXCEPTION = re.compile(
    r"\b(?:invalid input (?:syntax|value)|invalid byte sequence|invalid value|malformed |value [\"']?|Key \("
    r"|Failing row|date/time field|duplicate key|null value in column|new row for relation|COPY \w+, line)"
    r"|\bviolates \w+"
)
"""How PostgreSQL does; its numbers come without the words."""
_FOUND = re.compile(r"(\bcolumn \"?\w+\"?: found ).*?(, expected (?!\w+(?:\([\d, ]+\))? \([A-Z]))", re.DOTALL)
"""How the mesh does; a type in brackets says that a type was found, not a value."""
_SQL_TYPE = (
    r"(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER|8|16|32|64|128)?|DOUBLE|FLOAT|BOOL(?:EAN)?|DATE|TIMESTAMP(?:TZ)?|TIME|UUID|JSON"
    r"|VARCHAR|BLOB|BIT|INTERVAL|DECIMAL|NUMERIC)\b(?:\(\d+, ?\d+\)|\[\])?"
)
_SAFE = (
    re.compile(rf"\b(?:to|into|for) (?:the destination )?(?:type )?'?{_SQL_TYPE}", re.IGNORECASE),
    re.compile(r"\bin \w+ of INT\d+(?= \()"),
    re.compile(r"\bwhen casting from source column \w+(?=\s*$|\s*\n)"),
    re.compile(r'(?:^|\n)CSV Error on Line: \d+|Error when converting column "\w+"'),
    re.compile(r"\bNOT NULL constraint failed: \w+\.\w+"),
    re.compile(r'\bviolates (?:unique|primary key|check|foreign key|not-null) constraint(?: "\w+")?'),
    re.compile(r'\b(?:in column|for relation) "\w+"'),
)


_ABOUT_THE_FILE = re.compile(r"\s*(No magic bytes found at end of file|File .{1,500}? too small to be a Parquet file)")
"""What DuckDB says of a file before it has read a single value of it."""


def _safe(said: str) -> str:
    """The parts of a message that are no values, in their order."""
    if found := _ABOUT_THE_FILE.match(said):
        return found[1]
    if found := _FOUND.search(said):
        return f"{found[1]}***{found[2]}{said[found.end() :].split(maxsplit=1)[0].rstrip(';')}"
    parts = sorted(
        (found.start(), found[0].strip().replace("'", "")) for pattern in _SAFE for found in pattern.finditer(said)
    )
    return " ".join(("***", *dict.fromkeys(part for _, part in parts)))
