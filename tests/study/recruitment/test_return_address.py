"""People whom any recruiter sends with an id of theirs, and who are led back to an address of the definition."""

import html
import re

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from study.config import ParticipantsConfig
from study.database.schema import ExternalIdentity, Participant
from tests.study.recruitment.test_platforms import policy
from tests.study.samples import document, seeing
from tests.study.visitor import consent, hidden_fields, join

URL = "https://recruiter.example/done?pid={pid}&code={completion_code}"
TOLD = "https://recruiter.example/back?who={pid}&how={outcome}"
PID = "?pid=R_1a%40b"  # R_1a@b


def app_with(open_app, url=URL, **participants):
    return open_app(document(seeing(attention_checks=2, images=6, trials=4), return_url=url, **participants))


def links(page: str) -> list[str]:
    return re.findall(r'class="button[^"]*" href="([^"]+)"', html.unescape(page))


def test_a_person_returns_with_their_id_and_the_code(open_app, database):
    app = app_with(open_app)
    visitor = join(app, PID)
    code = visitor.finish()
    page = visitor.client.get(f"/p/{visitor.token}/finish").text
    assert links(page) == [f"https://recruiter.example/done?pid=R_1a%40b&code={code}"]
    assert f'id="completion-code">{code}<' in page
    with database.reading() as session:
        assert session.scalar(select(ExternalIdentity.parameters)) == {"pid": "R_1a@b"}
        assert "R_1a" not in session.scalar(select(Participant.recruitment_hash))


def test_a_person_is_known_by_their_id_in_another_browser(open_app):
    app = app_with(open_app)
    visitor = join(app, PID)
    assert app.test_client().get(f"/s/demo{PID}").headers["Location"] == f"/p/{visitor.token}"
    client = visitor.client
    assert client.get("/s/demo?pid=another").status_code == 200, "the cookie of the first is not asked"
    assert client.get("/s/demo").headers["Location"] == f"/p/{visitor.token}"


def test_a_recruiter_may_have_another_name_for_the_id(open_app):
    app = app_with(open_app, pid_parameter="participantId")
    visitor = join(app, "?participantId=a1&projectId=x")
    assert app.test_client().get("/s/demo?pid=a1").headers["Location"] == f"/p/{visitor.token}"


def test_a_link_without_the_id_that_is_needed_says_so(open_app):
    app = app_with(open_app)
    client = app.test_client()
    for path in ("/s/demo", "/s/demo?pid=", "/s/demo?pid=a%20b"):
        reply = client.get(path)
        assert reply.status_code == 400
        assert "come through the recruiter" in reply.text
    form = hidden_fields(client.get(f"/s/demo{PID}").text)
    del form["pid"]
    assert client.post("/s/demo/consent", data=form | {"consent": "yes", "visit": "a" * 22}).status_code == 400
    assert consent(app, PID, pid="other")[1].status_code == 400, "the form is made for one id"


def test_an_id_is_taken_without_an_address_too_and_the_sheet_says_so(open_app):
    app = open_app(document(seeing()))
    told = "The identifier that the link to the study holds for you"
    assert told not in app.test_client().get("/s/demo").text
    assert told in app.test_client().get(f"/s/demo{PID}").text
    visitor = join(app, PID)
    visitor.finish()
    assert links(visitor.client.get(f"/p/{visitor.token}/finish").text) == []


def test_people_who_end_early_are_led_back_where_the_recruiter_wants_the_outcome(open_app):
    app = app_with(open_app, TOLD)
    back = "https://recruiter.example/back?who=R_1a%40b&how="
    page = app.test_client().get(f"/s/demo{PID}").text
    declined = html.unescape(re.search(r'href="(/s/demo/declined[^"]*)"', page)[1])
    assert links(app.test_client().get(declined).text) == [f"{back}no-consent"]
    for leaving, outcome in (("withdraw", "withdrawn"), ("leave", "stopped")):
        visitor = join(app, PID)
        form = hidden_fields(visitor.client.get(f"/p/{visitor.token}/{leaving}").text) | {"confirmed": "yes"}
        reply = visitor.client.post(f"/p/{visitor.token}/{leaving}", data=form)
        assert links(visitor.client.get(reply.headers["Location"]).text) == [f"{back}{outcome}"]
    assert links(app.test_client().get("/s/demo/withdrawn").text) == [], "by code: nobody knows the id"


@pytest.mark.parametrize(("attentive", "outcome"), [(True, "completed"), (False, "failed-checks")])
def test_the_last_page_tells_the_outcome(open_app, attentive, outcome):
    visitor = join(app_with(open_app, TOLD), PID)
    if attentive:
        visitor.finish()
    for trial in visitor.plan()["trials"]:
        asked = [
            o["value"] for o in trial["questions"][0]["options"] if f"“{o['label']}”" in trial["questions"][0]["text"]
        ]
        wrong = [o["value"] for o in trial["questions"][0]["options"] if o["value"] not in asked]
        visitor.send(trial, wrong[0])
    assert links(visitor.client.get(f"/p/{visitor.token}/finish").text)[0].endswith(f"how={outcome}")


def test_without_the_outcome_people_who_stop_stay(open_app):
    app = app_with(open_app)
    assert links(app.test_client().get("/s/demo/left?outcome=stopped&pid=a").text) == []


def test_a_full_study_leads_back_too(open_app):
    app = app_with(open_app, TOLD, limit=1)
    join(app, PID)
    page = app.test_client().get("/s/demo?pid=b")
    assert (page.status_code, links(page.text)) == (409, ["https://recruiter.example/back?who=b&how=full"])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://r.example/?p={pdi}", "no placeholder {pdi}; is {pid} meant?"),
        ("https://r.example/?c={code}", "is {completion_code} meant?"),
        ("https://r.example/?c={x}", "no placeholder {x}. There are {pid}, {completion_code}, {outcome}"),
        ("http://r.example/", "https://"),
        ("https://{pid}.example/", "https://"),
        ("javascript:alert(1)", "https://"),
        ("https://r.example/a b", "https://"),
        ("https://r.example/?p={pid", "other half"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(url, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        ParticipantsConfig(return_url=url)


def test_platforms_have_their_own_address():
    with pytest.raises(ValidationError, match="prolific has an address of its own"):
        ParticipantsConfig(return_url=URL, provider="prolific")


def test_named_hosts_alone_may_frame_and_the_cookie_works_there(open_app):
    hosts = ["https://*.qualtrics.com", "https://survey.example.org:8443"]
    app = open_app(document(seeing(), frame_hosts=hosts))
    _client, reply = consent(app)
    cookie = reply.headers["Set-Cookie"]
    assert all(part in cookie for part in ("SameSite=None", "Secure", "Partitioned", "HttpOnly"))
    for path in ("/s/demo?pid=new", f"{reply.headers['Location']}/study"):
        assert policy(app.test_client().get(path))["frame-ancestors"].split() == hosts
    assert policy(app.test_client().get("/researcher/login"))["frame-ancestors"] == "'none'"
    for wrong in ("http://a.example", "https://a.example/page", "https://a.example; script-src *", "*", "a.example"):
        with pytest.raises(ValidationError):
            ParticipantsConfig(frame_hosts=[wrong])
