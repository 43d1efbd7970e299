"""What recruitment platforms said last of a study and of its submissions."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "on_platform",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("word", sa.String(200), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=True),
        sa.Column("spent", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_on_platform_study_id_study")),
        sa.PrimaryKeyConstraint("study_id", "account", name=op.f("pk_on_platform")),
    )
    op.create_table(
        "submission",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission_hash", sa.String(64), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("word", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_submission_study_id_study")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_submission_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("study_id", "submission_hash", name=op.f("pk_submission")),
    )
    op.create_index(op.f("ix_submission_participant_id"), "submission", ["participant_id"])


def downgrade() -> None:
    op.drop_table("submission")
    op.drop_table("on_platform")
