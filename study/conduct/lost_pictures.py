"""Studies whose pictures are not where the database says, and how such a study finds them again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.stimulus_set import Stimulus as StimulusRow
from contracts.stimulus_set import read_stimuli, verify
from study.database import audit
from study.database.schema import CLOSED, Stimulus, Study
from study.database.stimuli_folder import folder_of, stored_as
from study.errors import OpeningError

MOVED = "stimuli-moved"  # the audit log's name for it


@dataclass(frozen=True)
class Lost:
    """A study that is not closed and of whose `pictures` some are `missing` in `folder`."""

    slug: str
    folder: Path
    missing: int
    pictures: int

    @property
    def words(self) -> str:
        return (
            f"{self.missing} of {self.pictures} pictures of study {self.slug!r} are not in {self.folder};"
            " run `./manage.py open-study --stimuli FOLDER` with the folder where they are now"
        )


def lost_pictures(session: Session) -> list[Lost]:
    """Whether the files are there is asked of the file system; their content is not read."""
    files: dict[tuple[str, str], set[str]] = defaultdict(set)
    query = select(Study.slug, Study.stimuli_folder, Stimulus.file).join(Stimulus, Stimulus.study_id == Study.id)
    for slug, stored, file in session.execute(query.where(Study.state != CLOSED).order_by(Study.slug)):
        files[slug, stored].add(file)
    found = []
    for (slug, stored), names in files.items():
        folder = folder_of(stored)
        if missing := sum(not (folder / name).is_file() for name in names):
            found.append(Lost(slug, folder, missing, len(names)))
    return found


def require_pictures(session: Session, slug: str) -> None:
    """Raise OpeningError when the open study of this name lacks pictures."""
    for lost in lost_pictures(session):
        if lost.slug == slug:
            raise OpeningError(lost.words)


def find_again(session: Session, folder: Path, now: datetime) -> list[str]:
    """Take the pictures of each study that has exactly those of the set in `folder` from there; the studies' slugs.

    The caller commits. Raises StimulusSetError, and OpeningError where no study has them.
    """
    verify(folder)
    rows = read_stimuli(folder)
    moved = [study for study in session.scalars(select(Study)) if has_same_pictures(session, study, rows)]
    if not moved:
        raise OpeningError(f"no study in the database was opened with the stimulus set in {folder}")
    for study in moved:
        move(session, study, folder, now)
    return [study.slug for study in moved]


def has_same_pictures(session: Session, study: Study, rows: Sequence[StimulusRow]) -> bool:
    """Whether the study has these stimuli and each has the same pixels, by its file's hash."""
    own = select(Stimulus.stimulus_id, Stimulus.sha256).where(Stimulus.study_id == study.id)
    return set(map(tuple, session.execute(own))) == {(row.stimulus_id, row.sha256) for row in rows}


def move(session: Session, study: Study, folder: Path, now: datetime) -> None:
    """Note the folder; its files have been compared with their hashes."""
    stored = stored_as(folder)
    if stored != study.stimuli_folder:
        audit.append(session, "manage.py", MOVED, {"slug": study.slug}, now)
        study.stimuli_folder = stored
