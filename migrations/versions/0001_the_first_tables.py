"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "admin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin")),
        sa.UniqueConstraint("name", name=op.f("uq_admin_name")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("previous_sha256", name=op.f("uq_audit_entry_previous_sha256")),
        sa.UniqueConstraint("sha256", name=op.f("uq_audit_entry_sha256")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action_actor_at"), ["action", "actor", "at"], unique=False)

    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("definition_sha256", sa.String(length=64), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("stimuli_folder", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completion_code", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name=op.f("ck_study_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("slug", name=op.f("uq_study_slug")),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("recruitment_hash", sa.String(length=64), nullable=False),
        sa.Column("observer_kind", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("definition_sha256", sa.String(length=64), nullable=False),
        sa.Column("consent_version", sa.String(length=64), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completion_code", sa.String(length=32), nullable=True),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("exclusion_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "observer_kind IN ('human', 'simulated', 'machine')", name=op.f("ck_participant_observer_kind_known")
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (completion_code IS NULL)", name=op.f("ck_participant_code_only_when_finished")
        ),
        sa.CheckConstraint(
            "excluded = (exclusion_reason IS NOT NULL)", name=op.f("ck_participant_exclusion_has_a_reason")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_participant_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("public_id", name=op.f("uq_participant_public_id")),
        sa.UniqueConstraint("study_id", "recruitment_hash", name=op.f("uq_participant_study_id_recruitment_hash")),
        sa.UniqueConstraint("token", name=op.f("uq_participant_token")),
    )
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_participant_study_id_observer_kind_lease_until"),
            ["study_id", "observer_kind", "lease_until"],
            unique=False,
        )

    op.create_table(
        "stimulus",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("stimulus_id", sa.String(length=64), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("image_id", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("foil", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("logit", sa.Double(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("is_correct", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_stimulus_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stimulus")),
        sa.UniqueConstraint("study_id", "stimulus_id", name=op.f("uq_stimulus_study_id_stimulus_id")),
    )
    op.create_table(
        "external_identity",
        sa.Column("participant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_external_identity_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_external_identity")),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("image_id", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("foil", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("stimulus_a_id", sa.Integer(), nullable=False),
        sa.Column("stimulus_b_id", sa.Integer(), nullable=True),
        sa.Column("ratings_wanted", sa.Integer(), nullable=False),
        sa.CheckConstraint("ratings_wanted > 0", name=op.f("ck_item_ratings_wanted_positive")),
        sa.CheckConstraint("stimulus_b_id <> stimulus_a_id", name=op.f("ck_item_two_stimuli")),
        sa.ForeignKeyConstraint(["stimulus_a_id"], ["stimulus.id"], name=op.f("fk_item_stimulus_a_id_stimulus")),
        sa.ForeignKeyConstraint(["stimulus_b_id"], ["stimulus.id"], name=op.f("fk_item_stimulus_b_id_stimulus")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_item_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("study_id", "task", "stimulus_a_id", name=op.f("uq_item_study_id_task_stimulus_a_id")),
    )
    op.create_table(
        "trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("image_id", sa.String(length=128), nullable=False),
        sa.Column("left_stimulus_id", sa.Integer(), nullable=False),
        sa.Column("right_stimulus_id", sa.Integer(), nullable=True),
        sa.Column("option_order", sa.JSON(), nullable=False),
        sa.Column("trial_token", sa.String(length=32), nullable=False),
        sa.Column("left_image_token", sa.String(length=32), nullable=False),
        sa.Column("right_image_token", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_overflow", sa.Boolean(), nullable=False),
        sa.CheckConstraint("NOT is_overflow OR state = 'answered'", name=op.f("ck_trial_overflow_is_answered")),
        sa.CheckConstraint("state IN ('open', 'answered', 'released')", name=op.f("ck_trial_state_known")),
        sa.CheckConstraint(
            "(right_stimulus_id IS NULL) = (right_image_token IS NULL)", name=op.f("ck_trial_right_has_a_token")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_trial_item_id_item")),
        sa.ForeignKeyConstraint(["left_stimulus_id"], ["stimulus.id"], name=op.f("fk_trial_left_stimulus_id_stimulus")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_trial_participant_id_participant")
        ),
        sa.ForeignKeyConstraint(
            ["right_stimulus_id"], ["stimulus.id"], name=op.f("fk_trial_right_stimulus_id_stimulus")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
        sa.UniqueConstraint("left_image_token", name=op.f("uq_trial_left_image_token")),
        sa.UniqueConstraint("participant_id", "position", name=op.f("uq_trial_participant_id_position")),
        sa.UniqueConstraint("participant_id", "task", "image_id", name=op.f("uq_trial_participant_id_task_image_id")),
        sa.UniqueConstraint("right_image_token", name=op.f("uq_trial_right_image_token")),
        sa.UniqueConstraint("trial_token", name=op.f("uq_trial_trial_token")),
    )
    with op.batch_alter_table("trial", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trial_item_id_state"), ["item_id", "state"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_event_trial_id_trial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_trial_id"), ["trial_id"], unique=False)

    op.create_table(
        "response",
        sa.Column("trial_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("response", sa.String(length=64), nullable=False),
        sa.Column("rt", sa.Double(), nullable=True),
        sa.Column("time_elapsed", sa.Double(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_response_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_response")),
    )


def downgrade() -> None:
    op.drop_table("response")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_trial_id"))

    op.drop_table("event")
    with op.batch_alter_table("trial", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trial_item_id_state"))

    op.drop_table("trial")
    op.drop_table("item")
    op.drop_table("external_identity")
    op.drop_table("stimulus")
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_participant_study_id_observer_kind_lease_until"))

    op.drop_table("participant")
    op.drop_table("study")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_action_actor_at"))

    op.drop_table("audit_entry")
    op.drop_table("admin")
