"""What researchers want to be told of at once: a study is full, the server fails, nobody comes any more."""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from study.conduct.failures import PICTURE, Failures
from study.conduct.lost_pictures import lost_pictures
from study.conduct.progress import title
from study.database.db import Database, require_ready
from study.database.schema import OPEN, Participant, Study
from study.definition import frozen_definition
from study.errors import ConfigurationError, DatabaseNotReadyError
from study.taking_part.enrolment import is_full

FULL, ERRORS, PICTURES, STUCK, DATABASE = EVENTS = ("full", "errors", "pictures", "stuck", "database")
FORGOTTEN_AFTER = timedelta(hours=24)  # without it: then the same thing is news again


@dataclass(frozen=True)
class Notice:
    """One thing to tell. `slug` is empty for what concerns the server. It names no participant."""

    event: str
    slug: str
    subject: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.event}:{self.slug}"


def of_studies(database: Database, now: datetime, stuck_after: timedelta) -> list[Notice]:
    """Of all open studies, or that nobody can take part, because the database does not answer."""
    try:
        require_ready(database)
        with database.reading() as session:
            return notices(session, now, stuck_after)
    except (DatabaseNotReadyError, SQLAlchemyError) as error:
        why = str(error) if isinstance(error, DatabaseNotReadyError) else type(error).__name__
    text = f"Participants cannot take part: {why}. Their unsent answers wait in their browsers."
    return [Notice(DATABASE, "", "The database does not answer", text)]


def notices(session: Session, now: datetime, stuck_after: timedelta) -> list[Notice]:
    """Of all open studies, at this moment."""
    found = []
    for study in session.scalars(select(Study).where(Study.state == OPEN).order_by(Study.id)):
        if notice := _full(session, study, now) or _stuck(session, study, now, stuck_after):
            found.append(notice)
    lost = lost_pictures(session)
    return found + [Notice(PICTURES, one.slug, f"Study {one.slug} lacks pictures", f"{one.words}.") for one in lost]


def of_failures(failures: Failures, now: datetime, most: int) -> list[Notice]:
    """Where the server failed more than `most` times in the last hour."""
    replies, pictures = failures.last_hour(now), failures.last_hour(now, PICTURE)
    if replies + pictures <= most:
        return []
    text = (
        f"In the last hour {replies} replies of the server failed, and {pictures} pictures did not reach a participant."
        " The server's log says why; the page Server of the researchers' pages shows the minutes."
    )
    return [Notice(ERRORS, "", "The server had errors", text)]


def _full(session: Session, study: Study, now: datetime) -> Notice | None:
    if not is_full(session, study, "human", now):
        return None
    text = (
        f"Study {study.slug!r} ({_title(study)}) takes nobody any more: all places are taken. Close it, or want more"
        " ratings or people."
    )
    return Notice(FULL, study.slug, f"Study {study.slug} is full", text)


def _stuck(session: Session, study: Study, now: datetime, stuck_after: timedelta) -> Notice | None:
    """Nobody joined for that long, though there are places."""
    joined = select(func.max(Participant.consented_at)).where(
        Participant.study_id == study.id, Participant.observer_kind == "human"
    )
    last = session.scalar(joined)
    if now - (last or study.opened_at) < stuck_after:
        return None
    since = f"since {'' if last else 'it was opened at '}{last or study.opened_at:%Y-%m-%d %H:%M} UTC"
    text = (
        f"Nobody has joined study {study.slug!r} ({_title(study)}) {since}, though it is open and has places. Look at"
        " the recruitment platform, or pause the study."
    )
    return Notice(STUCK, study.slug, f"Nobody joins study {study.slug}", text)


def _title(study: Study) -> str:
    return title(frozen_definition(study))


class Told:
    """What was told to whom, in a file, so that nothing is told twice. It is written with each change."""

    def __init__(self, file: Path) -> None:
        self._file = file.resolve()  # behind a link, so that the file is replaced and not the link
        self._last = self._read()

    def _read(self) -> dict[str, str]:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return {str(key): datetime.fromisoformat(at).isoformat() for key, at in told.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise ConfigurationError(
                f"{self._file} is not what `./manage.py notify` writes ({error}); name another --state"
            ) from error

    def new(self, channel: str, found: Sequence[Notice], now: datetime) -> list[Notice]:
        """Those that this channel has not been told of. What is still so stays told; what is over for long is news."""
        self._last = {key: at for key, at in self._last.items() if now - datetime.fromisoformat(at) < FORGOTTEN_AFTER}
        keys = {f"{channel}:{notice.key}": notice for notice in found}
        new = [notice for key, notice in keys.items() if key not in self._last]
        self._last |= {key: now.isoformat() for key in keys.keys() & self._last.keys()}
        self._write()
        return new

    def add(self, channel: str, notice: Notice, now: datetime) -> None:
        """It has been told."""
        self._last[f"{channel}:{notice.key}"] = now.isoformat()
        self._write()

    def _write(self) -> None:
        """Whole or not at all."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{self._file.name}-", dir=self._file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._last, file, indent=2, sort_keys=True)
        os.replace(name, self._file)
