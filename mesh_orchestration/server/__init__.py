"""Process supervision behind ``mesh up``: one code server a location, the web UI and the daemon.

    supervisor (``mesh up``; imports no Dagster)
    └── zygote (imports Dagster, dbt and the mesh once; one thread)
        ├── location orders (gRPC on a Unix socket)
        │   └── run factory (one thread, definitions loaded)
        │       └── run worker, forked in milliseconds
        ├── … one for each location
        ├── web UI (127.0.0.1)
        └── daemon

Everything under the zygote is forked from it: imports are paid once and their memory is shared. All of it
ends when the supervisor ends, however that happens: each process watches a pipe whose other end only the
supervisor holds.
"""
