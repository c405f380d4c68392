"""Lineage is read as from Marquez: its paths, its parameters, its JSON."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.builders import mesh_at
from tests.web.api.client import Visitor, visitor
from tests.web.api.shop import (
    DATABASE,
    FILES,
    JOBS,
    LAKE,
    LOAD,
    REPORT,
    RUN_LOAD,
    RUN_SUMMARISE,
    SUMMARISE,
    TABLE,
    events,
)  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Somebody who asks a service that was sent the shop's lineage."""
    with visitor(mesh_at(tmp_path_factory.mktemp("mesh"))) as found:
        answer = found.post("/api/v1/lineage/batch", json=events()).json()
        assert answer["summary"] == {
            "received": 4, "successful": 4, "failed": 0, "retriable": 0, "non_retriable": 0,
        }  # fmt: skip
        yield found


def ask(client: Visitor, *path: str, **query: Any) -> Any:
    """The JSON at a path of names, each encoded as a whole."""
    answer = client.get("/api/v1/" + "/".join(quote(name, safe="") for name in path), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_namespaces(client: Visitor) -> None:
    found = ask(client, "namespaces")
    assert ([one["name"] for one in found["namespaces"]], found["totalCount"]) == ([JOBS, DATABASE, LAKE], 3)
    assert ask(client, "namespaces", LAKE)["createdAt"] == "2026-11-21T10:05:00Z"


def test_datasets_of_a_namespace(client: Visitor) -> None:
    found = ask(client, "namespaces", LAKE, "datasets", limit=1)
    assert ([one["name"] for one in found["datasets"]], found["totalCount"]) == ([FILES], 2)


def test_a_dataset_whose_name_has_slashes(client: Visitor) -> None:
    found = ask(client, "namespaces", LAKE, "datasets", FILES)
    assert found["facets"].pop("schema")["fields"][1]["name"] == "amount"
    assert uuid.UUID(found["currentVersion"])
    kept = ("id", "type", "name", "physicalName", "sourceName", "fields", "tags", "description", "deleted")
    assert {name: found[name] for name in kept} == {
        "id": {"namespace": LAKE, "name": FILES},
        "type": "DB_TABLE",
        "name": FILES,
        "physicalName": FILES,
        "sourceName": LAKE,
        "fields": [
            {"name": "id", "type": "int", "tags": ["pii=yes"], "description": "The id."},
            {"name": "amount", "type": "decimal", "tags": [], "description": "The amount."},
        ],
        "tags": ["raw"],
        "description": "Orders as they came.",
        "deleted": False,
    }


def test_a_version_of_a_dataset_names_the_run_that_wrote_it(client: Visitor) -> None:
    found = ask(client, "namespaces", LAKE, "datasets", FILES, "versions")["versions"]
    assert [(one["createdAt"], one["createdByRun"]["id"]) for one in found] == [("2026-11-21T10:05:00Z", RUN_LOAD)]
    assert [field["name"] for field in found[0]["fields"]] == ["id", "amount"]
    by_id = ask(client, "namespaces", LAKE, "datasets", FILES, "versions", found[0]["version"])
    by_name = ask(client, "namespaces", LAKE, "datasets", FILES, "versions", "snapshot-7")
    assert by_id == by_name == found[0]


def test_a_job_with_its_runs(client: Visitor) -> None:
    found = ask(client, "namespaces", JOBS, "jobs", LOAD)
    assert (found["inputs"], found["outputs"]) == (
        [{"namespace": DATABASE, "name": TABLE}], [{"namespace": LAKE, "name": FILES}],
    )  # fmt: skip
    assert (found["description"], found["latestRun"]["state"], found["latestRuns"][0]["id"]) == (
        "Loads orders.", "COMPLETED", RUN_LOAD,
    )  # fmt: skip
    assert [one["name"] for one in ask(client, "jobs")["jobs"]] == [LOAD, SUMMARISE]
    assert (
        ask(client, "namespaces", JOBS, "jobs", LOAD, "versions")["versions"][0]["version"] == found["currentVersion"]
    )


def test_a_run(client: Visitor) -> None:
    run = ask(client, "jobs", "runs", RUN_LOAD)
    assert (run["state"], run["startedAt"], run["endedAt"], run["durationMs"]) == (
        "COMPLETED", "2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z", 300_000,
    )  # fmt: skip
    assert [one["datasetVersionId"]["name"] for one in run["inputDatasetVersions"]] == [TABLE]
    version = ask(client, "namespaces", LAKE, "datasets", FILES)["currentVersion"]
    assert [one["datasetVersionId"] for one in run["outputDatasetVersions"]] == [
        {"namespace": LAKE, "name": FILES, "version": version}
    ]


def test_a_run_that_failed_says_why(client: Visitor) -> None:
    listed = ask(client, "namespaces", JOBS, "jobs", SUMMARISE, "runs")
    assert ([one["state"] for one in listed["runs"]], listed["totalCount"]) == (["FAILED"], 1)
    facets = ask(client, "jobs", "runs", RUN_SUMMARISE, "facets", type="run")
    assert facets["facets"]["errorMessage"]["message"] == "no room"


def test_tags(client: Visitor) -> None:
    assert sorted(one["name"] for one in ask(client, "tags")["tags"]) == ["pii=yes", "raw"]


def test_events_come_back_as_they_were_sent(client: Visitor) -> None:
    assert ask(client, "events", "lineage", sortDirection="asc") == {"events": events(), "totalCount": 4}
    late = ask(client, "events", "lineage", after="2026-11-21T10:05:00Z", before="2026-11-21T10:07:00Z", limit=1)
    assert (late["events"], late["totalCount"]) == ([events()[2]], 2)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "ORDERS"}, [LOAD, FILES, TABLE]),
        ({"q": "orders", "filter": "job"}, [LOAD]),
        ({"q": "r%_orders"}, [FILES]),
        ({"q": "orders", "namespace": LAKE}, [FILES]),
        ({"q": "orders", "after": "2026-11-22"}, []),
        ({"q": "'; drop table lineage_nodes; --"}, []),
    ],
)
def test_search(client: Visitor, query: dict[str, str], names: list[str]) -> None:
    found = ask(client, "search", **query)
    assert ([one["name"] for one in found["results"]], found["totalCount"]) == (names, len(names))


def test_the_graph_around_a_dataset(client: Visitor) -> None:
    start = f"dataset:{LAKE}:{FILES}"
    graph = {node["id"]: node for node in ask(client, "lineage", nodeId=start, depth=0)["graph"]}
    assert set(graph) >= {start, f"job:{JOBS}:{LOAD}", f"job:{JOBS}:{SUMMARISE}", f"dataset:{DATABASE}:{TABLE}"}
    assert graph[start]["inEdges"] == [{"origin": f"job:{JOBS}:{LOAD}", "destination": start}]
    assert graph[start]["outEdges"] == [{"origin": start, "destination": f"job:{JOBS}:{SUMMARISE}"}]
    assert (graph[start]["type"], graph[start]["data"]["description"]) == ("DATASET", "Orders as they came.")
    assert graph[f"job:{JOBS}:{LOAD}"]["data"]["latestRun"]["state"] == "COMPLETED"


def test_the_graph_around_a_column(client: Visitor) -> None:
    amount = f"datasetField:{LAKE}:{FILES}:amount"
    up = {node["id"]: node for node in ask(client, "column-lineage", nodeId=amount)["graph"]}
    assert set(up) == {amount, f"datasetField:{DATABASE}:{TABLE}:total"}
    assert (up[amount]["type"], up[amount]["data"]["fieldType"]) == ("DATASET_FIELD", "decimal")
    assert up[amount]["data"]["inputFields"] == [
        {"namespace": DATABASE, "dataset": TABLE, "field": "total", "transformationDescription": "sum",
         "transformationType": "AGGREGATION"}
    ]  # fmt: skip
    both = ask(client, "column-lineage", nodeId=amount, withDownstream=True)["graph"]
    assert f"datasetField:{LAKE}:{REPORT}:amount" in {node["id"] for node in both}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("namespaces/none", 404),
        ("namespaces/none/datasets/none", 404),
        ("namespaces/none/datasets/none/versions", 404),
        ("namespaces/none/jobs/none", 404),
        ("namespaces/none/jobs/none/runs", 404),
        (f"namespaces/{JOBS}/jobs/%FF", 400),
        (f"namespaces/{JOBS}/jobs/a%00b", 400),
        ("jobs/runs/none", 404),
        ("lineage?nodeId=dataset:none:none", 404),
        ("lineage?nodeId=none", 400),
        ("lineage?nodeId=dataset:a:b&depth=9999", 422),
        ("column-lineage?nodeId=datasetField:none:none:none", 404),
        ("namespaces?limit=-1", 422),
        ("namespaces?limit=1001", 422),
        ("search?q=", 422),
    ],
)
def test_what_is_not_there_is_said(client: Visitor, path: str, status: int) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"], bool(answer.json()["message"])) == (status, status, True)
