"""What is wrong, as the title of an incident."""

from __future__ import annotations

import pytest

from mesh_orchestration.incidents.model import Incident, Kind, Level
from mesh_orchestration.incidents.wording import headline

KEY, NULL = "contract__unique__order_id", "contract__not_null__email"


def incident(kind: Kind, check: str = "", *failing: str, level: Level = "error", subject: str = "a.b.v1") -> Incident:
    return Incident("1", subject, kind, level, 0.0, check=check, failing=failing)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (incident("contract", "", NULL), "Not published: \u201cemail is not null\u201d does not hold"),
        (incident("contract", "", KEY), "Not published: \u201cunique order_id\u201d does not hold"),
        (incident("contract", "", NULL, KEY), "Not published: \u201cemail is not null\u201d and 1 more do not hold"),
        (incident("contract"), "Not published: the contract is broken"),
        (
            incident("check", NULL, level="warn"),
            "Published with a warning: \u201cemail is not null\u201d does not hold",
        ),
        (incident("freshness"), "Older than its freshness allows"),
        (incident("freshness", level="warn"), "Close to the limit of its freshness"),
        (incident("sla", "event_freshness"), "Service level broken: event freshness"),
        (incident("anomaly", "null_share"), "Unusual null share"),
        (incident("drift"), "Its source or model changed its shape"),
        (incident("run"), "A run failed"),
        (incident("platform", "daemon"), "Part of the platform does not work: daemon"),
    ],
)
def test_an_incident_says_what_is_wrong(given: Incident, said: str) -> None:
    assert headline(given, {NULL: "email is not null"}) == said
