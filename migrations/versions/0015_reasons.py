"""A response may be a text that somebody wrote: why they answered so."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"response": 5}, "postgresql": {"response": 1}}


def upgrade() -> None:
    _alter(sa.String(64), sa.String(500))


def downgrade() -> None:
    _alter(sa.String(500), sa.String(64))


def _alter(before: sa.String, after: sa.String) -> None:
    with op.batch_alter_table("response") as table:
        table.alter_column("response", existing_type=before, type_=after, existing_nullable=False)
