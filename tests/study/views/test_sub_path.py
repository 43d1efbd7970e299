"""DISCERN_APPLICATION_ROOT: every address of ours is below a path, whether the web server in front leaves it out or not."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from flask import Flask
from werkzeug.test import Client

from study import close_app, create_app
from study.errors import ConfigurationError
from study.rehearsal.simulated import run_participant
from tests.serving import served
from tests.study.samples import SECRET
from tests.study.visitor import hidden_fields

ROOT = "/lab/discern"
ADDRESS = re.compile(r"""(?:href|src|action|data-[a-z]+)="(/[^"]*)\"""")


@pytest.fixture
def below(app: Flask, sqlite_url: str) -> Iterator[Flask]:
    """The application with the sample study open, below a path."""
    settings = {"PRODUCTION": "1", "TRUSTED_HOSTS": "lab.example,127.0.0.1", "APPLICATION_ROOT": f"{ROOT}/"}
    made = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET} | settings)
    yield made
    close_app(made)


@pytest.mark.parametrize("passed_on", [ROOT, ""])
def test_every_address_of_a_page_is_below_the_path(below: Flask, passed_on: str) -> None:
    browser = Client(below)
    there = {"base_url": "https://lab.example"}
    landing = browser.get(f"{passed_on}/s/demo", **there)
    sent = hidden_fields(landing.text) | {"consent": "yes", "language": "en"}
    joined = browser.post(f"{passed_on}/s/demo/consent", data=sent, **there)
    assert joined.headers["Location"].startswith(f"{ROOT}/p/")
    [remembered] = [value for value in joined.headers.getlist("Set-Cookie") if value.startswith("discern-token")]
    assert f"Path={ROOT}/s/demo;" in remembered
    place = joined.headers["Location"].removeprefix(ROOT)
    pages = [
        browser.get(f"{passed_on}{path}", **there)
        for path in (f"{place}/study", f"{place}/leave", "/researcher/login", "/none")
    ]
    for page in (landing, *pages):
        found = ADDRESS.findall(page.text)
        assert found
        assert [address for address in found if not address.startswith(f"{ROOT}/")] == []
        assert "Strict-Transport-Security" not in page.headers, "the host is not ours alone"
    plan = browser.get(f"{passed_on}{place}/plan", **there).get_json()
    assert all(image["url"].startswith(ROOT) for trial in plan["trials"] for image in trial["images"])
    assert (
        browser.get(f"{passed_on}/researcher/", **there)
        .headers["Location"]
        .startswith(f"{ROOT}/researcher/login?next=")
    )
    assert browser.get(f"{passed_on}/healthz").status_code == 200


def test_a_simulated_person_takes_part_below_a_path(below: Flask) -> None:
    below.config |= {"PRODUCTION": "0", "SESSION_COOKIE_SECURE": False}
    with served(below) as address:

        def first(_trial: object, question: dict, *_: object) -> tuple[str, float]:
            return question["options"][0]["value"], 900.0

        code = run_participant(f"{address}{ROOT}", "demo", first, np.random.default_rng(0))
    assert re.fullmatch("[A-Z0-9]{8}", code)


def test_a_visitors_header_chooses_no_path(app: Flask) -> None:
    for name in ("X-Forwarded-Prefix", "X-Script-Name", "Script-Name"):
        page = app.test_client().get("/s/demo", headers={name: "/evil"})
        assert "/evil" not in page.text


@pytest.mark.parametrize("root", ["discern", "//evil.example", "/a b", "/ä", "https://lab.example/discern"])
def test_what_is_no_path_is_refused(sqlite_url: str, root: str) -> None:
    with pytest.raises(ConfigurationError, match="DISCERN_APPLICATION_ROOT must be a path such as /discern"):
        create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "APPLICATION_ROOT": root})
