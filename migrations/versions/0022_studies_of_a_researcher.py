"""Researchers who see some studies only. Those that there are see all, as before."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("admin", sa.Column("sees_all", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "study_access",
        sa.Column("admin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["admin_id"], ["admin.id"], name=op.f("fk_study_access_admin_id_admin")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_study_access_study_id_study")),
        sa.PrimaryKeyConstraint("admin_id", "study_id", name=op.f("pk_study_access")),
    )


def downgrade() -> None:
    op.drop_table("study_access")
    op.drop_column("admin", "sees_all")
