"""The process that tries patterns on values with Python's ``re``: one JSON document in, ``done`` out, or it is ended.

It imports nothing of the mesh. The request is ``{"patterns": […], "values": […], "seconds": number}``.
"""

from __future__ import annotations

import json
import re
import resource
import sys


def main() -> None:
    asked = json.load(sys.stdin.buffer)
    spare = int(asked["seconds"]) + 1  # ends it even when whoever waits was killed
    resource.setrlimit(resource.RLIMIT_CPU, (spare, spare))
    for pattern in asked["patterns"]:
        search = re.compile(pattern).search
        for value in asked["values"]:
            search(value)
    sys.stdout.write("done")


if __name__ == "__main__":
    main()
