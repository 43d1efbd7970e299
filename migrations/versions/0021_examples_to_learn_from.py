"""Trials that show an example to learn from, with the network's answer."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"trial": 25}, "postgresql": {"trial": 100}}

_EXPECTS = "(purpose = 'attention') = (expected_response IS NOT NULL)"
_SHOWS_ONE = "(purpose = 'control') = (right_stimulus_id IS NOT NULL AND right_stimulus_id = left_stimulus_id)"
_BEFORE = ("main", "practice", "attention", "control")


def upgrade() -> None:
    _rebuild((*_BEFORE, "learning"))


def downgrade() -> None:
    learned = "(SELECT id FROM trial WHERE purpose = 'learning')"
    op.execute(f"DELETE FROM event WHERE trial_id IN {learned}")
    op.execute(f"DELETE FROM response WHERE trial_id IN {learned}")
    op.execute("DELETE FROM trial WHERE purpose = 'learning'")
    _rebuild(_BEFORE)


def _rebuild(purposes: tuple[str, ...]) -> None:
    """The columns of these constraints anew, their values kept, as in 0004.

    A control shows one picture twice, which the constraint of the new column refuses while it holds its default: the
    second picture is put back together with the purpose.
    """
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    op.execute("ALTER TABLE trial ADD COLUMN kept_purpose VARCHAR(16)")
    op.execute("ALTER TABLE trial ADD COLUMN kept_response VARCHAR(64)")
    op.execute("ALTER TABLE trial ADD COLUMN kept_right INTEGER")
    op.execute("ALTER TABLE trial ADD COLUMN kept_token VARCHAR(32)")
    op.execute("UPDATE trial SET kept_purpose = purpose, kept_response = expected_response")
    op.execute("UPDATE trial SET kept_right = right_stimulus_id, kept_token = right_image_token")
    op.execute("ALTER TABLE trial DROP COLUMN expected_response")
    op.execute("ALTER TABLE trial DROP COLUMN purpose")
    op.execute("UPDATE trial SET right_stimulus_id = NULL, right_image_token = NULL WHERE kept_purpose = 'control'")
    op.execute(
        "ALTER TABLE trial ADD COLUMN purpose VARCHAR(16) DEFAULT 'main' NOT NULL"
        f" CONSTRAINT ck_trial_purpose_known CHECK (purpose IN ({listed}))"
        f" CONSTRAINT ck_trial_control_shows_one CHECK ({_SHOWS_ONE})"
    )
    op.execute(
        "ALTER TABLE trial ADD COLUMN expected_response VARCHAR(64)"
        f" CONSTRAINT ck_trial_attention_expects CHECK ({_EXPECTS})"
    )
    op.execute(
        "UPDATE trial SET purpose = kept_purpose, expected_response = kept_response,"
        " right_stimulus_id = kept_right, right_image_token = kept_token"
    )
    op.execute("ALTER TABLE trial DROP COLUMN kept_token")
    op.execute("ALTER TABLE trial DROP COLUMN kept_right")
    op.execute("ALTER TABLE trial DROP COLUMN kept_response")
    op.execute("ALTER TABLE trial DROP COLUMN kept_purpose")
