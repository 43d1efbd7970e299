"""Somebody tries to break in: by guessed ids, forged forms, odd headers and paths. Each was done to another platform."""

import ast
import hmac
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import inspect, text

import study
from bench.servers import free_port
from contracts.stimulus_set import StimulusSetError, read_stimuli
from study.conduct.actions import exclude
from study.database.db import Database
from study.database.schema import Participant, Stimulus, Study
from study.views.server.frontend import VENDORED
from tests.study.researcher import PASSWORD, log_in, send
from tests.study.samples import NOW, SECRET, document, enrol, open_sample, seeing
from tests.study.visitor import join

pytestmark = pytest.mark.slow

SOURCES = sorted(Path(study.__file__).parent.rglob("*.py"))


def everything_stored(database: Database) -> str:
    with database.reading() as session:
        tables = inspect(session.get_bind()).get_table_names()
        return str([session.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


# ---- what is of somebody else ----


@pytest.fixture
def two_studies(app: Flask, database: Database, tmp_path: Path) -> Flask:
    """Beside the sample study another one, named `other`, with a participant of its own."""
    with database.writing() as session:
        open_sample(session, tmp_path / "other", document(seeing(images=5), slug="other"))
    return app


def test_nobody_reaches_what_is_of_another_participant(two_studies: Flask) -> None:
    """Every address of a participant's, with the one's token and the other's inner token."""
    mine, theirs, elsewhere = join(two_studies), join(two_studies), join(two_studies, slug="other")
    for other in (theirs, elsewhere):
        trial = other.plan()["trials"][0]
        image = trial["images"][0]["url"].rsplit("/", 1)[-1]
        answer = {
            "response": trial["questions"][0]["options"][0]["value"],
            "rt": 1,
            "time_elapsed": 1,
            "trial_index": 0,
        }
        assert mine.client.get(f"/p/{mine.token}/images/{image}").status_code == 404
        assert mine.client.post(f"/p/{mine.token}/trials/{trial['trial_token']}", json=answer).status_code == 404
        assert other.plan()["next_index"] == 0
    # A token that leads to a participant is of no use as any other, nor the other way round.
    first = mine.plan()["trials"][0]
    for token in (first["trial_token"], first["images"][0]["url"].rsplit("/", 1)[-1]):
        assert mine.client.get(f"/p/{token}/plan").status_code == 404
    assert mine.client.get(f"/p/{mine.token}/images/{mine.token}").status_code == 404


def test_a_token_remembered_in_one_study_opens_no_other(two_studies: Flask) -> None:
    mine = join(two_studies)
    client = two_studies.test_client()
    client.set_cookie("discern-token", mine.token, path="/s/other")
    page = client.get("/s/other")
    assert (page.status_code, mine.token in page.text) == (200, False)


def test_pictures_and_trials_have_addresses_that_tell_nothing_of_each_other(app: Flask) -> None:
    """No counter, no common beginning, no order: a guess is a guess among 2¹²⁸."""
    plans = [join(app).plan() for _ in range(6)]
    tokens = [image["url"].rsplit("/", 1)[-1] for plan in plans for t in plan["trials"] for image in t["images"]]
    tokens += [t["trial_token"] for plan in plans for t in plan["trials"]]
    assert len(set(tokens)) == len(tokens)
    assert all(re.fullmatch(r"[\w-]{22}", token) for token in tokens)
    assert len({token[:4] for token in tokens}) > len(tokens) - 3
    assert tokens != sorted(tokens)


def test_researchers_pages_of_one_study_show_and_change_nobody_of_another(
    two_studies: Flask,
    database: Database,
    ada: FlaskClient,
) -> None:
    join(two_studies, slug="other")
    with database.reading() as session:
        stranger = session.query(Participant).one().public_id
        pictures = {row.stimulus_id for row in session.query(Stimulus).join(Study).filter(Study.slug == "other")}
        pictures -= {row.stimulus_id for row in session.query(Stimulus).join(Study).filter(Study.slug == "demo")}
    page = "/researcher/studies/demo"
    assert ada.get(f"{page}/participants/{stranger}").status_code == 404
    assert stranger not in ada.get(f"{page}/participants").text + ada.get(f"{page}/quality").text
    assert ada.get(f"{page}/preview/images/{min(pictures)}").status_code == 404
    assert send(ada, page, f"{page}/participants/{stranger}/exclude", reason="x").status_code == 404
    assert ada.get(f"/researcher/studies/other/participants/{stranger}").status_code == 200


def test_a_code_is_nowhere_before_the_end(open_app, database: Database) -> None:
    """Neither the person's own nor the one that the platform shares, in no page, plan, reply, header or cookie."""
    app = open_app(document(seeing(images=2, k=9), provider="prolific"))
    visitor = join(app, "?PROLIFIC_PID=a1b2&STUDY_ID=s&SESSION_ID=x")
    replies = [visitor.client.get(f"/p/{visitor.token}{page}") for page in ("", "/study", "/plan", "/finish")]
    replies += [visitor.client.get("/s/demo?PROLIFIC_PID=a1b2&STUDY_ID=s&SESSION_ID=x")]
    first, last = visitor.plan()["trials"]
    replies += [visitor.send(first)]
    with database.reading() as session:
        code = session.query(Study).one().completion_code
    assert not [reply.request.path for reply in replies if code in reply.text + str(reply.headers)]
    visitor.send(last)
    assert code in visitor.client.get(f"/p/{visitor.token}/finish").text


# ---- forms and cookies ----

FORMS = {  # address of each form that changes something → what it sends beside its token
    "/s/demo/consent": {"consent": "yes", "language": "en", "observer_kind": "human", "visit": "A" * 22},
    "/p/{token}/withdraw": {"confirmed": "yes"},
    "/p/{token}/leave": {},
    "/p/{token}/return": {},
    "/p/{token}/language": {"language": "en"},
    "/p/{token}/about": {"about-age": "40"},
    "/p/{token}/comment": {"comment": "x"},
    "/s/demo/anew": {},
    "/s/demo/withdraw": {"confirmed": "yes", "code": "ABCDEFGH"},
    "/researcher/login": {"name": "ada", "password": PASSWORD},
    "/researcher/logout": {},
    "/researcher/studies/demo/export": {},
    "/researcher/studies/demo/state": {"state": "closed", "name": "demo"},
    "/researcher/studies/demo/extend": {"task": "seeing", "ratings_per_item": "9", "reason": "x", "confirmed": "yes"},
    "/researcher/studies/demo/limit": {"limit": "9", "reason": "x", "confirmed": "yes"},
    "/researcher/studies/demo/amend": {"minutes": "9", "reason": "x", "confirmed": "yes"},
    "/researcher/studies/demo/estimates": {"confirmed": "yes"},
    "/researcher/studies/demo/participants/{public_id}/exclude": {"reason": "x", "confirmed": "yes"},
}
# Programs post JSON to these, under a token in the address; a preview's replies are the same for everybody, and what a
# platform tells is signed.
NO_FORMS = {
    "/p/<token>/trials/<trial_token>",
    "/p/<token>/comprehension/<task>",
    "/p/<token>/questionnaires/<name>/<int:page>",
    "/p/<token>/device",
    "/p/<token>/images/<image_token>/missing",
    "/hooks/prolific",
    "/researcher/studies/<slug>/preview/trials/<trial_token>",
    "/researcher/studies/<slug>/preview/comprehension/<task>",
    "/researcher/studies/<slug>/preview/questionnaires/<name>/<int:page>",
}


def test_every_address_that_takes_a_post_is_a_form_of_this_table_or_takes_json(app: Flask) -> None:
    posts = {rule.rule for rule in app.url_map.iter_rules() if "POST" in rule.methods}
    forms = {path.replace("demo", "<slug>").replace("{", "<").replace("}", ">") for path in FORMS}
    assert posts == forms | NO_FORMS


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("forged", [None, "", "x", "IjEi.Zm9yZ2Vk.c2lnbmF0dXJl"])
def test_a_form_without_our_token_changes_nothing(app, database, ada, path: str, forged: str | None) -> None:
    visitor = join(app)
    with database.reading() as session:
        public_id = session.query(Participant).one().public_id
    before = everything_stored(database)
    fields = FORMS[path] | ({} if forged is None else {"csrf_token": forged})
    reply = ada.post(path.format(token=visitor.token, public_id=public_id), data=fields)
    assert reply.status_code == 400
    assert everything_stored(database) == before
    assert ada.get("/researcher/").status_code == 200, "nor is anybody logged out"


@pytest.mark.parametrize("path", sorted(NO_FORMS))
def test_what_takes_json_takes_no_form_of_another_site(app: Flask, database: Database, path: str) -> None:
    """A browser asks before it sends JSON to another site; these content types it sends without asking."""
    visitor = join(app)
    address = path.replace("<token>", visitor.token).replace(
        "<trial_token>", visitor.plan()["trials"][0]["trial_token"]
    )
    before = everything_stored(database)
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        visitor.client.post(address.replace("<slug>", "demo").replace("<task>", "seeing"), data="{}", content_type=kind)
    assert everything_stored(database) == before


@pytest.mark.parametrize("secret", ["otree", "", "a" * 32, SECRET[::-1]])
def test_a_cookie_signed_with_another_secret_is_nobodys(app: Flask, ada: FlaskClient, secret: str) -> None:
    claims = app.session_interface.get_signing_serializer(app).loads(ada.get_cookie("discern-session").value)
    forger = URLSafeTimedSerializer(secret or "x", salt="cookie-session", signer_kwargs={"key_derivation": "hmac"})
    stranger = app.test_client()
    stranger.set_cookie("discern-session", str(forger.dumps(claims)))
    assert stranger.get("/researcher/").status_code == 303


# ---- odd input ----


@pytest.mark.parametrize("line", ["\r\nX-Evil: 1", "\nSet-Cookie: a=b", "%0d%0aX-Evil:%201", "\u2028X-Evil: 1"])
def test_no_text_of_a_visitor_becomes_a_header(app: Flask, line: str) -> None:
    client = app.test_client()
    replies = [
        client.get("/s/demo", query_string={"language": line, "PROLIFIC_PID": line}),
        client.get(f"/researcher/studies/{line}"),
        client.get("/researcher/login", query_string={"next": line}),
        log_in(client, following=f"/researcher/{line}", name=f"ada{line}"),
        client.get("/s/demo/declined", query_string={"language": line}),
        client.get("/s/demo/left", query_string={"language": line, "outcome": line}),
        client.get(f"/vendor/{line}"),
    ]
    for reply in replies:
        assert reply.status_code < 500
        assert "X-Evil" not in reply.headers
        assert not any("a=b" in cookie for cookie in reply.headers.getlist("Set-Cookie"))


SCRIPT = "<script>alert(1)</script>"


def test_what_people_type_is_shown_as_text_to_researchers(app, database, ada: FlaskClient) -> None:
    """Stored scripts, as other platforms ran them in the researcher's browser."""
    person = enrol(database)
    with database.writing() as session:
        exclude(session, "demo", person.public_id, SCRIPT, "ada", NOW)
        session.commit()
    pages = ("", "/quality", "/participants", f"/participants/{person.public_id}")
    texts = [ada.get(f"/researcher/studies/demo{page}").text for page in pages]
    texts.append(log_in(app.test_client(), name=SCRIPT).text)
    assert not any(SCRIPT in shown for shown in texts)
    assert sum("&lt;script&gt;" in shown for shown in texts) == 3, "the two that show the reason, and the login"


@pytest.mark.parametrize("file", ["../secret.png", "/etc/passwd", "images/../../secret.png", "images/aa/b.png"])
def test_a_stimulus_set_that_names_a_file_elsewhere_is_refused(app: Flask, tmp_path: Path, database, file) -> None:
    """Zip imports of other platforms wrote wherever a name pointed; ours reads files named by their content alone."""
    with database.reading() as session:
        row = session.query(Stimulus).first()
    folder = tmp_path / "forged"
    folder.mkdir()
    columns = (
        "stimulus_id,tasks,image_id,category,foil,network,method,file,sha256,width,height,logit,probability,is_correct"
    )
    values = [row.stimulus_id, "seeing", row.image_id, row.category, row.foil, row.network, row.method, file]
    line = ",".join(map(str, [*values, row.sha256, row.width, row.height, 1.0, 0.5, 1]))
    (folder / "stimuli.csv").write_text(f"{columns}\n{line}\n")
    with pytest.raises(StimulusSetError, match="file"):
        read_stimuli(folder)


@pytest.mark.parametrize("name", ["../package.json", "..%2f..%2fpackage.json", "jspsych.js/../x", "JSPSYCH.JS", ""])
def test_only_named_files_of_other_people_are_served(app: Flask, name: str) -> None:
    assert name not in VENDORED
    assert app.test_client().get(f"/vendor/{name}").status_code == 404


# ---- who somebody is ----

ADDRESS = "203.0.113.77"  # of the range for documentation


def test_no_address_of_a_visitor_is_stored_or_logged(app: Flask, database: Database, ada, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    app.wsgi_app = with_address(app.wsgi_app)
    visitor = join(app)
    visitor.client.post(f"/p/{visitor.token}/device", json={"width": 1})
    visitor.finish()
    log_in(app.test_client(), "wrong")
    ada.get("/researcher/studies/demo/participants")
    visitor.client.get("/p/unknown")
    assert ADDRESS not in everything_stored(database) + caplog.text
    names = {column.name for table in Participant.metadata.sorted_tables for column in table.columns}
    assert not {name for name in names if re.search(r"(^|_)(ip|addr|address|host|user_agent)($|_)", name)}


def with_address(wsgi_app):
    given = {"REMOTE_ADDR": ADDRESS, "HTTP_X_FORWARDED_FOR": ADDRESS, "HTTP_X_REAL_IP": ADDRESS}
    return lambda environ, start_response: wsgi_app(environ | given, start_response)


def test_the_server_keeps_no_log_of_requests(app: Flask, sqlite_url: str, tmp_path: Path) -> None:
    """gunicorn itself, as `./manage.py serve` runs it: its output names no address and no token."""
    program = (
        "import sys, threading, time, urllib.request, os, signal\n"
        "from study.serve import serve\n"
        "def ask():\n"
        "    for _ in range(1200):\n"
        "        time.sleep(0.1)\n"
        "        try:\n"
        "            urllib.request.urlopen(f'http://127.0.0.1:{sys.argv[1]}/s/demo?PROLIFIC_PID=secretperson').read()\n"
        "            print('answered', flush=True)\n"
        "            break\n"
        "        except OSError:\n"
        "            pass\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "threading.Thread(target=ask, daemon=True).start()\n"
        "serve('127.0.0.1', int(sys.argv[1]), workers=1)\n"
    )
    environment = {"DISCERN_DATABASE_URL": sqlite_url, "DISCERN_SECRET_KEY": SECRET, "PATH": ""}
    command = [sys.executable, "-c", program, str(free_port())]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=180)
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr
    assert not re.search(r"GET|secretperson|/s/demo", done.stdout + done.stderr)


def test_secrets_are_compared_in_constant_time(app: Flask, database: Database, ada, monkeypatch) -> None:
    """Password and form token go through `hmac.compare_digest`, and no source compares a secret by ==."""
    compared: list[tuple] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    client = app.test_client()
    steps = {
        "the password and the form's token": lambda: log_in(client),
    }
    for what, step in steps.items():
        compared.clear()
        step()
        assert compared, what
    assert [place for path in SOURCES for place in plain_comparisons(path)] == []


def plain_comparisons(path: Path) -> list[str]:
    """Where == or != touches a name that sounds like a secret; columns (`Participant.token == …`) are SQL."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            is_sql = any(re.match(r"[A-Z]\w+\.\w+$|\w+\.c\.\w+$|\w+_column$", side) for side in sides)
            if not is_sql and re.search(r"password|secret|token|_mark|signature|csrf", " ".join(sides)):
                found.append(f"{path.name}:{node.lineno} {ast.unparse(node)}")
    return found


def test_every_page_of_researchers_keeps_to_the_policy(app: Flask, database: Database, ada: FlaskClient) -> None:
    join(app).finish()
    person = enrol(database)
    pages = ("/", "/server", "/studies/demo", "/studies/demo/quality", "/studies/demo/participants")
    pages += (f"/studies/demo/participants/{person.public_id}", "/studies/none")
    send(ada, "/researcher/studies/demo", "/researcher/studies/demo/state", state="closed", name="demo")
    shown = [ada.get(f"/researcher{page}").text for page in pages]
    shown.append(send(ada, "/researcher/studies/demo", "/researcher/studies/demo/estimates").text)
    assert "Estimates" in shown[-1]
    for page in shown:
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|https?://(?!localhost/)", page)


def test_a_page_of_another_site_may_not_read_or_embed_ours(app: Flask) -> None:
    visitor = join(app)
    image = visitor.plan()["trials"][0]["images"][0]["url"]
    for path in (image, f"/p/{visitor.token}/plan", "/researcher/login"):
        headers = visitor.client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert "geolocation=()" in headers["Permissions-Policy"]


def test_a_login_lasts_twelve_hours_even_on_a_page_that_updates_itself(app: Flask, ada: FlaskClient) -> None:
    ada.get("/researcher/studies/demo")  # the first form puts its token into the cookie
    for path in ("/researcher/studies/demo", "/researcher/server"):
        assert "discern-session" not in ada.get(path).headers.get("Set-Cookie", "")
    assert app.permanent_session_lifetime.total_seconds() == 12 * 3600
