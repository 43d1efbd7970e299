"""Logins that end on the server, and failed ones counted by name and origin."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login",
        sa.Column("mark_sha256", sa.String(length=64), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["admin_id"], ["admin.id"], name=op.f("fk_login_admin_id_admin")),
        sa.PrimaryKeyConstraint("mark_sha256", name=op.f("pk_login")),
    )
    op.create_table(
        "failed_login",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_failed_login")),
    )
    op.create_index(op.f("ix_failed_login_last_at"), "failed_login", ["last_at"])


def downgrade() -> None:
    op.drop_table("failed_login")
    op.drop_table("login")
