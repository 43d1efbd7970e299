"""What is wrong to say may be longer: it names all classes of a picture with tiles."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"item": 10, "stimulus": 10}, "postgresql": {"item": 1, "stimulus": 1}}


def upgrade() -> None:
    _alter(sa.String(64), sa.String(500))


def downgrade() -> None:
    _alter(sa.String(500), sa.String(64))


def _alter(before: sa.String, after: sa.String) -> None:
    """SQLite changes no column, and other tables refer to these, so each column is copied into a new one."""
    for table in ("stimulus", "item"):
        if op.get_context().dialect.name != "sqlite":
            op.alter_column(table, "foil", existing_type=before, type_=after, existing_nullable=False)
            continue
        op.execute(f"ALTER TABLE {table} RENAME COLUMN foil TO earlier_foil")
        op.add_column(table, sa.Column("foil", after, nullable=False, server_default=""))
        op.execute(f"UPDATE {table} SET foil = earlier_foil")
        op.drop_column(table, "earlier_foil")
