"""Which studies a researcher sees: all, or those that were shared with them."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.find import find_study
from study.database.schema import Admin, Study, StudyAccess
from study.errors import AdminError


def sees(session: Session, admin: Admin, slug: str) -> bool:
    """Whether the researcher sees the study of this name; of one that is not there it says the same as of others'."""
    shared = exists().where(StudyAccess.admin_id == admin.id, StudyAccess.study_id == Study.id)
    return admin.sees_all or session.scalar(select(Study.id).where(Study.slug == slug, shared)) is not None


def seen(session: Session, admin: Admin) -> set[int]:
    """Ids of the studies that the researcher sees."""
    query = select(Study.id)
    if not admin.sees_all:
        query = query.join(StudyAccess, StudyAccess.study_id == Study.id).where(StudyAccess.admin_id == admin.id)
    return set(session.scalars(query))


def share(session: Session, slug: str, name: str, actor: str, now: datetime) -> None:
    """Let a researcher see a study. The caller commits. Raises UnknownError, AdminError."""
    study, admin = find_study(session, slug), _limited(session, name)
    if session.get(StudyAccess, (admin.id, study.id)):
        raise AdminError(f"researcher {name!r} sees study {slug!r} already")
    session.add(StudyAccess(admin_id=admin.id, study_id=study.id))
    audit.append(session, actor, "study-shared", {"slug": slug, "name": name}, now)


def end_sharing(session: Session, slug: str, name: str, actor: str, now: datetime) -> None:
    """The opposite; it holds from their next request on. The caller commits. Raises UnknownError, AdminError."""
    study, admin = find_study(session, slug), _limited(session, name)
    shared = session.get(StudyAccess, (admin.id, study.id))
    if shared is None:
        raise AdminError(f"researcher {name!r} does not see study {slug!r}")
    session.delete(shared)
    audit.append(session, actor, "sharing-ended", {"slug": slug, "name": name}, now)


def _limited(session: Session, name: str) -> Admin:
    admin = session.scalar(select(Admin).where(Admin.name == name))
    if admin is None:
        raise AdminError(f"there is no researcher named {name!r}; `./manage.py add-researcher` makes an account")
    if admin.sees_all:
        raise AdminError(
            f"researcher {name!r} sees all studies; an account that sees some is made by `./manage.py add-researcher"
            " NAME --study FILE`"
        )
    return admin
