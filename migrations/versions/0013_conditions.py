"""Conditions: that of a participant, and that of an item. What two conditions show is two items."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"item": 5}, "postgresql": {"item": 5}}

_COLUMNS = (
    *("id", "study_id", "task", "image_id", "category", "foil", "method", "slot", "stimulus_a_id", "stimulus_b_id"),
    "ratings_wanted",
)
_BEFORE, _AFTER = ("study_id", "task", "stimulus_a_id"), ("study_id", "task", "condition", "stimulus_a_id")


def upgrade() -> None:
    op.add_column("participant", _condition())
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_AFTER, _condition())
    else:
        op.add_column("item", _condition())
        _replace_key(_BEFORE, _AFTER)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_BEFORE)
    else:
        _replace_key(_AFTER, _BEFORE)
        op.drop_column("item", "condition")
    op.drop_column("participant", "condition")


def _condition() -> sa.Column:
    return sa.Column("condition", sa.String(64), server_default="", nullable=False)


def _replace_key(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    op.drop_constraint(_name(old), "item", type_="unique")
    op.create_unique_constraint(_name(new), "item", list(new))


def _name(key: tuple[str, ...]) -> str:
    return op.f(f"uq_item_{'_'.join(key)}")


def _rebuild(key: tuple[str, ...], *more: sa.Column) -> None:
    """SQLite cannot change a key: the table is made anew. Trials refer to its rows, which must be back at the end."""
    listed = ", ".join(_COLUMNS)
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TABLE kept_item AS SELECT {listed} FROM item")
    op.drop_table("item")
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("image_id", sa.String(128), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("foil", sa.String(64), nullable=False),
        sa.Column("method", sa.String(64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("stimulus_a_id", sa.Integer(), nullable=False),
        sa.Column("stimulus_b_id", sa.Integer(), nullable=True),
        sa.Column("ratings_wanted", sa.Integer(), nullable=False),
        *more,
        sa.CheckConstraint("ratings_wanted > 0", name=op.f("ck_item_ratings_wanted_positive")),
        sa.CheckConstraint("stimulus_b_id <> stimulus_a_id", name=op.f("ck_item_two_stimuli")),
        sa.ForeignKeyConstraint(["stimulus_a_id"], ["stimulus.id"], name=op.f("fk_item_stimulus_a_id_stimulus")),
        sa.ForeignKeyConstraint(["stimulus_b_id"], ["stimulus.id"], name=op.f("fk_item_stimulus_b_id_stimulus")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_item_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint(*key, name=_name(key)),
    )
    op.execute(f"INSERT INTO item ({listed}) SELECT {listed} FROM kept_item")
    op.drop_table("kept_item")
