"""Is it alive? Questions to the web UI and to the code servers."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_LOCATIONS = """{workspaceOrError {... on Workspace {locationEntries {name loadStatus
locationOrLoadError {__typename ... on PythonError {message}}}}}}"""


def free_port(wanted: int) -> int:
    """The first free port of 127.0.0.1 from ``wanted`` on; any free one for 0."""
    for port in (0,) if wanted == 0 else range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port between {wanted} and {wanted + 99}")


def web_answers(url: str, timeout: float = 2.0) -> bool:
    """Whether the web UI at ``url`` serves."""
    return _answers(f"{url}/server_info", timeout)


def catalog_answers(url: str, timeout: float = 2.0) -> bool:
    """Whether the catalog at ``url`` serves."""
    return _answers(f"{url}/health", timeout)


def _answers(url: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 (own server)
            return bool(answer.status == 200)
    except OSError:
        return False


def graphql(url: str, query: str, *, variables: dict[str, Any] | None = None, timeout: float = 30.0) -> dict[str, Any]:
    """The data of a GraphQL answer of the web UI; raises OSError when there is none."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 (own server)
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 (own server)
        said: dict[str, Any] = json.load(answer)
    if said.get("errors"):
        raise OSError(f"{url} refused the query: {said['errors'][0]['message']}")
    return dict(said["data"])


def location_states(url: str) -> dict[str, str]:
    """Per location what the web UI thinks of it: ``LOADED``, or what keeps it from that."""
    entries = graphql(url, _LOCATIONS)["workspaceOrError"].get("locationEntries", [])
    return {entry["name"]: _state(entry) for entry in entries}


def _state(entry: dict[str, Any]) -> str:
    loaded = entry.get("locationOrLoadError") or {}
    if entry["loadStatus"] != "LOADED" or not loaded:
        return "LOADING"
    return "LOADED" if loaded["__typename"] == "RepositoryLocation" else str(loaded.get("message", "ERROR"))


def code_server_answers(path: Path, timeout: float = 2.0) -> bool:
    """Whether the gRPC server on the Unix socket at ``path`` serves."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]  # it ships no types

    with grpc.insecure_channel(f"unix:{path}") as channel:
        request = health_pb2.HealthCheckRequest(service="DagsterApi")
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
