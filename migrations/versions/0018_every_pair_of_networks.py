"""An item of two stimuli is known by both, so that each pair of three networks or more has its own.

There is no way back for a study that has such pairs: the earlier key holds one of them for each first stimulus.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"item": 5}, "postgresql": {"item": 5}}

_BEFORE = ("study_id", "task", "condition", "stimulus_a_id")
_AFTER = (*_BEFORE, "stimulus_b_id")
_ONE = "ix_item_one_stimulus"


def upgrade() -> None:
    _replace_key(_BEFORE, _AFTER)
    is_one = sa.text("stimulus_b_id IS NULL")
    op.create_index(_ONE, "item", list(_BEFORE), unique=True, sqlite_where=is_one, postgresql_where=is_one)


def downgrade() -> None:
    op.drop_index(_ONE, "item")
    _replace_key(_AFTER, _BEFORE)


def _replace_key(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(old, new)
    else:
        op.drop_constraint(_name(old), "item", type_="unique")
        op.create_unique_constraint(_name(new), "item", list(new))


def _name(key: tuple[str, ...]) -> str:
    return op.f(f"uq_item_{'_'.join(key)}")


def _rebuild(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """SQLite cannot change a key: the table is made anew. Trials refer to its rows, which must be back at the end."""
    table = op.get_bind().scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'item'"))
    listed = ", ".join(f'"{column["name"]}"' for column in sa.inspect(op.get_bind()).get_columns("item"))
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TABLE kept_item AS SELECT {listed} FROM item")
    op.drop_table("item")
    op.execute(table.replace(_clause(old), _clause(new)))
    op.execute(f"INSERT INTO item ({listed}) SELECT {listed} FROM kept_item")
    op.drop_table("kept_item")


def _clause(key: tuple[str, ...]) -> str:
    return f"CONSTRAINT {_name(key)} UNIQUE ({', '.join(key)})"
