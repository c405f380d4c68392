"""A Kafka topic: each run lands what came since the last, up to the end the topic has when the run begins.

The offsets are kept in the engine's ledger, in the transaction of the rows, and nowhere else. So a message is
landed once, whatever is killed and whenever; the broker's own bookkeeping of consumer groups is not used.
"""

from __future__ import annotations

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import KafkaPort
from mesh_orchestration.engines.base import Engine
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.base import IngestContext, Ingested

RESYNC = "the topic is read again from the oldest message it has"


def ingest(port: InputPort, engine: Engine, *, context: IngestContext) -> Ingested:
    """Land the new messages of the topic.

    Raises SourceError when a message cannot be read (the batches before it are kept) or the topic no
    longer has what follows the landed messages, SettingsError when no broker is set.
    """
    from mesh_orchestration.inputs.topic.broker import Topic
    from mesh_orchestration.inputs.topic.landing import Landing
    from mesh_orchestration.inputs.topic.messages import reading

    options = KafkaPort.model_validate(port.options)
    if options.topic is None:
        raise SourceError("the port names no topic; add `topic: name` to it in the contract", source=port.name)
    rows = reading(port, options, domain=engine.domain, context=context)
    topic = Topic(
        context.settings.kafka(options.connection or ""),
        options.topic,
        client=f"mesh-{engine.domain}-{port.name}",
        way_out=f"go on from what it has: mesh resync {engine.domain}.{port.name}",
    )
    try:
        return Landing(port.name, engine, context, topic, rows).run()
    finally:
        topic.close()
