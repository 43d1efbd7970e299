"""Trials that show one visualization on both sides: controls, and no others."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"trial": 20}, "postgresql": {"trial": 120}}

_EXPECTS = "(purpose = 'attention') = (expected_response IS NOT NULL)"
_SHOWS_ONE = "(purpose = 'control') = (right_stimulus_id IS NOT NULL AND right_stimulus_id = left_stimulus_id)"


def upgrade() -> None:
    _rebuild(
        "CONSTRAINT ck_trial_purpose_known CHECK (purpose IN ('main', 'practice', 'attention', 'control'))"
        f" CONSTRAINT ck_trial_control_shows_one CHECK ({_SHOWS_ONE})"
    )


def downgrade() -> None:
    controls = "(SELECT id FROM trial WHERE purpose = 'control')"
    op.execute(f"DELETE FROM event WHERE trial_id IN {controls}")
    op.execute(f"DELETE FROM response WHERE trial_id IN {controls}")
    op.execute("DELETE FROM trial WHERE purpose = 'control'")
    _rebuild("CONSTRAINT ck_trial_purpose_known CHECK (purpose IN ('main', 'practice', 'attention'))")


def _rebuild(constraints: str) -> None:
    """Columns of these constraints in place of the earlier ones, their values kept.

    SQLite changes no constraint in place, and copying the table would break what refers to it.
    """
    op.execute("ALTER TABLE trial ADD COLUMN kept_purpose VARCHAR(16)")
    op.execute("ALTER TABLE trial ADD COLUMN kept_response VARCHAR(64)")
    op.execute("UPDATE trial SET kept_purpose = purpose, kept_response = expected_response")
    op.execute("ALTER TABLE trial DROP COLUMN expected_response")
    op.execute("ALTER TABLE trial DROP COLUMN purpose")
    # Columns come without values first: SQLite holds those of rows that are there against a new constraint.
    op.execute("ALTER TABLE trial ADD COLUMN purpose VARCHAR(16) DEFAULT 'main' NOT NULL " + constraints)
    op.execute(
        "ALTER TABLE trial ADD COLUMN expected_response VARCHAR(64)"
        f" CONSTRAINT ck_trial_attention_expects CHECK ({_EXPECTS})"
    )
    op.execute("UPDATE trial SET purpose = kept_purpose, expected_response = kept_response")
    op.execute("ALTER TABLE trial DROP COLUMN kept_response")
    op.execute("ALTER TABLE trial DROP COLUMN kept_purpose")
