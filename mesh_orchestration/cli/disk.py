"""A disk that is full or cannot be written makes every library fail in its own way; here it is one error."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}
_SQLITE = ("disk is full", "disk I/O error", "readonly database", "unable to open database file")


def disk_trouble(error: BaseException) -> str:
    """What the disk said, when it is the reason for ``error``; empty when something else is."""
    return next((str(one) for one in _chain(error) if _is_of_disk(one)), "")


def _is_of_disk(error: BaseException) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _SQLITE)
    return isinstance(error, OSError) and error.errno in _ERRNO


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
