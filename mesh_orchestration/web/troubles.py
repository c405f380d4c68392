"""Incidents and anomalies for pages about something else, which are shown without them when a store cannot be used."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from mesh_orchestration.anomalies.series import Finding
from mesh_orchestration.anomalies.store import open_store as anomalies
from mesh_orchestration.errors import StorageError
from mesh_orchestration.incidents.model import Incident
from mesh_orchestration.incidents.store import State, open_store
from mesh_orchestration.settings import Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Troubles:
    """Some incidents, newest first, and how many there are; both None when nobody can tell."""

    incidents: tuple[Incident, ...] | None
    total: int | None


def troubles(settings: Settings, state: State = "open", *, subject: str = "", limit: int = 20) -> Troubles:
    """The incidents of the whole mesh, a domain or an address."""
    try:
        with open_store(settings) as store:
            found = store.incidents(state, subject=subject, limit=limit)
            return Troubles(found, len(found) if len(found) < limit else store.count(state, subject=subject))
    except StorageError as error:
        _LOG.error("%s", error)
        return Troubles(None, None)


def oddities(settings: Settings, address: str) -> tuple[Finding, ...]:
    """The anomalies of a product that last; none when nobody can tell."""
    try:
        with anomalies(settings) as store:
            return store.findings(address=address)
    except StorageError as error:
        _LOG.error("%s", error)
        return ()
