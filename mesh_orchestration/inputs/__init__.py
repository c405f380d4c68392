"""Input ports, one file a word: how rows come from a source into the domain's landing tables."""

from mesh_orchestration.inputs.base import IngestContext, Ingested, ingest

__all__ = ["IngestContext", "Ingested", "ingest"]
