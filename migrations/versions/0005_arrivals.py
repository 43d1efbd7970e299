"""How often a study's first page was opened, by kind of observer and day."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("observer_kind", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "observer_kind IN ('human', 'simulated', 'machine')", name=op.f("ck_arrival_observer_kind_known")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_arrival_study_id_study")),
        sa.PrimaryKeyConstraint("study_id", "observer_kind", "day", name=op.f("pk_arrival")),
    )


def downgrade() -> None:
    op.drop_table("arrival")
