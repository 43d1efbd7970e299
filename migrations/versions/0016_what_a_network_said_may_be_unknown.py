"""Pictures made elsewhere need not tell what the network said of the image: three columns of stimuli may be empty."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"stimulus": 10}, "postgresql": {}}

COLUMNS = {"logit": sa.Double(), "probability": sa.Double(), "is_correct": sa.Boolean()}


def upgrade() -> None:
    _make_nullable(True)


def downgrade() -> None:
    op.execute("UPDATE stimulus SET logit = 0 WHERE logit IS NULL")
    op.execute("UPDATE stimulus SET probability = 0 WHERE probability IS NULL")
    op.execute("UPDATE stimulus SET is_correct = false WHERE is_correct IS NULL")
    _make_nullable(False)


def _make_nullable(nullable: bool) -> None:
    """SQLite changes no column, and items refer to the table, so each column is copied into a new one."""
    for name, kind in COLUMNS.items():
        if op.get_context().dialect.name != "sqlite":
            op.alter_column("stimulus", name, existing_type=kind, nullable=nullable)
            continue
        op.execute(f"ALTER TABLE stimulus RENAME COLUMN {name} TO earlier_{name}")
        default = None if nullable else sa.text("0")
        op.add_column("stimulus", sa.Column(name, kind, nullable=nullable, server_default=default))
        op.execute(f"UPDATE stimulus SET {name} = earlier_{name}")
        op.drop_column("stimulus", f"earlier_{name}")
