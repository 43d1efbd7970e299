"""Indexes without the columns that every answer changes: PostgreSQL then rewrites none of a row's other indexes."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"trial": 2, "participant": 2}, "postgresql": {"trial": 2, "participant": 2}}


def upgrade() -> None:
    op.drop_index(op.f("ix_trial_item_id_state"), "trial")
    op.create_index(op.f("ix_trial_item_id"), "trial", ["item_id"])
    op.drop_index(op.f("ix_participant_study_id_observer_kind_lease_until"), "participant")
    op.create_index(op.f("ix_participant_study_id_observer_kind"), "participant", ["study_id", "observer_kind"])


def downgrade() -> None:
    op.drop_index(op.f("ix_participant_study_id_observer_kind"), "participant")
    op.create_index(
        op.f("ix_participant_study_id_observer_kind_lease_until"),
        "participant",
        ["study_id", "observer_kind", "lease_until"],
    )
    op.drop_index(op.f("ix_trial_item_id"), "trial")
    op.create_index(op.f("ix_trial_item_id_state"), "trial", ["item_id", "state"])
