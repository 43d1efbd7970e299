"""Researchers' logins: who is in, for how long, and how guessing is slowed down (docs/adr/046-logins.md)."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from study.conduct.admins import NAME
from study.database import audit
from study.database.schema import Admin, AuditEntry, FailedLogin, Login
from study.errors import LoginThrottledError
from study.security import new_token

LASTING = timedelta(hours=12)
FREE_FAILURES = 5  # of one name from one origin, before one has to wait
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
MOST_REMEMBERED = 10_000  # rows of failed logins
NOTED_EVERY = timedelta(hours=1)
_FAILED = "login-failed"
# Compared with when there is no such name, so that a reply's time does not tell which names exist.
_NOBODY = generate_password_hash("nobody has this password")


def authenticate(session: Session, key: str, name: str, password: str, now: datetime) -> Admin | None:
    """The researcher, or None when name or password is wrong. Writes nothing: scrypt takes too long to hold a lock.

    `key` is that of `security.attempt_key`. Raises LoginThrottledError while it has to wait.
    """
    _throttle(session.get(FailedLogin, key), now)
    admin = session.scalar(select(Admin).where(Admin.name == name)) if NAME.fullmatch(name) else None
    fits = check_password_hash(admin.password_hash if admin else _NOBODY, password)
    return admin if fits else None


def record_login(session: Session, key: str, admin: Admin, now: datetime) -> str:
    """Begin the login of `admin`; the mark that their cookie carries. The caller commits.

    Raises LoginThrottledError where other attempts failed meanwhile: of many made at once no more are told theirs
    than of as many one after another.
    """
    failed = _locked(session, key, now)
    if failed:
        session.delete(failed)
    session.execute(delete(Login).where(Login.at <= now - LASTING))
    mark = new_token()
    session.add(Login(mark_sha256=_sha256(mark), admin_id=admin.id, at=now))
    audit.append(session, admin.name, "login", {}, now)
    return mark


def record_failure(session: Session, key: str, name: str, now: datetime) -> None:
    """Count a wrong name or password. The caller commits, and tells it only then. Raises as `record_login`."""
    failed = _locked(session, key, now)
    if failed is None:
        _forget_old(session, now)
        failed = FailedLogin(key=key, failures=0)
        session.add(failed)
    failed.failures, failed.last_at = failed.failures + 1, now
    _note(session, name, now)


def researcher(session: Session, mark: str, now: datetime) -> Admin | None:
    """Who is logged in with this mark."""
    holds = (Login.mark_sha256 == _sha256(mark)) & (Login.at > now - LASTING)
    return session.scalar(select(Admin).join(Login, Login.admin_id == Admin.id).where(holds))


def log_out(session: Session, mark: str) -> None:
    """End this login, also for copies of its cookie. The caller commits."""
    session.execute(delete(Login).where(Login.mark_sha256 == _sha256(mark)))


def _locked(session: Session, key: str, now: datetime) -> FailedLogin | None:
    audit.wait_for_turn(session)
    failed = session.get(FailedLogin, key)
    _throttle(failed, now)
    return failed


def _throttle(failed: FailedLogin | None, now: datetime) -> None:
    if failed and (wait := failed.last_at + delay(failed.failures) - now) > timedelta(0):
        seconds = max(1, round(wait.total_seconds()))
        how_long = f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"
        raise LoginThrottledError(f"there were too many attempts to log in from here; wait {how_long}")


def delay(failures: int) -> timedelta:
    """The wait after this number of failures in a row: doubled with each one beyond those that are free."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 30))


def _forget_old(session: Session, now: datetime) -> None:
    """The table is bounded whatever visitors send: names and origins cost them nothing."""
    session.execute(delete(FailedLogin).where(FailedLogin.last_at < now - FORGOTTEN_AFTER))
    remembered = session.scalar(select(func.count()).select_from(FailedLogin)) or 0
    if remembered >= MOST_REMEMBERED:
        oldest = select(FailedLogin.key).order_by(FailedLogin.last_at).limit(remembered + 1 - MOST_REMEMBERED)
        session.execute(delete(FailedLogin).where(FailedLogin.key.in_(oldest.scalar_subquery())))


def _note(session: Session, name: str, now: datetime) -> None:
    """In the audit log, at most once an hour for each researcher and once for all other names together."""
    known = NAME.fullmatch(name) and session.scalar(select(Admin.id).where(Admin.name == name))
    actor = name if known else "?"
    noted = (AuditEntry.action == _FAILED) & (AuditEntry.actor == actor) & (AuditEntry.at > now - NOTED_EVERY)
    if session.scalar(select(AuditEntry.id).where(noted).limit(1)) is None:
        audit.append(session, actor, _FAILED, {}, now)


def _sha256(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()
