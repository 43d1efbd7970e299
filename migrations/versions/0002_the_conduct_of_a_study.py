"""Amendments, practice and checks, withdrawal codes, questions about the participant."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"participant": 1, "trial": 6}, "postgresql": {"participant": 2, "trial": 3}}


def upgrade() -> None:
    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("previous_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_amendment_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
        sa.UniqueConstraint("study_id", "previous_sha256", name=op.f("uq_amendment_study_id_previous_sha256")),
    )
    op.create_table(
        "comprehension",
        sa.Column("participant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_comprehension_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("participant_id", "task", "attempt", name=op.f("pk_comprehension")),
    )
    op.create_table(
        "demographic",
        sa.Column("participant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_demographic_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("participant_id", "question", name=op.f("pk_demographic")),
    )
    # Columns are added in place: SQLite would otherwise copy the tables, which other tables refer to.
    op.add_column("participant", sa.Column("withdrawal_code", sa.String(length=32), nullable=True))
    op.add_column("participant", sa.Column("device", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_participant_withdrawal_code"), "participant", ["withdrawal_code"], unique=True)
    op.add_column("response", sa.Column("confidence", sa.Integer(), nullable=True))
    op.execute(
        "ALTER TABLE trial ADD COLUMN purpose VARCHAR(16) DEFAULT 'main' NOT NULL"
        " CONSTRAINT ck_trial_purpose_known CHECK (purpose IN ('main', 'practice', 'attention'))"
    )
    op.execute(
        "ALTER TABLE trial ADD COLUMN expected_response VARCHAR(64) CONSTRAINT ck_trial_attention_expects"
        " CHECK ((purpose = 'attention') = (expected_response IS NOT NULL))"
    )


def downgrade() -> None:
    op.drop_column("trial", "expected_response")
    op.drop_column("trial", "purpose")
    op.drop_column("response", "confidence")
    op.drop_index(op.f("ix_participant_withdrawal_code"), table_name="participant")
    op.drop_column("participant", "device")
    op.drop_column("participant", "withdrawal_code")
    op.drop_table("demographic")
    op.drop_table("comprehension")
    op.drop_table("amendment")
