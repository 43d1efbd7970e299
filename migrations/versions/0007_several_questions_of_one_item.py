"""Several questions of one item: an answer is named by its question, and a trial counts the answers it has.

How sure a participant was, a column until now, becomes the answer to a question of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
rewrites = {"sqlite": {"response": 3, "trial": 3}, "postgresql": {"response": 35, "trial": 35}}

_COLUMNS = ("trial_id", "response", "rt", "time_elapsed", "body_sha256", "answered_at")
_LISTED = ", ".join(_COLUMNS)


def upgrade() -> None:
    op.add_column("trial", sa.Column("questions_answered", sa.Integer(), server_default="0", nullable=False))
    with _rebuilt(sa.Column("question", sa.String(32), nullable=False), ("trial_id", "question")):
        op.execute(f"INSERT INTO response ({_LISTED}, question) SELECT {_LISTED}, 'response' FROM kept_response")
        op.execute(
            f"INSERT INTO response ({_LISTED}, question)"
            " SELECT trial_id, CAST(confidence AS VARCHAR(64)), NULL, time_elapsed, body_sha256, answered_at,"
            " 'confidence'"
            " FROM kept_response WHERE confidence IS NOT NULL"
        )
    op.execute(
        "UPDATE trial SET questions_answered = (SELECT COUNT(*) FROM response WHERE response.trial_id = trial.id)"
        " WHERE state = 'answered'"
    )


def downgrade() -> None:
    first = ", ".join(f"first.{column}" for column in _COLUMNS)
    with _rebuilt(sa.Column("confidence", sa.Integer(), nullable=True), ("trial_id",)):
        op.execute(
            f"INSERT INTO response ({_LISTED}, confidence) SELECT {first}, CAST(second.response AS INTEGER)"
            " FROM kept_response first JOIN trial ON trial.id = first.trial_id LEFT JOIN kept_response second"
            " ON second.trial_id = first.trial_id AND second.question = 'confidence'"
            " WHERE first.question = 'response' AND trial.state = 'answered'"
        )
    op.drop_column("trial", "questions_answered")


@contextmanager
def _rebuilt(column: sa.Column, key: tuple[str, ...]) -> Iterator[None]:
    """The table of answers anew, with this column and key; the earlier rows are in `kept_response` meanwhile."""
    op.execute("CREATE TABLE kept_response AS SELECT * FROM response")
    op.drop_table("response")
    op.create_table(
        "response",
        sa.Column("trial_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("response", sa.String(64), nullable=False),
        sa.Column("rt", sa.Double(), nullable=True),
        sa.Column("time_elapsed", sa.Double(), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        column,
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_response_trial_id_trial")),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_response")),
    )
    yield
    op.drop_table("kept_response")
