"""``mesh anomalies`` as a person uses it, and the sensor that does the same."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.orchestration.platform_anomalies import anomaly_sensor
from tests.anomalies.test_look import FEW, KEY, ORDERS, at, publish
from tests.builders import mesh_at
from tests.cli.mesh import mesh


@pytest.mark.slow
def test_a_person_asks_what_is_unusual_and_the_sensor_finds_the_same(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, ORDERS, **FEW)
    for hour in range(5):
        publish(settings, hour)
    fine = mesh(at(settings, 4.5), "anomalies")
    assert (fine.code, fine.err) == (0, "")
    assert "0 anomalies now; 8 series are watched" in fine.out

    publish(settings, 5, 50)
    with dg.DagsterInstance.ephemeral() as instance:
        said = anomaly_sensor(at(settings, 5.1))(dg.build_sensor_context(instance=instance))
    assert isinstance(said, dg.SkipReason)
    assert "1 products, 1 new publications, 1 anomalies: orders.order_lines.v1 rows: 50" in str(said.skip_message)

    odd = mesh(at(settings, 5.2), "anomalies", KEY, "--json")
    assert (odd.code, odd.json["anomalies"][0]["expected"]["points"]) == (1, 5)
    assert {one["metric"] for one in odd.json["series"]} >= {"rows", "gap", "nulls", "mean", "distinct"}
    told = mesh(at(settings, 5.2), "anomalies", KEY)
    assert f"{KEY} rows: 50, expected 95 to 105 (5 publications); usual is 100, 50% fewer" in told.out
    assert mesh(settings, "anomalies", "orders.nothing").code == 1
