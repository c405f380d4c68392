"""What names tell: legal spellings, columns that identify, columns that look personal, times of events."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from mesh_orchestration.contract.ports import LANDED
from mesh_orchestration.contract.words import COLUMN

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LENGTH = 63

IDENTIFIERS = frozenset(
    {"id", "ids", "key", "code", "number", "no", "nr", "num", "uuid", "guid", "hash", "serial"}
    | {"upc", "ean", "sku", "isbn", "iban", "reference", "ref"}
)
DIMENSIONS = frozenset(
    {"date", "day", "week", "month", "quarter", "year", "period", "hour"}
    | {"line", "position", "seq", "sequence", "version"}
)
_EVENTS = ("event", "occurred", "happened", "ordered", "transaction", "sold", "created", "recorded", "timestamp")
_BOOKKEEPING = frozenset({"updated", "modified", "loaded", "ingested", "synced", "extracted", "deleted", "processed"})
_PEOPLE = frozenset(
    {"customer", "user", "household", "member", "patient", "employee", "person", "client", "subscriber", "guest"}
    | {"student", "citizen", "contact"}
)
_PERSONAL: Mapping[str, str] = {
    "email": "hash", "mail": "hash", "phone": "hash", "telephone": "hash", "mobile": "hash", "fax": "hash",
    "ssn": "hash", "passport": "hash", "iban": "hash", "nino": "hash", "username": "hash", "login": "hash",
    "imei": "hash", "ip": "hash", "cookie": "hash",
    "firstname": "redact", "lastname": "redact", "surname": "redact", "fullname": "redact", "forename": "redact",
    "address": "redact", "street": "redact", "signature": "redact", "password": "redact", "religion": "redact",
    "ethnicity": "redact", "diagnosis": "redact", "gender": "redact", "sex": "redact",
    "marital": "redact", "nationality": "redact", "latitude": "redact", "longitude": "redact",
    "birth": "generalise", "birthday": "generalise", "birthdate": "generalise", "dob": "generalise",
    "born": "generalise",
    "age": "generalise", "income": "generalise", "salary": "generalise", "wage": "generalise",
    "postcode": "generalise", "zip": "generalise", "zipcode": "generalise", "postal": "generalise",
}  # fmt: skip
_PERSON_NAMES = _PEOPLE | {"first", "last", "full", "middle", "maiden", "family", "given", "holder"}


def words_of(name: str) -> tuple[str, ...]:
    """The words in a column's name, lower case: ``OrderID`` and ``order_id`` are order, id."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def legal_names(names: Iterable[str]) -> dict[str, str]:
    """Each name of a source with the name it gets in a contract; legal names keep theirs.

    Two names that differ by upper and lower case alone, or by what is not legal, become two.
    """
    given = tuple(names)
    taken: set[str] = set()
    result: dict[str, str] = {}
    for name in sorted(given, key=lambda one: not _is_legal(one)):
        fresh = base = name if _is_legal(name) else _spelled(name)
        count = 1
        while fresh.lower() in taken:
            count += 1
            fresh = f"{base[: _LENGTH - len(str(count)) - 1]}_{count}"
        taken.add(fresh.lower())
        result[name] = fresh
    return {name: result[name] for name in given}


def slug(name: str) -> str:
    """``name`` as a product or an input port may be called: ``OrderLines`` is order_lines."""
    return _spelled(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()[:55].strip("_")


def is_identifier(name: str) -> bool:
    """Whether the name says that its values tell things apart."""
    return not IDENTIFIERS.isdisjoint(words_of(name))


def is_dimension(name: str) -> bool:
    """Whether the name says that its values count or date things."""
    return not DIMENSIONS.isdisjoint(words_of(name))


def personal_mask(name: str) -> str | None:
    """The mask that fits a column whose name sounds personal; None when it does not."""
    words = words_of(name)
    if mask := next((_PERSONAL[word] for word in (*words, "".join(words)) if word in _PERSONAL), None):
        return mask
    if not _PEOPLE.isdisjoint(words) and (is_identifier(name) or len(words) == 1):
        return "hash"
    return "redact" if "name" in words and not _PERSON_NAMES.isdisjoint(words) else None


def is_bookkeeping(name: str) -> bool:
    """Whether a time of that name says what was done with the row, not when it happened."""
    return not _BOOKKEEPING.isdisjoint(words_of(name))


def event_rank(name: str) -> tuple[int, int]:
    """Sorts columns that may say when a row happened, the likeliest first."""
    words = words_of(name)
    place = next((place for place, word in enumerate(_EVENTS) if word in words), len(_EVENTS))
    return place, 0 if words and words[-1] in {"at", "ts", "time", "timestamp"} else 1


def _is_legal(name: str) -> bool:
    return bool(COLUMN.match(name)) and name not in LANDED and not name.startswith("__")


def _spelled(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    bare = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    return (bare if bare[:1].isalpha() else f"column_{bare}".rstrip("_"))[:_LENGTH]
