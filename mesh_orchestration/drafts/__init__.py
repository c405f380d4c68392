"""Draft contracts from what a team already has: files, tables, schemas, dbt projects."""

from mesh_orchestration.drafts.base import Options, kinds
from mesh_orchestration.drafts.draft import Answers, Draft, draft

__all__ = ["Answers", "Draft", "Options", "draft", "kinds"]
