"""A study's pictures, as the way from the project's folder: an absolute path was lost when the project moved."""

import os
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROOT = Path(__file__).resolve().parents[2]
_STUDY = sa.table("study", sa.column("id", sa.Integer), sa.column("stimuli_folder", sa.String))


def upgrade() -> None:
    _rewrite(lambda folder: os.path.relpath(folder, _ROOT))


def downgrade() -> None:
    _rewrite(lambda folder: os.path.normpath(_ROOT / folder))


def _rewrite(changed: Callable[[str], str]) -> None:
    connection = op.get_bind()
    for study_id, folder in connection.execute(sa.select(_STUDY.c.id, _STUDY.c.stimuli_folder)).all():
        connection.execute(_STUDY.update().where(_STUDY.c.id == study_id).values(stimuli_folder=changed(folder)))
