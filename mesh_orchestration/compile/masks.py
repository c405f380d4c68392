"""Masks as DuckDB expressions: what ``masking.mask_value`` says of one value, of a whole column.

A masked column is text, whatever it was before, and a masked null stays null.
"""

from __future__ import annotations

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.masking import LARGEST, REDACTED, TOKEN_LENGTH, WORDS, derived_key, key_name, keyed_hash_sql
from mesh_orchestration.quoting import ident

_NUMBERS = frozenset({"integer", "long", "float", "double", "decimal"})
_DAYS = frozenset({"date", "timestamp"})


def masked_expression(field: SchemaField, mask: str, key: str) -> str:
    """The SQL (DuckDB) for the column of ``field`` under ``mask``. Without ``key`` every mask but ``null`` redacts.

    The key stands in the expression: it is for a session that nobody else can look into. Raises ValueError
    for an unknown mask.
    """
    if mask not in WORDS:
        raise ValueError(f"'{mask}' is not a mask; expected one of {', '.join(WORDS)}")
    column = ident(field.name)
    if mask == "null":
        return "null::varchar"
    return f"case when {_missing(field, column)} then null else {_shown(field, column, mask, key)} end"


def _missing(field: SchemaField, column: str) -> str:
    floating = field.logical_type.name in {"float", "double"} and not field.logical_type.item
    return f"({column} is null or isnan({column}))" if floating else f"{column} is null"


def _shown(field: SchemaField, column: str, mask: str, key: str) -> str:
    # A float becomes a double first, as it does on its way into Python.
    text = f"cast({column}{'::double' if field.logical_type.name == 'float' else ''} as varchar)"
    if not key or mask == "redact":
        return f"'{REDACTED}'"
    match mask:
        case "hash":
            return f"'{key_name(key)}_' || {keyed_hash_sql(text, derived_key(key, 'hash'))}"
        case "tokenise":
            return f"'tok_{key_name(key)}_' || left({keyed_hash_sql(text, derived_key(key, 'token'))}, {TOKEN_LENGTH})"
        case "partial":
            return _partial(text)
    return _general(field, column)


def _partial(text: str) -> str:
    address = f"regexp_full_match({text}, '(?s).+@.*')"
    shown = f"left({text}, 1) || '{REDACTED}@' || regexp_extract({text}, '(?s).*@(.*)', 1)"
    start = f"left({text}, 2) || '{REDACTED}'"
    return f"case when {address} then {shown} when length({text}) > 4 then {start} else '{REDACTED}' end"


def _general(field: SchemaField, column: str) -> str:
    kind = "" if field.logical_type.item else field.logical_type.name
    if kind in _DAYS:
        return f"strftime({column}, '%Y-%m')"
    if kind not in _NUMBERS:
        return f"'{REDACTED}'"
    value = f"cast({column} as double)"
    digits = f"length(cast(try_cast(trunc(abs({value})) as hugeint) as varchar))"
    step = f"cast(pow(10, greatest(1, {digits} - 1)) as hugeint)"
    low = f"try_cast(floor({value} / {step}) as hugeint) * {step}"
    return f"case when abs({value}) < {LARGEST} then ({low}) || ' to ' || ({low} + {step}) else '{REDACTED}' end"
