"""The SLA sensor: each tick writes down what is new, whatever happened in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.errors import StorageError
from mesh_orchestration.orchestration.platform_sla import SENSOR, sla_sensor
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import ledger_file, open_ledger
from tests.builders import mesh_at
from tests.publication.publishing import NOW
from tests.sla.test_record import KEY, LINES, everything, hour, minutes, publish


def tick(settings: Settings, hours: float) -> str:
    """What the sensor says when the daemon evaluates it at that hour."""
    with dg.build_sensor_context() as context:
        said = sla_sensor(hour(settings, hours))(context)
    assert isinstance(said, dg.SkipReason)
    return str(said.skip_message)


@pytest.fixture
def mesh(tmp_path: Path) -> Settings:
    return mesh_at(tmp_path, LINES)


def test_the_sensor_is_on_from_the_start(mesh: Settings) -> None:
    sensor = sla_sensor(mesh)
    assert (sensor.name, sensor.minimum_interval_seconds) == (SENSOR, 60)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_a_tick_tells_what_is_new_and_what_is_broken(mesh: Settings) -> None:
    assert tick(mesh, 0) == "0 products, 0 new publications, 0 broken"
    publish(mesh, 0)
    assert tick(mesh, 0.5) == "1 products, 1 new publications, 0 broken"
    assert tick(mesh, 0.51) == "1 products, 0 new publications, 0 broken"
    assert tick(mesh, 1.1) == f"1 products, 0 new publications, 1 broken: {KEY} freshness"


def test_after_a_daemon_that_was_down_ages_are_exact_and_availability_is_unknown(mesh: Settings) -> None:
    publish(mesh, 0)
    for hours in (0.1, 0.11, 0.12):
        tick(mesh, hours)
    publish(mesh, 1.5)
    publish(mesh, 3)
    for hours in (3.2, 3.21):
        tick(mesh, hours)

    with open_ledger(mesh) as ledger:
        found = everything(ledger, 3.21)
    assert minutes(found[KEY, "freshness"]) == [
        (0, 60, "kept"), (60, 90, "broken"), (90, 150, "kept"), (150, 180, "broken"), (180, 193, "kept"),
    ]  # fmt: skip
    available = [one for one in found[KEY, "availability"] if one.start < one.end]
    assert [(one.state, one.end) for one in available] == [
        ("unknown", NOW + timedelta(hours=0.1)),
        ("kept", NOW + timedelta(hours=0.12)),
        ("unknown", NOW + timedelta(hours=3.2)),
        ("kept", NOW + timedelta(hours=3.21)),
    ]


def test_a_ledger_that_cannot_be_written_fails_the_tick_and_the_next_one_catches_up(mesh: Settings) -> None:
    publish(mesh, 0)
    ledger_file(mesh).parent.parent.mkdir(exist_ok=True)
    ledger_file(mesh).parent.write_text("in the way")
    with pytest.raises(StorageError, match="cannot be used"):
        tick(mesh, 0.5)
    ledger_file(mesh).parent.unlink()
    assert tick(mesh, 1.5) == f"1 products, 1 new publications, 1 broken: {KEY} freshness"
