"""The version of a dataset that was told last, beside the dataset."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "version_told_last"
down_revision = "exposures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill them; the index that they stand for cost a page of each dataset in every batch."""
    op.add_column("lineage_nodes", sa.Column("version", sa.Text))
    op.add_column("lineage_nodes", sa.Column("version_at", sa.BigInteger))
    op.execute(
        "update lineage_nodes set version_at = told.at, version = told.version from ("
        "select dataset_id, at, version, row_number() over ("
        "partition by dataset_id order by at desc, version desc) as place from lineage_versions"
        ") as told where told.place = 1 and told.dataset_id = lineage_nodes.id"
    )
    op.drop_index("lineage_versions_at", "lineage_versions")
