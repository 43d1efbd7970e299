"""Answers to the screening of people who take part, and the reasons for which others were turned away."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("screening", sa.JSON(), nullable=True))
    op.create_table(
        "turned_away",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("recruitment_hash", sa.String(64), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("observer_kind", sa.String(16), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("what", sa.String(160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "observer_kind IN ('human', 'simulated', 'machine')", name=op.f("ck_turned_away_observer_kind_known")
        ),
        sa.CheckConstraint(
            "why IN ('answer', 'test', 'quota', 'earlier-study')", name=op.f("ck_turned_away_why_known")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_turned_away_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turned_away")),
        sa.UniqueConstraint("study_id", "recruitment_hash", name=op.f("uq_turned_away_study_id_recruitment_hash")),
        sa.UniqueConstraint("token", name=op.f("uq_turned_away_token")),
    )


def downgrade() -> None:
    op.drop_table("turned_away")
    op.drop_column("participant", "screening")
