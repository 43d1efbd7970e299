"""Which boxes a participant ticked with their consent, and what they wrote at the end."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("consents", sa.JSON, nullable=True))
    op.add_column("participant", sa.Column("comment", sa.String(2000), nullable=True))


def downgrade() -> None:
    op.drop_column("participant", "comment")
    op.drop_column("participant", "consents")
