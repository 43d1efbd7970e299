"""The load of each item as a sum, and who was released: joining counts neither all answers nor all people."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"trial": 5, "participant": 5}, "postgresql": {"trial": 3, "participant": 5}}

_HOLDS = "SELECT 1 FROM trial WHERE trial.participant_id = participant.id AND trial.state = 'open'"
_COUNTED = """
    SELECT trial.item_id, participant.observer_kind, count(*)
    FROM trial JOIN participant ON trial.participant_id = participant.id
    WHERE NOT participant.excluded AND trial.purpose = 'main' AND NOT trial.is_overflow
      AND trial.state IN ('answered', 'open')
    GROUP BY trial.item_id, participant.observer_kind
"""


def upgrade() -> None:
    op.create_table(
        "load",
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("observer_kind", sa.String(16), nullable=False),
        sa.Column("ratings", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_load_item_id_item")),
        sa.PrimaryKeyConstraint("item_id", "observer_kind", name=op.f("pk_load")),
    )
    op.execute(f"INSERT INTO load (item_id, observer_kind, ratings) {_COUNTED}")
    op.add_column("participant", sa.Column("released", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(f"UPDATE participant SET released = true WHERE finished_at IS NULL AND NOT EXISTS ({_HOLDS})")
    op.create_index(
        "ix_participant_may_hold",
        "participant",
        ["study_id"],
        sqlite_where=sa.text("finished_at IS NULL AND released IS 0"),
        postgresql_where=sa.text("finished_at IS NULL AND released IS false"),
    )


def downgrade() -> None:
    op.drop_index("ix_participant_may_hold", "participant")
    op.drop_column("participant", "released")
    op.drop_table("load")
