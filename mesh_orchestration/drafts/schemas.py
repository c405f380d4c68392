"""Schema files as the sources of drafts: read as JSON, with errors that name the line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mesh_orchestration.errors import SourceError

_HEAD = 8192


def head_of(source: str) -> str:
    """The first characters of a file, to tell its kind; empty when it is no file."""
    try:
        with Path(source).open(encoding="utf-8", errors="replace") as text:
            return text.read(_HEAD)
    except OSError:
        return ""


def read_object(source: str) -> dict[str, Any]:
    """The JSON object in the file ``source``; raises SourceError naming the line when there is none."""
    path = Path(source)
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", source=source) from None
    except UnicodeDecodeError as error:
        raise SourceError(f"byte {error.start} is not UTF-8; save the file as UTF-8", source=source) from None
    except json.JSONDecodeError as error:
        raise SourceError(f"line {error.lineno}: is not JSON: {error.msg}", source=source) from None
    except RecursionError:
        raise SourceError("nests deeper than any schema does", source=source) from None
    if not isinstance(value, dict):
        raise SourceError("is no JSON object, as a schema is", source=source)
    return value


def stem_of(source: str) -> str:
    """The file's name without its endings (``orders.schema.json`` is orders), nor the version it ends in."""
    return re.sub(r"[-_.]v\d+$", "", Path(source).name.split(".", 1)[0])
