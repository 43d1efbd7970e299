"""What an ethics board may change in an open study: recorded with what was there before, shown, exported, reported."""

import html
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from analysis.data.course import course
from analysis.reading.load import load
from contracts.hashing import canonical_sha256
from definition import load_definition
from study.conduct.actions import amendments, set_state
from study.conduct.amending import amend, amendable, with_values
from study.conduct.changes import changes
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.database.find import find_study
from study.definition import frozen_definition
from study.errors import ConductError
from study.export.files import export_study
from tests.study.researcher import send
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of

EXAMPLES = Path(__file__).parents[3] / "examples"
LATER = NOW + timedelta(days=1)
CONSENT = "You are invited.\n\n**New**: write to the board at board@example.org about anything that you want to know."


@pytest.fixture
def opened(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=1), limit=5))
    return database


def amended(database, reason="approved on 3 May", **values):
    with database.writing() as session:
        wanted = with_values(find_study(session, "demo").document, {k.replace("__", "."): v for k, v in values.items()})
        made = amend(session, "demo", wanted, reason, "ada", LATER)
        session.commit()
    return made


def refused(database, **values) -> str:
    with pytest.raises(ConductError) as error:
        amended(database, **values)
    return str(error.value)


def test_an_amendment_keeps_what_was_before_and_is_versioned_with_the_consent(opened, tmp_path):
    early = enrol(opened)
    before = document()["study"]["consent"]["en"]
    made = amended(opened, consent__en=CONSENT, consent_version="2", minutes=6, lease_minutes=90)
    late = enrol(opened)
    assert made.change == {
        "consent.en": [before, CONSENT],
        "minutes": [4, 6],
        "consent_version": ["1", "2"],
        "lease_minutes": [60, 90],
    }
    assert (early.consent_version, late.consent_version) == ("1", "2")
    assert (early.definition_sha256, late.definition_sha256) == (made.previous_sha256, made.sha256)
    assert late.lease_until - early.lease_until >= timedelta(minutes=30)
    with opened.reading() as session:
        study = find_study(session, "demo")
        assert canonical_sha256(study.document) == made.sha256
        assert frozen_definition(study).study.consent["en"] == CONSENT
        told = next(change for change in changes(session, study) if change.what == "Amended")
    assert told.more == "consent.en: another text; minutes: 6, before 4; consent_version: 2, before 1; " + (
        "lease_minutes: 90, before 60; approved on 3 May"
    )


def test_the_export_and_the_report_tell_it(opened, tmp_path):
    person = enrol(opened)
    answer(opened, person, trials_of(opened, person)[0])
    amended(opened, consent__en=CONSENT, consent_version="2", contact="board@example.org")
    with opened.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    told = json.loads((folder / "materials/definition.json").read_text())["amendments"]
    assert told[0]["change"]["contact"] == ["someone@example.org", "board@example.org"]
    assert told[0]["change"]["consent.en"][1] == CONSENT
    steps = [step.what for step in course(load(folder)).steps.itertuples()]
    assert [step.values["key"] for step in steps] == ["consent.en", "contact", "consent_version"]
    assert "another text" in steps[0].template


def test_what_would_change_the_data_is_refused(opened):
    with opened.reading() as session:
        now = find_study(session, "demo").document
    wanted = with_values(now, {"minutes": 9})
    wanted["tasks"] = [now["tasks"][0] | {"attention_checks": 0}]
    wanted["study"]["slug"] = "other"
    with opened.writing() as session, pytest.raises(ConductError, match=r"open: study\.slug, tasks; undo that change"):
        amend(session, "demo", wanted, "why", "ada", LATER)


def test_what_cannot_be_is_said_with_the_remedy(opened):
    assert "nothing differs" in refused(opened, minutes=4)
    assert "so consent_version must, too; it is '1' now" in refused(opened, consent__en=CONSENT)
    assert "minutes: Input should be greater than or equal to 1" in refused(opened, minutes=0)
    assert "give a reason" in refused(opened, reason=" ", minutes=5)
    amended(opened, minutes=5)
    assert "the same as an earlier one; raise consent_version" in refused(opened, minutes=4)
    amended(opened, minutes=4, consent_version="2")
    with opened.writing() as session:
        set_state(session, "demo", "closed", "ada", LATER)
        session.commit()
    assert "is closed; open it again" in refused(opened, minutes=7)
    with opened.reading() as session:
        assert len(amendments(session, find_study(session, "demo"))) == 2


def test_an_owner_amends_by_a_form_that_holds_what_is_there(ada):
    page = ada.get("/researcher/studies/demo?form=amend").text
    assert re.search(r'name="minutes" value="4"', page)
    assert "You are **invited**.\n\nNobody is paid" in html.unescape(page)
    where = "/researcher/studies/demo"
    wrong = send(ada, f"{where}?form=amend", f"{where}/amend", minutes="six", reason="x")
    assert (wrong.status_code, "Minutes must be a number." in wrong.text) == (409, True)
    given = {
        "minutes": "6",
        "consent.en": "You are **invited**.\r\n\r\nNobody is paid <b>here</b>.",
        "contact": "b@c.org",
    }
    sent = send(ada, f"{where}?form=amend", f"{where}/amend", reason="why", **given)
    assert "Changed: contact, minutes." in ada.get(sent.headers["Location"]).text
    assert "b@c.org" in ada.get("/s/demo").text


def test_the_command_takes_over_what_the_file_says_now(database, tmp_path, monkeypatch):
    monkeypatch.setenv("DISCERN_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    shutil.copytree(EXAMPLES / "texts", tmp_path / "texts")
    file = Path(shutil.copy(EXAMPLES / "demo.toml", tmp_path))
    definition = load_definition(file)
    rows = stand_ins(definition.tasks, definition.dataset.categories)
    with database.writing() as session:
        take_in(session, definition.document, definition.sha256, rows, {}, tmp_path, NOW)
        session.commit()
    file.write_text(file.read_text().replace("\nminutes = 6", "\nminutes = 7"))
    done = CliRunner().invoke(manage.cli, ["amend-study", "--study", str(file), "--reason", "measured"])
    assert "is amended: minutes." in done.output, done.output
    again = CliRunner().invoke(manage.cli, ["amend-study", "--study", str(file), "--reason", "measured"])
    assert (again.exit_code, "nothing differs" in again.output) == (1, True)


def test_values_that_are_not_written_are_those_of_the_definition():
    assert amendable({"study": {"title": {"en": "T"}, "slug": "s"}}) == {
        "title.en": "T",
        "consent_version": "1",
        "lease_minutes": 60,
    }
