"""A researcher in tests: logs in and sends the pages' forms with Flask's test client."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from tests.study.visitor import hidden_fields

PASSWORD = "correct horse battery"


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Passwords are hashed as ever, at a thirtieth of the work."""
    with pytest.MonkeyPatch.context() as patch:
        quick = partial(generate_password_hash, method="scrypt:1024:8:1")
        patch.setattr("study.conduct.admins.generate_password_hash", quick)
        patch.setattr("study.conduct.logins._NOBODY", quick("nobody has this password"))
        yield


def log_in(client: FlaskClient, password: str = PASSWORD, following: str = "", name: str = "ada") -> TestResponse:
    form = hidden_fields(client.get("/researcher/login").text)
    return client.post("/researcher/login", data=form | {"name": name, "password": password, "next": following})


def send(client: FlaskClient, page: str, path: str, **fields: str) -> TestResponse:
    token = hidden_fields(client.get(page).text)["csrf_token"]
    return client.post(path, data={"csrf_token": token, "confirmed": "yes"} | fields)
