"""What people answer to questionnaires, beside their answers to trials."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questionnaire_answer",
        sa.Column("participant_id", sa.Integer, nullable=False),
        sa.Column("questionnaire", sa.String(64), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("answer", sa.String(4000), nullable=True),
        sa.Column("time_on_page", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_questionnaire_answer_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("participant_id", "questionnaire", "item", name=op.f("pk_questionnaire_answer")),
    )


def downgrade() -> None:
    op.drop_table("questionnaire_answer")
