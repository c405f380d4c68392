"""Python's search for cycles of objects, paused where many objects are made and none of them form a cycle.

It holds everybody up for as long as it takes to look at every object there is: half a second for a million.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def no_collection() -> Iterator[None]:
    """Without that search, which would take a third of the time of a batch."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def lasting() -> Iterator[None]:
    """Without that search, which also leaves out from then on what was made: for what a process keeps. It is let go as
    ever when nothing refers to it any more."""
    _thaw_at_the_end()
    with no_collection():
        yield
        gc.freeze()


@cache
def _thaw_at_the_end() -> None:
    """When the process ends, everything must be found: libraries tell people of what is left over."""
    atexit.register(gc.unfreeze)
