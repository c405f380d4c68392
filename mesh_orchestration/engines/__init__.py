"""The domain's own engine, one file a word: where its inputs land, its dbt models run and its marts live."""

from mesh_orchestration.engines.base import Engine, engine_for
from mesh_orchestration.engines.profiles import dbt_environment, write_profiles

__all__ = ["Engine", "dbt_environment", "engine_for", "write_profiles"]
