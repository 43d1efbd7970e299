"""Why an answer has no response time; answers of before keep theirs, and say nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("response", sa.Column("rt_missing", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("response", "rt_missing")
