"""What each type of input port may say in a contract; the reading itself is in ``inputs/``.

The word in the YAML is the name of the file here and in ``inputs/`` (``data-product`` is ``data_product.py``).
A new type is one file here, whose ``PORT`` is the model of its options, and one there.
"""

from __future__ import annotations

import importlib
import pkgutil

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports.base import LANDED, PortOptions
from mesh_orchestration.contract.ports.batch import BatchPort
from mesh_orchestration.contract.ports.data_product import DataProductPort, ExpectedField, Expects
from mesh_orchestration.contract.ports.kafka import KafkaPort
from mesh_orchestration.contract.ports.postgres_cdc import PostgresCdcPort

__all__ = [
    "LANDED",
    "PORTS",
    "BatchPort",
    "DataProductPort",
    "ExpectedField",
    "Expects",
    "KafkaPort",
    "PortOptions",
    "PostgresCdcPort",
    "batch",
    "options",
    "upstream",
]


def _ports() -> dict[str, type[PortOptions]]:
    modules = {
        info.name.replace("_", "-"): importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    }
    return {word: module.PORT for word, module in modules.items() if hasattr(module, "PORT")}


PORTS: dict[str, type[PortOptions]] = _ports()
"""The options of each type of input port, by the word in the contract."""


def options(port: InputPort) -> PortOptions:
    """The options of a port of any known type; raises KeyError or ValidationError on one that was not checked."""
    return PORTS[port.type].model_validate(port.options)


def batch(port: InputPort) -> BatchPort:
    """The options of a ``batch`` port; raises pydantic's ValidationError on a port that was not checked."""
    return BatchPort.model_validate(port.options)


def upstream(port: InputPort) -> Address | None:
    """The address that a ``data-product`` port reads; None for every other type."""
    return DataProductPort.model_validate(port.options).product if port.type == "data-product" else None
