"""The researchers' page shows what the platform said last; the stand-in's own rows are the oracle."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from study import close_app, create_app
from study.conduct.admins import create_admin
from study.conduct.recruitment_ids import delete_recruitment_ids, recruitment_ids
from study.database import audit
from study.database.db import Database
from study.database.find import find_study
from study.database.platform_tables import PlatformSubmission
from study.database.schema import Participant, Study
from study.recruitment.platform import GONE, WORKING, Standing, Submission
from study.recruitment.provider import Recruited
from study.recruitment.reported import Account, all_reported, store_standing, store_submissions
from study.recruitment.testers import counted_as
from study.taking_part.withdrawal import withdraw
from tests.study.recruitment.accounts import Recruit, offered, takes_part
from tests.study.researcher import PASSWORD, log_in, quick_passwords
from tests.study.samples import NOW, SECRET, document, open_sample, seeing

only = pytest.mark.parametrize
ACCOUNT = Account("prolific", "prolific", SECRET)


@pytest.fixture
def researcher(database: Database, sqlite_url: str):
    with quick_passwords(), database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    app = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET})
    client = app.test_client()
    log_in(client)
    yield client
    close_app(app)


def shown(client: FlaskClient) -> dict[str, str]:
    """The panel's table and numbers: name → what is under it."""
    page = client.get("/researcher/studies/demo").text
    panel = page.partition('<h2 id="there-1">')[2].partition("</section>")[0]
    numbers = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", panel)
    return {name: re.sub(r"<.*?>", "", text) for name, text in numbers}


@only("account", ["prolific"], indirect=True)
def test_the_page_shows_what_the_platform_said(opened, recruit: Recruit, account, database, researcher) -> None:
    offered(recruit)
    assert shown(researcher) == {}, "nobody was asked yet"
    statuses = ("ACTIVE", "RESERVED", "AWAITING REVIEW", "APPROVED", "RETURNED", "TIMED-OUT", "TIMED-OUT", "HALF READ")
    for n, status in enumerate(statuses):
        account.api.add(f"p{n}", status)
    finished = [takes_part(account, database, n) for n in (0, 2, 4, 20)]
    told = recruit("status")
    assert told.exit_code == 0, told.output
    assert shown(researcher) == {
        "Places taken": "5 of 40",
        "Not handed in": "3",
        "Cost so far": "3.50",
        "Full by": "–",
        "Working": "2",
        "Awaiting review": "1",
        "Approved": "1",
        "Returned": "1",
        "Timed out": "2",
        "HALF READ": "1",
    }
    page = researcher.get("/researcher/studies/demo").text
    assert f"not handed in there: {finished[0]}, {finished[2]}, {finished[3]}." in page
    assert f"{finished[3]}: finished here, and Prolific tells of no submission" in recruit("approve").output


@only("account", ["prolific"], indirect=True)
def test_the_page_has_the_code_of_each_ending(opened, recruit: Recruit, account, researcher) -> None:
    recruit("create", "--adopt", "st1", "--reward", "250")
    page = researcher.get("/researcher/studies/demo").text
    for line in recruit("codes").output.splitlines()[1:]:
        code, who, action = re.fullmatch(r"(\w+)  (.*): (.*)", line).groups()
        assert f"<dt>{who.capitalize()}</dt><dd><code>{code}</code>: {action}</dd>" in page


def test_what_is_stored_is_stored_on_both_databases(any_database: Database, tmp_path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=20), provider="prolific"))
        study = find_study(session, "demo")
        for taken in (None, 3):
            store_standing(session, study, "prolific", Standing("open", "ACTIVE", 90, taken, "x"), 1250, NOW)
            store_standing(session, study, "prolific-sandbox", Standing("open", "ACTIVE", 9, 1, "x"), None, NOW)
            session.flush()
            (told,) = all_reported(session, study)
            assert (told.platform, told.places, told.taken, told.spent, told.at) == ("Prolific", 90, taken, 1250, NOW)
        audit.append(session, "ada", "recruit-done", {"what": "test-study", "slug": "demo", "result": "st9"}, NOW)
        came = Recruited("prolific", "p1", {"PROLIFIC_PID": "p1", "STUDY_ID": "st9"})
        assert counted_as(session, "demo", came, SECRET).is_rehearsal
        assert not counted_as(session, "demo", replace(came, parameters={"STUDY_ID": "st1"}), SECRET).is_rehearsal


@only("account", ["mturk"], indirect=True)
def test_workers_who_finished_and_never_submitted_are_told(opened, recruit: Recruit, account, database) -> None:
    offered(recruit)
    forgotten, _ = takes_part(account, database, 1), takes_part(account, database, 2)
    account.hands_in(2)
    assert f"not handed in there: {forgotten};" in recruit("status").output
    assert f"{forgotten}: finished here, and Mechanical Turk tells of no submission" in recruit("approve").output


@only("account", ["prolific"], indirect=True)
def test_what_is_older_changes_nothing(opened, account, database: Database) -> None:
    takes_part(account, database)
    with database.writing() as session:
        study = find_study(session, "demo")
        for state, minutes, stored in ((WORKING, 0, 1), (GONE, -1, 0), (GONE, 1, 1), (WORKING, 0, 0)):
            told = [Submission("s1", "p1", state, "ACTIVE" if state == WORKING else "RETURNED")]
            assert store_submissions(session, study, ACCOUNT, told, NOW + timedelta(minutes=minutes)) == stored
            session.flush()
        assert dict(all_reported(session, study)[0].counts)["Returned"] == 1
        assert all_reported(session, study)[0].places is None, "only submissions were told"


@only("account", ["prolific"], indirect=True)
def test_what_was_told_of_a_person_goes_with_them_and_the_rest_with_the_ids(opened, account, database) -> None:
    for n in (1, 2):
        takes_part(account, database, n)
    with database.writing() as session:
        study = find_study(session, "demo")
        told = [Submission(f"s{n}", f"p{n}", WORKING, "ACTIVE") for n in (1, 2, 3)]
        assert store_submissions(session, study, ACCOUNT, told, NOW) == 3
        session.flush()
        assert sorted(filter(None, session.scalars(select(PlatformSubmission.participant_id)))) == [1, 2]
        withdraw(session, session.get_one(Participant, 1).token, NOW)
        assert session.query(PlatformSubmission).count() == 2
        session.query(Study).update({"state": "closed"})
        delete_recruitment_ids(session, recruitment_ids(session, "demo", NOW, all_are_paid=True), "ada", NOW)
        assert session.query(PlatformSubmission).count() == 0


def test_whose_ids_are_deleted_is_not_told_to_have_handed_in_nothing(
    opened, recruit: Recruit, account, database
) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    assert public_id not in recruit("status").output
    with database.writing() as session:
        session.query(Study).update({"state": "closed"})
        delete_recruitment_ids(session, recruitment_ids(session, "demo", NOW, all_are_paid=True), "ada", NOW)
        session.commit()
    with database.reading() as session:
        assert [there.not_handed_in for there in all_reported(session, find_study(session, "demo"))] == [()]
    assert public_id not in recruit("status").output
    assert public_id not in recruit("approve").output
    with database.reading() as session:
        assert session.query(PlatformSubmission).count() == 0, "of a submission of nobody nothing is stored"


@only("account", ["prolific"], indirect=True)
def test_of_people_whose_ids_are_kept_it_is_stored_on(opened, recruit: Recruit, account, database) -> None:
    """Somebody who is taking part keeps the ids; of a person who is unknown here nothing is stored."""
    offered(recruit)
    takes_part(account, database, 1, finishes=False)
    account.hands_in(1)
    account.hands_in(2)
    with database.writing() as session:
        session.query(Study).update({"state": "closed"})
        delete_recruitment_ids(session, recruitment_ids(session, "demo", NOW), "ada", NOW)
        session.commit()
    assert "2 AWAITING REVIEW" in recruit("status").output
    with database.reading() as session:
        assert session.scalars(select(PlatformSubmission.participant_id)).all() == [1]
