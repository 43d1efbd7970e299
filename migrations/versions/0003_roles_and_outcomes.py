"""Roles of researchers; completion codes of a study by outcome."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place, as in 0002. Everyone who had an account before there were roles could do everything.
    op.execute(
        "ALTER TABLE admin ADD COLUMN role VARCHAR(16) DEFAULT 'owner' NOT NULL"
        " CONSTRAINT ck_admin_role_known CHECK (role IN ('owner', 'analyst', 'viewer'))"
    )
    op.add_column("study", sa.Column("outcome_codes", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("study", "outcome_codes")
    op.drop_column("admin", "role")
