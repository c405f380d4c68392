"""The words and values of a contract: what each looks like, and what a wrong one is answered with."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from mesh_orchestration.contract.address import PRODUCT
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.types import ALIASES, SCALARS, parse_type
from mesh_orchestration.contract.wording import found


def _duration(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"found {found(value)}, expected a duration such as 15m, 1h or 2d")
    if parse_duration(value) <= timedelta(0):
        raise ValueError(f"'{value}' is no time at all; write a duration such as 15m, 1h or 2d")
    return value


def _type(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"found {found(value)}, expected a type such as string, long or decimal(12,2)")
    parse_type(value)
    return value


def product_name(text: str) -> str:
    """The product's own name in a qualified one: the last part, with underscores."""
    return text.rsplit(".", 1)[-1].replace("-", "_")


def _qualified_name(value: str) -> str:
    if not PRODUCT.match(product_name(value)):
        raise ValueError(f"'{value}' does not end in a product name like order_lines; write it in lower case with _")
    return value


def _share(value: Any) -> float:
    """``99.9%`` or ``0.999`` as a share between 0 and 1."""
    text = "" if isinstance(value, bool) else str(value).strip()
    percent = text.endswith("%")
    try:
        share = float(Decimal(text.removesuffix("%")) / (100 if percent else 1))
    except ArithmeticError:
        raise ValueError(f"found {found(value)}, expected a share such as 99.9% or 0.999") from None
    if not 0 <= share <= 1:
        hint = f"; did you mean {value}%?" if not percent and 1 < share <= 100 else ""
        raise ValueError(f"found {found(value)}, expected a share from 0% to 100%, or from 0 to 1{hint}")
    return share


def _owner(value: Any) -> str:
    if not isinstance(value, str) or not (EMAIL.match(value) or _TEAM.match(value)):
        raise ValueError(f"found {found(value)}, expected an e-mail (orders@company.io) or team:name (team:orders)")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, date | str):
        return value
    raise ValueError(f"found {found(value)}, expected a date such as 2026-12-31")


def _schedule(value: Any) -> str:
    if not isinstance(value, str) or not _CRON.match(value):
        raise ValueError(f"found {found(value)}, expected a cron line of five parts such as '15 * * * *'")
    return value


def _tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _mask(value: Any) -> Any:
    if value is None:
        raise ValueError("found nothing, which is what a bare null is in YAML; quote 'null' or leave the key out")
    return value


def _text_like(meaning: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": meaning, "examples": list(examples)})


COLUMN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
"""Names that every engine, table format and topic takes for a column."""
SEMVER = r"^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$"
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_TEAM = re.compile(r"^team:[A-Za-z0-9][A-Za-z0-9._-]*$")
_CRON = re.compile(r"^(?:[0-9*][0-9*,/-]*\s+){3}[0-9A-Za-z*][0-9A-Za-z*,/-]*\s+[0-9A-Za-z*][0-9A-Za-z*,/#-]*$")

Compatibility = Literal[
    "none",
    "backward",
    "backward_transitive",
    "forward",
    "forward_transitive",
    "full",
    "full_transitive",
]
Mask = Literal["hash", "partial", "null", "redact", "tokenise", "generalise"]
MaskWord = Annotated[Mask | None, BeforeValidator(_mask, json_schema_input_type=Mask)]
QualifiedName = Annotated[str, AfterValidator(_qualified_name)]
Version = Annotated[str, Field(pattern=SEMVER)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Duration = Annotated[str, BeforeValidator(_duration), _text_like("a length of time", "15m", "1h", "2d", "PT15M")]
TypeWord = Annotated[
    str,
    BeforeValidator(_type),
    WithJsonSchema(
        {"anyOf": [{"enum": [*SCALARS, *ALIASES]}, {"type": "string", "pattern": r"^[A-Za-z0-9]+[(<].+[)>]$"}]}
    ),
]
Owner = Annotated[
    str, BeforeValidator(_owner), _text_like("an e-mail or team:name", "orders@company.io", "team:orders")
]
Schedule = Annotated[str, BeforeValidator(_schedule), _text_like("a cron line", "15 * * * *")]
Day = Annotated[date, BeforeValidator(_day)]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}], "examples": ["99.9%", 0.999]}
    ),
]
Words = Annotated[tuple[str, ...], BeforeValidator(_tuple, json_schema_input_type=tuple[str, ...] | str)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,54}$")]
