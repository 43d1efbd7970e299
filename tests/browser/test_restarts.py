"""Whatever stops in the middle of a question, nothing is lost or doubled, and people go on where they were."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.crash import Server, wait_until_serving
from study import close_app, create_app
from study.conduct.opening import open_study
from study.database.db import connect, upgrade
from tests.browser.person import Person
from tests.browser.studies import TOTAL, LiveStudy, definition, stimulus_set
from tests.postgresql import WANTED, Cluster, new_database, programs
from tests.study.samples import NOW, SECRET, sha256

SAVED = "All answers saved"


@dataclass(frozen=True)
class Outage:
    """A study under gunicorn, and the part of it that can be stopped and started."""

    live: LiveStudy
    port: int
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not programs():
        pytest.skip(WANTED)
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="discern-postgresql-")))
    cluster.create()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.folder)


@pytest.fixture(params=["server", "database"])
def outage(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Outage]:
    """`server`: master and workers killed by signal 9. `database`: PostgreSQL stopped at once, without farewell."""
    url = new_database(cluster.url)
    upgrade(url)
    database, sample = connect(url), definition("plain", ("en",))
    with database.writing() as session:
        rows = stimulus_set(tmp_path / "stimuli", sample["tasks"])
        open_study(session, sample, sha256(sample), rows, {"recipe": "paper-v1"}, tmp_path / "stimuli", NOW)
        session.commit()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET})
    server = Server(url, tmp_path / "server.log")
    server.start()
    wait_until_serving(server.port, time.monotonic() + 60)
    live = LiveStudy(f"http://127.0.0.1:{server.port}", app, database)
    stops = {"server": (server.kill_all, server.start), "database": (cluster.stop, cluster.start)}
    yield Outage(live, server.port, *stops[request.param])
    server.kill_all()
    close_app(app)
    database.engine.dispose()


def test_an_answer_given_during_an_outage_waits_with_a_note_and_is_stored_once(page: Page, outage: Outage) -> None:
    person = Person.arrives(page, outage.live)
    note = page.locator("#save-note")
    person.starts()
    person.clicks(1)
    person.waits_for_question(2)
    token = person.token
    outage.stop()
    person.clicks(2, option=1)
    expect(note).to_contain_text("Not saved yet")
    outage.start()
    expect(note).to_have_text(SAVED, timeout=60_000)  # the server's start and a long pause between two tries
    assert [answer.position for answer in outage.live.answers(token)] == [0, 1]
    page.reload()
    expect(page.get_by_text("You continue with question 3 of")).to_be_visible()
    code = person.finishes(first=3)
    assert [answer.position for answer in outage.live.answers(token)] == list(range(TOTAL))
    assert code == outage.live.completion_code(token)


def test_the_back_button_leads_to_the_next_unanswered_question(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.clicks(1)
    person.clicks(2)
    person.waits_for_question(3)
    token = person.token
    person.page.go_back()
    person.page.wait_for_url(f"**/p/{token}/study")
    expect(person.page.get_by_text("You continue with question 3 of")).to_be_visible()
    person.finishes(first=3)
    assert [answer.position for answer in live.answers(token)] == list(range(TOTAL))


@contextmanager
def closed_laptop(browser: Browser) -> Iterator[None]:
    """Every page's process stands still; a page that is only asked to freeze does so at a moment of its own."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    assert renderers
    for renderer in renderers:
        os.kill(renderer, signal.SIGSTOP)
    try:
        yield
    finally:
        for renderer in renderers:
            os.kill(renderer, signal.SIGCONT)


def test_a_laptop_closed_over_an_unsent_answer_sends_it_when_opened(
    page: Page, browser: Browser, outage: Outage
) -> None:
    person = Person.arrives(page, outage.live)
    note = page.locator("#save-note")
    person.starts()
    person.waits_for_question(1)
    token = person.token
    outage.stop()
    person.clicks(1)
    expect(note).to_contain_text("Not saved yet")
    with closed_laptop(browser):
        outage.start()
        wait_until_serving(outage.port, time.monotonic() + 60)
        time.sleep(2)
        assert outage.live.answers(token) == []
    expect(note).to_have_text(SAVED, timeout=60_000)  # the server's start and a long pause between two tries
    person.waits_for_question(2)
    person.finishes(first=2)
    assert [answer.position for answer in outage.live.answers(token)] == list(range(TOTAL))
