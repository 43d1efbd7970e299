"""Researchers' accounts."""

import re
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from study.database import audit
from study.database.schema import OWNER, Admin, Login
from study.errors import AdminError

MIN_PASSWORD_LENGTH = 12
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")


def create_admin(
    session: Session, name: str, password: str, now: datetime, role: str = OWNER, sees_all: bool = True
) -> Admin:
    """Add a researcher; `role` is one of schema.ROLES, and without `sees_all` no study is seen until it is shared.

    The caller commits.

    Raises AdminError for a taken or odd name or a short password.
    """
    if not NAME.fullmatch(name):
        raise AdminError(f"{name!r} cannot be a name; use up to 64 letters, digits and . _ @ -")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AdminError(f"the password has {len(password)} characters; use at least {MIN_PASSWORD_LENGTH}")
    if session.scalar(select(Admin.id).where(Admin.name == name)):
        raise AdminError(f"there is a researcher named {name!r} already; --new-password gives them another password")
    admin = Admin(name=name, password_hash=generate_password_hash(password), role=role, created_at=now)
    admin.sees_all = sees_all
    session.add(admin)
    limited = {} if sees_all else {"sees_all": False}
    audit.append(session, "manage.py", "admin-created", {"name": name, "role": role} | limited, now)
    return admin


def set_password(session: Session, name: str, password: str, now: datetime) -> Admin:
    """Give a researcher another password, which ends their logins. The caller commits. Raises AdminError."""
    admin = session.scalar(select(Admin).where(Admin.name == name))
    if admin is None:
        raise AdminError(f"there is no researcher named {name!r}")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AdminError(f"the password has {len(password)} characters; use at least {MIN_PASSWORD_LENGTH}")
    admin.password_hash = generate_password_hash(password)
    session.execute(delete(Login).where(Login.admin_id == admin.id))
    audit.append(session, "manage.py", "password-set", {"name": name}, now)
    return admin
