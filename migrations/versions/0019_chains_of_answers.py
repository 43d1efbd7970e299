"""The last link of the chain of each participant's answers; people who joined before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("answers_chain", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("participant", "answers_chain")
