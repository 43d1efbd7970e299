"""A simulated participant over real HTTP, against a real server."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from flask import Flask
from werkzeug.serving import make_server

from commands.simulate import simulate
from languages.read import languages
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Participant, Response
from study.errors import NoPlaceLeftError, SimulationError, TurnedAwayError
from study.rehearsal.simulated import _asked, _Browser, run_participant
from study.taking_part.arrivals import KIND_HEADER, arrived
from tests.study.samples import document, seeing
from tests.study.visitor import hidden_fields


@pytest.fixture
def serve() -> Iterator:
    """Serves an application on a free port; gives its address."""
    servers = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


MARKS = {"German": "Wählen Sie: „{}“.", "French": "Choisissez : « {} »", "Japanese": "「{}」を選んでください"}


@pytest.mark.parametrize(
    "check", [*(language.tasks["attention"] for language in languages().values()), *MARKS.values()]
)
def test_the_option_of_an_attention_check_is_found_in_any_languages_quotation_marks(check: str) -> None:
    options = [{"value": "boat", "label": "boat"}, {"value": "cat", "label": "cat (or kitten)"}]
    question = {"options": options, "text": check.replace("{option}", "{}").format("cat (or kitten)")}
    assert _asked(question) == "cat"
    assert _asked(question | {"text": "Which category is it: boat or not?"}) is None


def first_option(trial, question, images, rng):
    assert all(image.startswith(b"\x89PNG") for image in images)
    assert len(images) == (2 if trial["kind"] == "trust" else 1)
    return question["options"][0]["value"], float(rng.uniform(500, 900))


def test_it_takes_the_study_as_a_browser_does_and_is_marked_as_simulated(app, serve, database: Database) -> None:
    code = run_participant(serve(app), "demo", first_option, np.random.default_rng(1))
    with database.reading() as session:
        participant = session.query(Participant).one()
        responses = session.query(Response).all()
    assert (participant.observer_kind, participant.completion_code) == ("simulated", code)
    assert len(responses) == 7
    assert all(500 <= r.rt <= 900 for r in responses)


def test_its_visit_is_counted_among_the_simulated_and_never_among_people(app, serve, database: Database) -> None:
    address = serve(app)
    run_participant(address, "demo", first_option, np.random.default_rng(1))
    for _ in range(2):
        app.test_client().get("/s/demo", buffered=True)
    with database.reading() as session:
        came = arrived(session, find_study(session, "demo"))
    assert {kind: counted.opened for kind, counted in came.items()} == {"human": 2, "simulated": 1}


@pytest.mark.parametrize("provider", ["prolific", "mturk", "sona"])
def test_it_rehearses_a_study_of_any_platform_and_counts_among_no_people(
    open_app, serve, database: Database, provider: str
) -> None:
    """A person who comes by the same link, without the platform's ids, is refused."""
    app = open_app(document(seeing(images=2, k=2), provider=provider))
    code = run_participant(serve(app), "demo", first_option, np.random.default_rng(1))
    with database.reading() as session:
        participant = session.query(Participant).one()
    assert (participant.observer_kind, participant.completion_code) == ("simulated", code)
    assert app.test_client().get("/s/demo?pid=simulated-1").status_code == 400


def test_who_comes_by_the_way_of_simulated_people_is_counted_as_simulated(open_app, database: Database) -> None:
    client = open_app(document(seeing(), provider="prolific")).test_client()
    page = client.get("/s/demo?pid=p1", headers={KIND_HEADER: "simulated"}).text
    form = hidden_fields(page) | {"consent": "yes", "observer_kind": "human"}
    assert client.post("/s/demo/consent", data=form).status_code == 400, "without a link of the platform"
    assert client.post("/s/demo/consent", data=form, headers={KIND_HEADER: "simulated"}).status_code == 303
    with database.reading() as session:
        assert session.query(Participant).one().observer_kind == "simulated"


def test_a_full_study_is_told_in_the_servers_words(open_app, serve) -> None:
    address = serve(open_app(document(seeing(images=1, k=1))))
    for seed in range(8):
        run_participant(address, "demo", first_option, np.random.default_rng(seed))
    with pytest.raises(SimulationError, match=r"replied 409: .*This study is full"):
        run_participant(address, "demo", first_option, np.random.default_rng(9))


def test_an_unknown_study_and_an_impossible_answer_are_told_in_the_servers_words(app, serve) -> None:
    address = serve(app)
    with pytest.raises(SimulationError, match=r"replied 404: .*no study 'none'"):
        run_participant(address, "none", first_option, np.random.default_rng(1))
    with pytest.raises(SimulationError, match=r"replied 400: .*'zebra' is not among the options"):
        run_participant(address, "demo", lambda *_: ("zebra", 1.0), np.random.default_rng(1))


def test_a_connection_that_the_server_closed_while_idle_is_opened_again() -> None:
    asked = []

    class Impatient(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True  # without a word of it in the reply

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Impatient)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with _Browser(f"http://127.0.0.1:{server.server_port}", lambda _: None) as browser:
        browser.get("/first")
        browser.get("/second")
    server.shutdown()
    server.server_close()
    assert asked == ["/first", "/second"]


def test_no_server_is_told_with_the_remedy() -> None:
    with pytest.raises(SimulationError, match=r"no reply from http://127.0.0.1:9 .*is `./manage.py serve` running\?"):
        run_participant("http://127.0.0.1:9", "demo", first_option, np.random.default_rng(1))
    with pytest.raises(SimulationError, match="is not an address like"):
        run_participant("ftp://x", "demo", first_option, np.random.default_rng(1))


def test_more_people_than_places_are_no_failure_of_the_command(open_app, serve, monkeypatch, capsys) -> None:
    address = serve(open_app(document(seeing(images=1, k=1))))
    people = [(first_option, np.random.default_rng(seed)) for seed in range(11)]
    monkeypatch.setattr("commands.simulate.simulated_people", lambda *_: iter(people))
    asked = SimpleNamespace(study=SimpleNamespace(slug="demo"))
    simulate.callback(definition=asked, url=address, participants=11, seed=1)
    said = "8 simulated participants finished; the study is full, no place was left for 3."
    assert said in capsys.readouterr().out
    with pytest.raises(NoPlaceLeftError, match="This study is full"):
        simulate.callback(definition=asked, url=address, participants=11, seed=1)


@pytest.mark.slow
def test_people_whom_the_screening_turns_away_are_replaced_by_others_and_counted(
    open_app, serve, monkeypatch, capsys
) -> None:
    text = {"en": "Yes or no?"}
    question = {"name": "eyes", "text": text, "options": {"yes": text, "no": text}, "admit": ["yes"]}
    study = document(seeing(images=1)) | {"screening": {"questions": [question | {"quotas": {"yes": 2}}]}}
    address = serve(open_app(study))
    people = [(first_option, np.random.default_rng(seed)) for seed in range(3)]
    monkeypatch.setattr("commands.simulate.simulated_people", lambda *_: iter(people))
    monkeypatch.setattr("commands.simulate.MOST_TURNED_AWAY", 12)
    asked = SimpleNamespace(study=SimpleNamespace(slug="demo"))
    simulate.callback(definition=asked, url=address, participants=3, seed=1)
    said = capsys.readouterr().out
    assert re.search(
        r"2 simulated participants finished(; the screening turned \d others away)?; .*no place .* 1", said
    )
    with pytest.raises(TurnedAwayError, match="turned 12 simulated participants away one after another"):
        simulate.callback(definition=asked, url=address, participants=1, seed=1)
