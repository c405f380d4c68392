"""A little lineage of a foreign producer: a table in PostgreSQL, loaded to files, made into a report."""

from __future__ import annotations

import uuid
from typing import Any

Event = dict[str, Any]
PRODUCER = "https://example.org/loader"
DATABASE, LAKE, JOBS = "postgres://db.example.org:5432", "s3://lake", "airflow"
TABLE, FILES, REPORT = "shop.public.orders", "raw/orders", "reports/daily revenue"
LOAD, SUMMARISE = "load/orders", "summarise"
RUN_LOAD, RUN_SUMMARISE = (str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in (LOAD, SUMMARISE))


def facet(**said: Any) -> Event:
    return {"_producer": PRODUCER, "_schemaURL": "https://example.org/facet.json#/$defs/Facet", **said}


def schema(**fields: str) -> Event:
    return facet(fields=[{"name": name, "type": kind, "description": f"The {name}."} for name, kind in fields.items()])


def event(state: str, job: str, run: str, minute: int, **parts: Any) -> Event:
    """A RunEvent; ``parts`` are inputs, outputs, run_facets and job_facets."""
    return {
        "eventType": state,
        "eventTime": f"2026-11-21T10:{minute:02d}:00Z",
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run, "facets": parts.get("run_facets", {})},
        "job": {"namespace": JOBS, "name": job, "facets": parts.get("job_facets", {})},
        "inputs": parts.get("inputs", []),
        "outputs": parts.get("outputs", []),
    }


def column(namespace: str, name: str, field: str) -> Event:
    """The columnLineage of ``amount``, which is ``field`` of another dataset."""
    source = {"namespace": namespace, "name": name, "field": field,
              "transformations": [{"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum"}]}  # fmt: skip
    return facet(fields={"amount": {"inputFields": [source]}})


def events() -> list[Event]:
    """Two runs, each with its start and its end."""
    table = {"namespace": DATABASE, "name": TABLE, "facets": {"schema": schema(id="int", total="decimal")}}
    files = {
        "namespace": LAKE,
        "name": FILES,
        "facets": {
            "schema": schema(id="int", amount="decimal"),
            "columnLineage": column(DATABASE, TABLE, "total"),
            "version": facet(datasetVersion="snapshot-7"),
            "documentation": facet(description="Orders as they came."),
            "tags": facet(tags=[{"key": "raw", "value": "true"}, {"key": "pii", "value": "yes", "field": "id"}]),
        },
    }
    report = {"namespace": LAKE, "name": REPORT, "facets": {
        "schema": schema(amount="decimal"), "columnLineage": column(LAKE, FILES, "amount")}}  # fmt: skip
    failed = {"errorMessage": facet(message="no room", programmingLanguage="python")}
    return [
        event("START", LOAD, RUN_LOAD, 0, inputs=[table]),
        event("COMPLETE", LOAD, RUN_LOAD, 5, inputs=[table], outputs=[files],
              job_facets={"documentation": facet(description="Loads orders.")}),
        event("START", SUMMARISE, RUN_SUMMARISE, 6, inputs=[{"namespace": LAKE, "name": FILES}]),
        event("FAIL", SUMMARISE, RUN_SUMMARISE, 7, inputs=[{"namespace": LAKE, "name": FILES}], outputs=[report],
              run_facets=failed),
    ]  # fmt: skip
