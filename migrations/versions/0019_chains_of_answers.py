"""The last link of the chain of each participant's answers; people who have answered before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
rewrites = {
    "sqlite": {"participant": 2, "response": 1, "trial": 1},
    "postgresql": {"participant": 5, "response": 3, "trial": 1},
}


def upgrade() -> None:
    op.add_column("participant", sa.Column("answers_chain", sa.String(64), nullable=True))
    answered = "SELECT trial.participant_id FROM trial JOIN response ON response.trial_id = trial.id"
    op.execute(f"UPDATE participant SET answers_chain = '' WHERE id NOT IN ({answered})")


def downgrade() -> None:
    op.drop_column("participant", "answers_chain")
