"""From the study's link to the completion code, as docs/reference/contracts.md §4 says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.study.samples import document, seeing
from tests.study.visitor import consent, hidden_fields, join

UNKNOWN = "A" * 22
CONTRACTS = Path(__file__).parents[3] / "docs" / "reference" / "contracts.md"


def test_a_participant_goes_from_the_link_to_the_completion_code(app: Flask) -> None:
    visitor = join(app)
    plan = visitor.plan()
    assert (plan["next_index"], plan["total"], len(plan["trials"])) == (0, 7, 7)
    assert visitor.client.get(f"/p/{visitor.token}").headers["Location"] == f"/p/{visitor.token}/study"
    early = visitor.client.get(f"/p/{visitor.token}/finish")
    assert (early.status_code, early.headers["Location"]) == (303, f"/p/{visitor.token}/study")
    assert len(visitor.finish()) == 8
    for page in ("", "/study"):
        reply = visitor.client.get(f"/p/{visitor.token}{page}")
        assert (reply.status_code, reply.headers["Location"]) == (303, f"/p/{visitor.token}/finish")
    assert visitor.plan()["trials"] == []
    assert visitor.plan()["next_index"] is None


def test_the_information_sheet_shows_the_definitions_texts_and_runs_none_of_their_html(app: Flask) -> None:
    page = app.test_client().get("/s/demo").text
    assert "What did the network see?" in page
    assert "<strong>invited</strong>" in page
    assert "&lt;b&gt;here&lt;/b&gt;" in page
    assert "someone@example.org" in page


def test_the_plan_has_the_shape_the_contract_gives(app: Flask) -> None:
    plan = join(app).plan()
    assert set(plan) == {"language", "title", "next_index", "total", "device", "questionnaires", "tasks", "trials"}
    task_keys = {"name", "kind", "wording", "trials", "practice", "learning", "break_every", "comprehension"}
    task_keys |= {"title", "html", "intro", "example", "steps", "has_feedback"}
    assert [set(task) for task in plan["tasks"]] == [task_keys] * 2
    assert [(t["name"], t["trials"], t["wording"]) for t in plan["tasks"]] == [
        ("seeing", 4, "paper"),
        ("trusting", 3, "robots"),
    ]
    assert [t["index"] for t in plan["trials"]] == list(range(7))
    assert [t["number"] for t in plan["trials"]] == list(range(1, 8))
    keys = {"trial_token", "index", "number", "task", "kind", "purpose", "prompt", "questions", "answered", "images"}
    keys |= {"is_listed"}
    assert all(set(trial) == keys for trial in plan["trials"])
    see, trust = plan["trials"][0], plan["trials"][-1]
    assert see["questions"][0]["text"] == "Which of the two object categories is depicted in the image?"
    assert sorted(o["label"] for o in see["questions"][0]["options"]) == ["TV monitor", "dog"]
    assert sorted(o["value"] for o in see["questions"][0]["options"]) == ["dog", "tvmonitor"]
    assert [set(i) for i in see["images"]] == [{"url", "label", "width", "height", "alt"}]
    assert trust["questions"][0]["text"] == "Which robot is more reasonable?"
    assert trust["prompt"] == ["Both robots predicted: ", "cat", ""]
    assert [o["value"] for o in trust["questions"][0]["options"]] == ["2", "1", "0", "-1", "-2"]
    assert trust["questions"][0]["options"][0]["label"] == "Robot A seems clearly more reasonable than robot B"
    assert [i["label"] for i in trust["images"]] == ["Robot A based its decision on", "Robot B based its decision on"]


def keys_of(found: Any) -> set[str]:
    """Every key in nested objects and lists."""
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return set(found if isinstance(found, dict) else ()).union(*map(keys_of, inner))


def test_the_page_on_contracts_names_every_key_of_a_plan_and_of_a_reply(open_app) -> None:
    visitor = join(open_app(document(seeing(confidence=True, comprehension=True))))
    plan = visitor.plan()
    reply = visitor.send(plan["trials"][0]).get_json()
    section = CONTRACTS.read_text(encoding="utf-8").split("\n## ")[4]
    assert {key for key in keys_of(plan) | keys_of(reply) if f'"{key}"' not in section} == set()


def test_every_image_of_the_plan_is_a_png_that_caches_may_keep_for_this_person_only(app: Flask) -> None:
    visitor = join(app)
    urls = [image["url"] for trial in visitor.plan()["trials"] for image in trial["images"]]
    assert len(set(urls)) == 4 + 2 * 3
    for url in urls:
        reply = visitor.client.get(url)
        assert reply.data.startswith(b"\x89PNG")
        assert reply.headers["Content-Type"] == "image/png"
        assert set(re.split(", ", reply.headers["Cache-Control"])) >= {"private", "immutable"}


def test_an_answer_is_acknowledged_with_the_next_index(app: Flask) -> None:
    visitor = join(app)
    trials = visitor.plan()["trials"]
    assert visitor.send(trials[0]).get_json() == {
        "next_index": 1, "next_question": None, "done": False, "finish": None, "feedback": None,
    }  # fmt: skip
    assert [t["index"] for t in visitor.plan()["trials"]] == list(range(1, 7)), "answered trials leave the plan"
    for trial in trials[1:]:
        last = visitor.send(trial).get_json()
    finish = f"/p/{visitor.token}/finish"
    assert last == {"next_index": None, "next_question": None, "done": True, "finish": finish, "feedback": None}


def test_the_same_answer_again_gets_the_same_reply_even_with_its_json_in_another_order(app: Flask) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    first = visitor.send(trial)
    assert visitor.send(trial).get_json() == first.get_json()
    body = {
        "trial_index": 0,
        "events": [],
        "time_elapsed": 1000,
        "rt": 812.5,
        "response": trial["questions"][0]["options"][0]["value"],
    }
    again = visitor.client.post(
        f"/p/{visitor.token}/trials/{trial['trial_token']}",
        data=json.dumps(body, indent=3),
        content_type="application/json; charset=utf-8",
    )
    assert (again.status_code, again.get_json()) == (200, first.get_json())


def test_an_early_answer_again_gets_the_same_reply_after_later_ones_and_after_the_end(app: Flask) -> None:
    visitor = join(app)
    trials = visitor.plan()["trials"]
    replies = [visitor.send(trial).get_json() for trial in trials]
    assert [visitor.send(trial).get_json() for trial in trials] == replies


def test_the_last_answer_again_after_the_end_gets_the_same_reply_and_the_code_stays(app: Flask) -> None:
    visitor = join(app)
    last = visitor.plan()["trials"][-1]
    code = visitor.finish()
    finish = f"/p/{visitor.token}/finish"
    assert visitor.send(last).get_json() == {
        "next_index": None,
        "next_question": None,
        "done": True,
        "finish": finish,
        "feedback": None,
    }
    assert visitor.finish() == code


def test_another_answer_to_an_answered_trial_is_refused(app: Flask) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    visitor.send(trial)
    for change in ({"response": trial["questions"][0]["options"][1]["value"]}, {"rt": 1.0}):
        reply = visitor.send(trial, **change)
        assert (reply.status_code, reply.get_json()) == (409, {"error": "already-answered", "next_index": 1})


def test_a_trial_out_of_turn_is_refused(app: Flask) -> None:
    visitor = join(app)
    reply = visitor.send(visitor.plan()["trials"][1])
    assert (reply.status_code, reply.get_json()) == (409, {"error": "not-expected", "next_index": 0})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"response": "zebra"}, "response"),
        ({"response": 2}, "response"),
        ({"rt": -1e11}, "rt"),
        ({"rt": "fast"}, "rt"),
        ({"rt": True}, "rt"),
        ({"rt": float("nan")}, "rt"),
        ({"time_elapsed": None}, "time_elapsed"),
        ({"time_elapsed": float("inf")}, "time_elapsed"),
        ({"trial_index": 1}, "trial_index"),
        ({"trial_index": -1}, "trial_index"),
        ({"events": [{"event": "<script>", "time": 1}]}, "events.0.event"),
        ({"events": [{"event": "blur"}]}, "events.0.time"),
        ({"events": [{"event": "blur", "time": 1.0}] * 501}, "events"),
        ({"correct": True}, "correct"),
    ],
)
def test_a_malformed_answer_is_refused_naming_the_field_and_stores_nothing(app, change, names):
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    reply = visitor.send(trial, **change)
    assert reply.status_code == 400
    assert reply.get_json()["error"] == "malformed"
    assert reply.get_json()["message"].lower().startswith(f"{names}:")
    assert visitor.plan()["next_index"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000])
def test_a_body_that_is_no_answer_is_refused(app: Flask, body: bytes) -> None:
    visitor = join(app)
    url = f"/p/{visitor.token}/trials/{visitor.plan()['trials'][0]['trial_token']}"
    reply = visitor.client.post(url, data=body, content_type="application/json")
    assert (reply.status_code, reply.get_json()["error"]) == (400, "malformed")


def test_a_form_cannot_post_an_answer(app: Flask) -> None:
    """Other sites can make a browser send forms and plain text, but no JSON."""
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    reply = visitor.client.post(
        f"/p/{visitor.token}/trials/{trial['trial_token']}", data="{}", content_type="text/plain"
    )
    assert (reply.status_code, reply.get_json()["error"]) == (400, "malformed")


def test_a_body_beyond_the_limit_is_refused(app: Flask) -> None:
    visitor = join(app)
    url = f"/p/{visitor.token}/trials/{visitor.plan()['trials'][0]['trial_token']}"
    reply = visitor.client.post(url, data=b" " * 200_000, content_type="application/json")
    assert (reply.status_code, reply.get_json()["error"]) == (400, "malformed")


@pytest.mark.parametrize("page", ["", "/study", "/plan", "/finish", f"/images/{UNKNOWN}"])
@pytest.mark.parametrize("token", [UNKNOWN, "short", "%00" * 22, "é" * 22, "a" * 3000])
def test_unknown_and_malformed_tokens_are_not_found(app: Flask, token: str, page: str) -> None:
    assert app.test_client().get(f"/p/{token}{page}").status_code == 404


def test_nobody_reaches_the_images_and_trials_of_somebody_else(app: Flask) -> None:
    mine, theirs = join(app), join(app)
    trial = theirs.plan()["trials"][0]
    image_token = trial["images"][0]["url"].rsplit("/", 1)[-1]
    assert mine.client.get(f"/p/{mine.token}/images/{image_token}").status_code == 404
    assert mine.send(trial).status_code == 404
    assert theirs.plan()["next_index"] == 0


def test_the_completion_code_exists_only_with_the_last_answer(app: Flask) -> None:
    visitor = join(app)
    trials = visitor.plan()["trials"]
    replies = [visitor.send(trial) for trial in trials[:-1]]
    seen = "".join(r.text + str(r.headers) for r in replies) + str(visitor.plan()) + str(visitor.client._cookies)
    code = visitor.finish()
    assert code not in seen


def test_somebody_who_comes_back_to_the_link_goes_on_where_they_were(app: Flask) -> None:
    visitor = join(app)
    visitor.send(visitor.plan()["trials"][0])
    reply = visitor.client.get("/s/demo")
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/p/{visitor.token}")


def test_the_consent_form_sent_twice_makes_one_participant(app: Flask) -> None:
    client = app.test_client()
    form = hidden_fields(client.get("/s/demo").text) | {"consent": "yes"}
    first, second = (client.post("/s/demo/consent", data=form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"consent": ""}, 400),
        ({"consent": "no"}, 400),
        ({"language": "xx"}, 400),
        ({"observer_kind": "machine"}, 400),
        ({"observer_kind": ""}, 400),
        ({"visit": "me"}, 400),
        ({"csrf_token": "forged"}, 400),
        ({"csrf_token": ""}, 400),
    ],
)
def test_a_consent_form_that_lacks_something_enrols_nobody(app, fields, status):
    _, reply = consent(app, **fields)
    assert reply.status_code == status
    assert "Set-Cookie" not in reply.headers or "discern-token" not in reply.headers["Set-Cookie"]


def test_without_consent_the_page_says_so(app: Flask) -> None:
    assert "needs your consent" in consent(app, consent="")[1].text


def test_a_full_study_says_so_with_409(open_app) -> None:
    app = open_app(document(seeing(images=1, k=1)))
    for _ in range(8):
        join(app)
    reply = app.test_client().get("/s/demo")
    assert reply.status_code == 409
    assert "This study is full" in reply.text


def test_an_unknown_study_is_not_found(app: Flask) -> None:
    assert app.test_client().get("/s/none").status_code == 404
