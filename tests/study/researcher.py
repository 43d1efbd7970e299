"""A researcher in tests: logs in and sends the pages' forms with Flask's test client."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.study.visitor import hidden_fields

PASSWORD = "correct horse battery"


def log_in(client: FlaskClient, password: str = PASSWORD, following: str = "", name: str = "ada") -> TestResponse:
    form = hidden_fields(client.get("/researcher/login").text)
    return client.post("/researcher/login", data=form | {"name": name, "password": password, "next": following})


def send(client: FlaskClient, page: str, path: str, **fields: str) -> TestResponse:
    token = hidden_fields(client.get(page).text)["csrf_token"]
    return client.post(path, data={"csrf_token": token, "confirmed": "yes"} | fields)
