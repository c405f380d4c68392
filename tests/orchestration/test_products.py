from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.orchestration.products import REFUSED, build_product_asset
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.snapshots import history
from tests.builders import product
from tests.orchestration.shop import LINES

pytestmark = pytest.mark.slow


@pytest.fixture
def built(shop: Settings, instance: dg.DagsterInstance) -> Settings:
    """A shop whose orders were published once."""
    assert run(shop, ["orders"], instance=instance).ok
    return shop


def publish_again(
    settings: Settings, contract: DataProduct, instance: dg.DagsterInstance, **loggers: dg.LoggerDefinition
) -> dg.ExecuteInProcessResult:
    asset = build_product_asset(settings, contract, automation=None)
    job = dg.Definitions(assets=[asset], loggers=loggers).resolve_implicit_global_asset_job_def()
    config = {"loggers": {name: {} for name in loggers}} if loggers else {}
    return job.execute_in_process(instance=instance, raise_on_error=False, run_config=config)


def test_a_publisher_that_was_overtaken_publishes_on_its_next_try(
    built: Settings, instance: dg.DagsterInstance
) -> None:
    class Rival(logging.Handler):
        """Publishes the product itself when the first publisher begins to audit."""

        done = False

        def emit(self, record: logging.LogRecord) -> None:
            if self.done or record.getMessage().rsplit(" - ", 1)[-1] != "audit":
                return
            self.done = True

            def export(directory: Path) -> Any:
                with engine_for(built, "orders") as engine:
                    return engine.export(LINES.model, LINES.fields, directory)

            with open_lake(built) as lake:
                publish(LINES, export, request=PublishRequest(lake, "rival", datetime.now(UTC)))

    @dg.logger
    def rival(_: Any) -> logging.Logger:
        logger = logging.getLogger("rival")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(Rival())
        return logger

    result = publish_again(built, LINES, instance, rival=rival)
    assert result.success
    assert [event.event_type_value for event in result.all_events].count("STEP_UP_FOR_RETRY") == 1
    with open_lake(built) as lake:
        assert [one.run_id for one in history(lake, LINES.address)][:2] == [result.run_id, "rival"]


def test_a_refusal_before_anything_was_written_still_answers_every_check(
    built: Settings, instance: dg.DagsterInstance
) -> None:
    retyped = product(
        "orders.order_lines.v1",
        fields={"line_id": {"type": "long", "constraints": {"primary_key": True}}, "amount": "string"},
        inputs=[port.model_dump() for port in LINES.inputs],
    )
    result = publish_again(built, retyped, instance)
    evaluations = result.get_asset_check_evaluations()
    assert {(one.check_name, one.passed) for one in evaluations} == {
        ("contract__not_null__line_id", False),
        ("contract__unique__line_id", False),
    }
    assert all(one.description.startswith("not evaluated: ") for one in evaluations)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "amount" in "; ".join(failure.step_failure_data.user_failure_data.metadata[REFUSED].data)
    assert not result.get_asset_materialization_events()
