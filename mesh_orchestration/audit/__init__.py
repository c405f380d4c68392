"""The audit engine: a contract's checks answered exactly, each by the cheapest way there is."""

from mesh_orchestration.audit.data import Data, ParquetData, SqlData
from mesh_orchestration.audit.run import Plan, Step, audit, plan

__all__ = ["Data", "ParquetData", "Plan", "SqlData", "Step", "audit", "plan"]
