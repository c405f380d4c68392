"""Service levels in words: shares, values in their own unit, a breach with its evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mesh_orchestration.contract.duration import span

if TYPE_CHECKING:
    from mesh_orchestration.sla.report import Breach


def share(value: float | None, digits: int = 2) -> str:
    """A share in percent, never rounded up to what it is not; ``-`` for none."""
    if value is None:
        return "-"
    factor = 10 ** (digits + 2)
    return f"{int(value * factor + 1e-6) / 10**digits:g}%"


def amount(name: str, value: float | None) -> str:
    """A value or threshold of service level ``name`` in its own unit."""
    from mesh_orchestration.sla.promises import AT_MOST, THROUGHPUT

    if value is None:
        return "-"
    if name in AT_MOST:
        return span(timedelta(seconds=value)) if value >= 0 else f"-{span(timedelta(seconds=-value))}"
    return f"{value * 3600:,.6g} rows/h" if name == THROUGHPUT else share(value, 4)


def burn(rate: float | None) -> str:
    """A burn rate: 1 uses the error budget up exactly."""
    return "-" if rate is None else f"{rate:.2g}×" if rate < 99.5 else f"{rate:.0f}×"


def evidence(name: str, breach: Breach) -> str:
    """One breach in one line."""
    end = f"{breach.end:%Y-%m-%d %H:%M:%S}" if breach.end else "now"
    parts = [f"broken {breach.start:%Y-%m-%d %H:%M:%S} to {end}"]
    if breach.value is not None:
        parts.append(f"{amount(name, breach.value)} against {amount(name, breach.threshold)}")
    parts += [breach.check] if breach.check else []
    parts += [breach.note] if breach.note else []
    parts += [f"snapshot {breach.snapshot}"] if breach.snapshot else []
    return ", ".join(parts)
