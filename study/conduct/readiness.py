"""Whether the server can take participants at this moment; asked often, so each question is a small one."""

import logging

from psycopg import OperationalError as BrokenConnection
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from study.database.db import Database, require_ready
from study.database.schema import OPEN, Stimulus, Study
from study.database.stimuli_folder import folder_of
from study.errors import DatabaseNotReadyError

log = logging.getLogger(__name__)


def why_not_ready(database: Database) -> str | None:
    """A few words that name no host, path or study; None: ready."""
    try:
        require_ready(database)
        with database.reading() as session:
            return None if _pictures_are_there(session) else "pictures of an open study are missing"
    except DatabaseNotReadyError:
        return "the database is unreachable or of another version"
    except (SQLAlchemyError, BrokenConnection) as error:
        log.info("not ready: %s", type(error).__name__)
        return "the database does not answer"


def _pictures_are_there(session: Session) -> bool:
    """Of each open study the first picture: to look for all takes seconds, and what is lost is a folder or a disk."""
    first = select(func.min(Stimulus.id)).where(Stimulus.study_id == Study.id).correlate(Study).scalar_subquery()
    query = select(Study.stimuli_folder, Stimulus.file).join(Stimulus, Stimulus.id == first).where(Study.state == OPEN)
    return all((folder_of(folder) / file).is_file() for folder, file in session.execute(query))
