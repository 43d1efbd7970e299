"""Researchers' accounts and their logins."""

import re
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from study.database import audit
from study.database.schema import OWNER, Admin, AuditEntry
from study.errors import AdminError, LoginThrottledError

MIN_PASSWORD_LENGTH = 12
MAX_FAILURES = 5
FAILURE_WINDOW = timedelta(minutes=5)
_FAILED = "login-failed"
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
# Compared with when there is no such name, so that a reply's time does not tell which names exist.
_NOBODY = generate_password_hash("nobody has this password")


def create_admin(session: Session, name: str, password: str, now: datetime, role: str = OWNER) -> Admin:
    """Add a researcher; `role` is one of schema.ROLES. The caller commits.

    Raises AdminError for a taken or odd name or a short password.
    """
    if not _NAME.fullmatch(name):
        raise AdminError(f"{name!r} cannot be a name; use up to 64 letters, digits and . _ @ -")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AdminError(f"the password has {len(password)} characters; use at least {MIN_PASSWORD_LENGTH}")
    if session.scalar(select(Admin.id).where(Admin.name == name)):
        raise AdminError(f"there is a researcher named {name!r} already; --new-password gives them another password")
    admin = Admin(name=name, password_hash=generate_password_hash(password), role=role, created_at=now)
    session.add(admin)
    audit.append(session, "manage.py", "admin-created", {"name": name, "role": role}, now)
    return admin


def set_password(session: Session, name: str, password: str, now: datetime) -> Admin:
    """Give a researcher another password, which ends their logins. The caller commits. Raises AdminError."""
    admin = session.scalar(select(Admin).where(Admin.name == name))
    if admin is None:
        raise AdminError(f"there is no researcher named {name!r}")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AdminError(f"the password has {len(password)} characters; use at least {MIN_PASSWORD_LENGTH}")
    admin.password_hash = generate_password_hash(password)
    audit.append(session, "manage.py", "password-set", {"name": name}, now)
    return admin


def authenticate(session: Session, name: str, password: str, now: datetime) -> Admin | None:
    """The researcher, or None when name or password is wrong. Writes nothing: scrypt takes too long to hold a lock.

    Raises LoginThrottledError after MAX_FAILURES failures for this name within FAILURE_WINDOW.
    """
    _throttle(_failures(session, name, now))
    admin = session.scalar(select(Admin).where(Admin.name == name)) if _NAME.fullmatch(name) else None
    fits = check_password_hash(admin.password_hash if admin else _NOBODY, password)
    return admin if fits else None


def record_login(session: Session, name: str, accepted: bool, now: datetime) -> None:
    """Note an attempt to log in. The caller commits, and tells the outcome only then.

    Raises LoginThrottledError where other attempts failed meanwhile: of many made at once no more are told theirs
    than of as many one after another.
    """
    audit.append(session, _actor(name), "login" if accepted else _FAILED, {}, now)  # others wait from here on
    _throttle(_failures(session, name, now) - (not accepted))


def _failures(session: Session, name: str, now: datetime) -> int:
    recent = (AuditEntry.action == _FAILED) & (AuditEntry.at > now - FAILURE_WINDOW)
    mine = select(func.count()).select_from(AuditEntry).where(recent, AuditEntry.actor == _actor(name))
    return session.scalar(mine) or 0


def _throttle(failures: int) -> None:
    if failures >= MAX_FAILURES:
        minutes = FAILURE_WINDOW // timedelta(minutes=1)
        raise LoginThrottledError(f"there were too many attempts to log in; wait {minutes} minutes")


def _actor(name: str) -> str:
    """Names that nobody can have share one entry, so that the log holds no text of a visitor's choice."""
    return name if _NAME.fullmatch(name) else "?"
