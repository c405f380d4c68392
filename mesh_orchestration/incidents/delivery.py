"""Send each notice once to each of its channels, however often the sending has to be begun again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from mesh_orchestration.incidents.channels import Channel, DeliveryError
from mesh_orchestration.incidents.notice import Notice

SENT = 0
GIVEN_UP = -1
_log = logging.getLogger("mesh.alerts")

Ledger = Mapping[str, int]


def deliver(
    notices: Iterable[tuple[Notice, Channel]],
    ledger: Ledger,
    *,
    save: Callable[[Ledger], None],
    attempts: int,
) -> tuple[str, ...]:
    """Send what ``ledger`` does not know as sent; return one sentence for each delivery to be tried again.

    The ledger maps ``<idempotency key> <channel>`` to the failed attempts so far, 0 for sent and -1 for
    given up. It is saved after each delivery, so that a crash repeats at most one. After ``attempts``
    failures a delivery is given up and the notice is logged instead.
    """
    state = dict(ledger)
    pending: list[str] = []
    down: dict[str, DeliveryError] = {}
    for notice, channel in notices:
        key = f"{notice.key} {channel.name}"
        if state.get(key) in (SENT, GIVEN_UP):
            continue
        error = _attempt(notice, channel, down)
        if error is None:
            state[key] = SENT
        else:
            state[key] = state.get(key, 0) + 1
            if state[key] < attempts:
                pending.append(f"{notice.title}: {error} (attempt {state[key]} of {attempts})")
            else:
                state[key] = GIVEN_UP
                _log.error("gave up after %d attempts: %s\n%s", attempts, error, notice.text)
        save(state)
    return tuple(pending)


def _attempt(notice: Notice, channel: Channel, down: dict[str, DeliveryError]) -> DeliveryError | None:
    """Send, unless the channel's service was found down a moment ago; the error when that failed."""
    if error := down.get(channel.service):
        return error
    try:
        channel.send(notice)
    except DeliveryError as failed:
        if failed.down:
            down[channel.service] = failed
        return failed
    return None
