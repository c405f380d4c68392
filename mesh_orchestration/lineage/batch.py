"""Batches over HTTP, as OpenLineage's API defines them: ``POST …/lineage/batch`` takes a list of events.

The client's own ``http`` transport sends one event a request. This one is named by ``type: http_batch`` and takes the
same settings; the receiver must have the batch endpoint.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin

from openlineage.client.serde import Serde
from openlineage.client.transport.http import HttpTransport

from mesh_orchestration.errors import MeshError

MOST = 500


class BatchTransport(HttpTransport):  # type: ignore[misc]  # the client's classes are not type-checked here
    """Keeps events until ``flush`` or until MOST of them wait, and posts them as one list."""

    kind = "http_batch"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._waiting: list[str] = []

    def emit(self, event: Any) -> None:
        """Keep the event for the next batch."""
        self._waiting.append(Serde.to_json(event))
        if len(self._waiting) >= MOST:
            self.flush()

    def flush(self) -> None:
        """Post what waits. Raises what the client raises for a refused request, and MeshError when the receiver says
        that it took only a part; what waited is forgotten either way, its sender begins again."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        body, headers = self._prepare_request(f"[{','.join(waiting)}]")
        options = {"cert": self.cert, "allow_redirects": False} if self.cert is not None else {}
        url = urljoin(self.url, f"{self.endpoint.rstrip('/')}/batch")
        answer = self.session.post(url, data=body, headers=headers, timeout=self.timeout, verify=self.verify, **options)
        answer.raise_for_status()
        if failed := _failed(answer.content):
            raise MeshError(f"{url} did not take {failed} of {len(waiting)} events: {answer.text[:500]}")


def _failed(content: bytes) -> int:
    """How many events the answer says were not taken."""
    try:
        said = json.loads(content) if content else {}
    except ValueError:
        return 0
    if not isinstance(said, dict) or said.get("status") != "partial_success":
        return 0
    return int(said.get("summary", {}).get("failed", 1))
