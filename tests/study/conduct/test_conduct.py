"""Researchers conduct a study: every change is audited, nothing is deleted, and a look by a researcher writes nothing."""

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select, text

import manage
from analysis.data.course import course
from analysis.reading.load import load
from study.conduct.actions import LOOK, amendments, exclude, extend, set_state
from study.conduct.changes import changes
from study.conduct.opening import open_study
from study.database import audit
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import AuditEntry, Participant
from study.errors import ConductError, NotOpenError, StudyFullError, UnknownError
from study.export.files import export_study
from study.taking_part.withdrawal import withdraw
from tests.study.researcher import send
from tests.study.samples import (
    NOW,
    answer,
    document,
    enrol,
    open_sample,
    ratings,
    seeing,
    sha256,
    stimuli,
    trials_of,
)
from tests.study.visitor import join

LATER = NOW + timedelta(days=1)


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=1)))
    return any_database


def change(database: Database, what, *arguments):
    with database.writing() as session:
        result = what(session, "demo", *arguments, "ada", LATER)
        session.commit()
    return result


def finish(database: Database, participant: Participant) -> None:
    for trial in trials_of(database, participant):
        answer(database, participant, trial)


def test_a_paused_study_lets_nobody_in_and_those_within_finish(opened: Database) -> None:
    within = enrol(opened, 0)
    change(opened, set_state, "paused")
    with pytest.raises(NotOpenError, match="paused"):
        enrol(opened, 1)
    finish(opened, within)
    change(opened, set_state, "open")
    enrol(opened, 1)
    with opened.snapshot() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id)).all()
        assert entries[-2:] == [("study-paused", "ada"), ("study-resumed", "ada")]
        told = changes(session, find_study(session, "demo"))
        assert [change.what for change in told] == ["Opened again", "Paused", "Opened"]
        audit.verify(session)


def test_states_that_make_no_sense_are_refused(opened: Database) -> None:
    with pytest.raises(ConductError, match="open already"):
        change(opened, set_state, "open")
    change(opened, set_state, "closed")
    with pytest.raises(ConductError, match="open it again before"):
        change(opened, set_state, "paused")


def test_who_has_seen_the_estimates_gathers_no_more_answers(opened: Database) -> None:
    change(opened, set_state, "closed")
    with opened.writing() as session:
        audit.append(session, "ada", LOOK, {"slug": "demo"}, LATER)
        session.commit()
    with pytest.raises(ConductError, match="stays closed"):
        change(opened, set_state, "open")


def test_an_excluded_participants_places_are_given_again_and_nothing_is_deleted(opened: Database) -> None:
    people = [enrol(opened, seed) for seed in range(8)]
    for person in people:
        finish(opened, person)
    with pytest.raises(StudyFullError):
        enrol(opened, 9)
    change(opened, exclude, people[0].public_id, "  asked\n to be left out ")
    finish(opened, enrol(opened, 9))
    assert ratings(opened) == Counter({("seeing", 1): 16})
    with opened.reading() as session:
        row = session.get_one(Participant, people[0].id)
        assert (row.excluded, row.exclusion_reason) == (True, "asked to be left out")
    assert all(trial.state == "answered" for trial in trials_of(opened, people[0]))


@pytest.mark.parametrize(
    ("reason", "words"),
    [("", "give a reason"), (" \n", "give a reason"), ("x" * 201, "201 characters"), ("a\0b", "give a reason")],
)
def test_an_exclusion_needs_a_reason(opened: Database, reason: str, words: str) -> None:
    person = enrol(opened)
    with pytest.raises(ConductError, match=words):
        change(opened, exclude, person.public_id, reason)


def test_nobody_is_excluded_twice_and_unknown_people_never(opened: Database) -> None:
    person = enrol(opened)
    change(opened, exclude, person.public_id, "first")
    with pytest.raises(ConductError, match="excluded already: first"):
        change(opened, exclude, person.public_id, "second")
    with pytest.raises(UnknownError):
        change(opened, exclude, "p0", "why")


def test_a_wave_gives_more_places_and_the_chain_of_definitions_holds(opened: Database, tmp_path: Path) -> None:
    """The analysis, which checks the chain on its own, takes the answers of both waves."""
    for seed in range(8):
        finish(opened, enrol(opened, seed))
    first, second = (change(opened, extend, "seeing", k, "wave") for k in (2, 3))
    finish(opened, enrol(opened, 10))
    with opened.reading() as session:
        study = find_study(session, "demo")
        assert [a.id for a in amendments(session, study)] == [first.id, second.id]
        assert first.previous_sha256 == sha256(document(seeing(images=2, k=1)))
        assert first.sha256 == second.previous_sha256 == sha256(document(seeing(images=2, k=2)))
        assert study.definition_sha256 == second.sha256 == sha256(study.document)
    with opened.snapshot() as session:
        export = load(export_study(session, "demo", tmp_path / "export"))
    assert export.earlier_sha256 == (first.previous_sha256, second.previous_sha256)
    assert [(e.before, e.after, e.answers, e.reason) for e in course(export).extensions] == [
        (16, 32, 18, "wave"),
        (32, 48, 18, "wave"),
    ]
    assert set(export.participants["definition_sha256"]) == {first.previous_sha256, second.sha256}
    assert sum(n * items for (_, n), items in ratings(opened).items()) == 18


def test_what_happened_to_a_study_is_exported_with_the_answers_by_then(opened: Database, tmp_path: Path) -> None:
    """Another study's happenings, and who did it, are not."""
    finish(opened, enrol(opened, 1))
    finish(opened, enrol(opened, 2, observer_kind="simulated"))
    for state in ("paused", "open"):
        change(opened, set_state, state)
    with opened.writing() as session:
        audit.append(session, "ada", "export", {"slug": "demo", "files": {}}, LATER)
        audit.append(session, "ada", "export", {"slug": "another", "files": {}}, LATER)
        session.commit()
    with opened.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    told = json.loads((folder / "materials" / "history.json").read_text())["happenings"]
    assert [(h["what"], h["answers"]) for h in told] == [
        ("study-opened", {"human": 2, "simulated": 2}),
        ("study-paused", {"human": 2, "simulated": 2}),
        ("study-resumed", {"human": 2, "simulated": 2}),
        ("export", {"human": 2, "simulated": 2}),
    ]
    assert "ada" not in (folder / "materials" / "history.json").read_text()
    assert [str(what) for what in course(load(folder).of("human")).steps["what"]][-1] == "Data exported"


def test_an_extended_study_is_still_known_by_the_definition_it_was_opened_with(opened: Database, tmp_path) -> None:
    change(opened, extend, "seeing", 5, "wave")
    for k in (1, 5):
        again = document(seeing(images=2, k=k))
        with opened.writing() as session:
            rows = stimuli(tmp_path / "stimuli", again["tasks"])
            assert not open_study(session, again, sha256(again), rows, {}, tmp_path / "stimuli", NOW).is_new


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none", 9, "x"), "no task 'none'; there are seeing"),
        (("seeing", 1, "x"), "wants 1 ratings per item already"),
        (("seeing", 2, ""), "give a reason"),
    ],
)
def test_a_wave_must_be_more_of_a_task_for_a_reason(opened: Database, arguments, words: str) -> None:
    with pytest.raises(ConductError, match=words):
        change(opened, extend, *arguments)


def test_the_buttons_change_the_study(ada: FlaskClient, database: Database) -> None:
    page = "/researcher/studies/demo"
    assert send(ada, page, f"{page}/state", state="paused").status_code == 303
    paused = ada.get(page).text
    assert '<span class="pill warn">Paused</span>' in paused
    assert re.search(
        r'role="status".*<b>Paused at \d\d:\d\d UTC</b>.*Nobody new can join.*>Undo</button>', paused, re.DOTALL
    )
    assert 'role="status"' not in ada.get(page).text, "it is said once"
    assert send(ada, page, f"{page}/state", state="open").status_code == 303
    assert send(ada, page, f"{page}/extend", task="seeing", ratings_per_item="7", reason="wave").status_code == 303
    assert "Task “seeing” now wants 7 ratings per item." in ada.get(page).text
    assert "7 ratings per item now" in ada.get(f"{page}?form=extend").text
    assert "Undo" not in ada.get(page).text, "an amendment stays"
    with database.reading() as session:
        assert audit.verify(session) >= 4


@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        (
            "state",
            {"state": "closed", "name": "What did"},
            409,
            "To close the study, type its name: What did the network",
        ),
        ("state", {"state": "upside-down"}, 409, ""),
        (
            "extend",
            {"ratings_per_item": "7", "reason": "x", "confirmed": "no"},
            409,
            "Nothing was changed: tick the box",
        ),
        ("extend", {"task": "seeing", "ratings_per_item": "1", "reason": "x"}, 409, "Task .* wants 2 ratings per item"),
        ("extend", {"task": "seeing", "ratings_per_item": "7", "reason": " "}, 409, "Give a reason"),
        ("extend", {"task": "seeing", "ratings_per_item": "٣", "reason": "x"}, 409, "The number"),
        ("extend", {"task": "seeing", "ratings_per_item": "7" * 99, "reason": "x"}, 409, "The number"),
        ("participants/p0/exclude", {"reason": "x"}, 404, ""),
        ("state", {"state": "closed", "csrf_token": "forged"}, 400, ""),
    ],
)
def test_forms_without_confirmation_sense_or_token_change_nothing(ada, database, path, fields, status, words) -> None:
    page = "/researcher/studies/demo"
    with database.reading() as session:
        before = session.query(AuditEntry).count()
    reply = send(ada, page, f"{page}/{path}", **fields)
    assert reply.status_code == status
    assert (f'href="{page}"' in reply.text) == (status == 409), "what does not fit leads back to the study"
    if words:
        assert re.search(rf'id="problem" role="alert">{words}', reply.text), "the reason is above what is wrong"
        assert all(f'value="{value}"' in reply.text for value in fields.values() if value not in ("closed", "no"))
    with database.reading() as session:
        assert session.query(AuditEntry).count() == before
        assert find_study(session, "demo").state == "open"


def test_changes_are_told_with_who_and_why_and_withdrawals_without_whom(ada, app, database) -> None:
    page, gone, out = "/researcher/studies/demo", join(app), join(app)
    with database.reading() as session:
        codes = {person.token: person.public_id for person in session.scalars(select(Participant))}
    send(ada, page, f"{page}/extend", task="seeing", ratings_per_item="7", reason="second <wave>")
    send(ada, page, f"{page}/participants/{codes[out.token]}/exclude", reason="asked for it")
    with database.writing() as session:
        withdraw(session, gone.token, LATER)
        session.commit()
        study = find_study(session, "demo")
        told = [(change.what, change.actor, change.more, change.participant) for change in changes(session, study)]
    assert told == [
        ("Participant withdrew", "participant", "", ""),
        ("Participant excluded", "ada", "asked for it", codes[out.token]),
        ("Amended: more ratings", "ada", "task “seeing”: 7 ratings per item, before 2; second <wave>", ""),
        ("Opened", "manage.py", "", ""),
    ]
    shown = ada.get(f"{page}/changes").text
    assert "second &lt;wave&gt;" in shown
    assert codes[gone.token] not in shown


def test_a_timeline_tells_what_somebody_did_but_not_what_they_answered(ada, app, database) -> None:
    visitor = join(app)
    first = visitor.plan()["trials"][0]
    visitor.send(first, rt=1234.5, events=[{"event": "blur", "time": 5}, {"event": "blur", "time": 9}])
    with database.reading() as session:
        public_id = session.scalar(select(Participant.public_id))
    listed = ada.get("/researcher/studies/demo/participants").text
    assert f"/participants/{public_id}" in listed
    assert "1 of 7" in listed
    page = ada.get(f"/researcher/studies/demo/participants/{public_id}").text
    assert "1.23 s" in page
    assert "blur ×2" in page
    assert not any(word in page for word in ("tvmonitor", "dog", "guided", visitor.token))
    reply = send(
        ada, "/researcher/studies/demo", f"/researcher/studies/demo/participants/{public_id}/exclude", reason="=x"
    )
    assert "Excluded: =x" in ada.get(reply.headers["Location"]).text


def everything(database: Database) -> dict[str, list]:
    with database.reading() as session:
        tables = inspect(session.get_bind()).get_table_names()
        return {table: session.execute(text(f"SELECT * FROM {table}")).all() for table in tables}


def test_a_preview_shows_the_whole_study_and_writes_nothing(ada: FlaskClient, database: Database) -> None:
    before = everything(database)
    page = "/researcher/studies/demo/preview"
    sheet = ada.get(page).text
    assert "Preview: nothing you do here is stored." in sheet
    assert 'href="/researcher/studies/demo">Back to the researchers' in sheet
    assert f'data-plan="{page}/plan?language=en"' in ada.get(f"{page}/study").text
    plan = ada.get(f"{page}/plan").get_json()
    assert [len(trial["images"]) for trial in plan["trials"]] == [1] * 4 + [2] * 3
    for trial in plan["trials"]:
        assert ada.get(trial["images"][0]["url"]).mimetype == "image/png"
        assert ada.post(f"{page}/trials/{trial['trial_token']}", json={"response": "x"}).status_code == 200
    assert "PREVIEW" in ada.get(f"{page}/finish").text
    assert everything(database) == before


@pytest.mark.parametrize("path", ["participants", "participants/p0", "preview", "preview/plan", "preview/images/x"])
def test_these_pages_are_for_researchers_only(app: Flask, path: str) -> None:
    reply = app.test_client().get(f"/researcher/studies/demo/{path}")
    assert (reply.status_code, "/researcher/login" in reply.headers["Location"]) == (303, True)


def test_the_commands_do_the_same(opened: Database, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", opened.engine.url.render_as_string(hide_password=False))
    (tmp_path / "my.toml").write_text('[study]\nslug = "demo"\n')
    person = enrol(opened)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(manage.cli, [*arguments, "--study", str(tmp_path / "my.toml")])
        assert done.exit_code == 0, done.output
        return done.output

    assert "paused" in run("pause-study")
    assert "open again" in run("resume-study")
    assert "3 ratings an item instead of 1" in run(
        "extend-study", "--task", "seeing", "--ratings-per-item", "3", "--reason", "wave"
    )
    with opened.writing() as session:
        find_study(session, "demo").document = document(seeing(images=2, k=3), limit=5)
        session.commit()
    assert "9 participants instead of 5" in run("raise-limit", "--limit", "9", "--reason", "more")
    assert person.public_id in run("exclude", person.public_id, "--reason", "why")
    assert "closed" in run("close-study")
    with opened.reading() as session:
        assert find_study(session, "demo").state == "closed"
