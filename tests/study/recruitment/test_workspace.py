"""Lists of people that are kept on the platform, and test participants, who are never counted as people."""

import json

import pytest
from flask import Flask

from study import close_app, create_app
from study.conduct.progress import progress
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Arrival, AuditEntry, Participant
from study.recruitment import mturk, prolific
from study.recruitment.platform import Audience
from tests.study.recruitment.accounts import CREATE, Account, Recruit, offered, takes_part
from tests.study.recruitment.test_platform_apis import POSTING
from tests.study.samples import NOW, SECRET
from tests.study.visitor import join

only = pytest.mark.parametrize
GROUP = "Took part in study A"


def members(account: Account, name: str) -> list[str]:
    """As the platform has them."""
    if account.name == "prolific":
        return next((group["people"] for group in account.api.groups.values() if group["name"] == name), [])
    return next((people for title, people in account.api.qualifications.values() if title == name), [])


def test_who_took_part_is_kept_on_the_platform_for_a_later_study(opened, recruit: Recruit, account, database) -> None:
    offered(recruit)
    for n in (1, 2):
        takes_part(account, database, n, finishes=n == 1)
        account.hands_in(n)
    account.hands_in(3)
    assert "2 people joined here" in recruit("keep-group", GROUP).output
    assert members(account, GROUP) == []
    assert "2 people were added" in recruit("keep-group", GROUP, "--confirm").output
    assert members(account, GROUP) == [account.key(1), account.key(2)]
    takes_part(account, database, 3)
    again = recruit("keep-group", GROUP, "--confirm")
    assert again.exit_code == 0, again.output
    assert f"1 people were added to {GROUP!r}; it has 3 now" in again.output
    assert members(account, GROUP) == [account.key(n) for n in (1, 2, 3)]
    assert later_study_hides_it_from(account) in again.output


def later_study_hides_it_from(account: Account) -> str:
    """The id of the list that another study's draft names as the one to leave out."""
    if account.name == "prolific":
        api = prolific.Prolific("secret", account.server.address)
        study = api.draft(POSTING.__class__(**vars(POSTING) | {"audience": Audience(not_groups=("g1",))}))
        (filtered,) = account.api.studies[study]["filters"]
        assert (filtered["filter_id"], account.api.groups["g1"]["name"]) == ("participant_group_blocklist", GROUP)
        return 'not_groups = ["g1"]'
    (name,) = [name for name, (title, _) in account.api.qualifications.items() if title == GROUP]
    api = mturk.MTurk(account.api.signer, account.server.address)
    api.draft(POSTING.__class__(**vars(POSTING) | {"audience": Audience(not_groups=(name,))}))
    assert f'"DoesNotExist", "QualificationTypeId": "{name}"' in list(account.api.types.values())[-1]
    return f'not_groups = ["{name}"]'


@only("lost", ["POST /participant-groups/", "CreateQualificationType"])
def test_where_the_reply_was_lost_the_list_is_found_again(opened, recruit: Recruit, account, database, lost) -> None:
    offered(recruit)
    takes_part(account, database)
    account.hands_in(1)
    account.server.losing = {lost}
    recruit("keep-group", GROUP, "--confirm")
    account.server.losing = set()
    assert recruit("keep-group", GROUP, "--confirm").exit_code == 0
    assert members(account, GROUP) == [account.key(1)]


@only("account", ["mturk"], indirect=True)
def test_a_worker_who_handed_in_is_shown_no_other_hit_of_the_study(opened, recruit: Recruit, account) -> None:
    """A study has a HIT for each nine places, and a worker could accept one of each."""
    offered(recruit)
    ((guard, (name, workers)),) = account.api.qualifications.items()
    (words,) = account.api.types.values()
    assert name.startswith("Took part in discern demo ")
    assert f'"Comparator": "DoesNotExist", "QualificationTypeId": "{guard}"' in words
    account.hands_in(1)
    recruit("approve")
    assert workers == [], "a dry run changes nothing"
    for command in ("status", "release"):
        told = recruit(command)
        assert told.exit_code == 0
        assert "1 people who handed in may be shown the study once more; the same command with --confirm" in told.output
    assert workers == [], "nothing is changed there without --confirm"
    for command in ("release", "status"):
        assert recruit(command, "--confirm").exit_code == 0
        assert workers == ["W1"]
    assert account.server.times("AssociateQualificationWithWorker") == 1
    assert "once more" not in recruit("status").output
    json.loads(recruit("status", "--json", "--confirm").stdout)


@only("account", ["mturk"], indirect=True)
def test_where_the_list_cannot_be_kept_the_rest_is_told(opened, recruit: Recruit, account) -> None:
    offered(recruit)
    account.hands_in(1)
    account.api.refusing["AssociateQualificationWithWorker"] = "You may not do this."
    told = recruit("status", "--confirm")
    assert told.exit_code == 0
    assert "Submissions: 1 Submitted." in told.output
    assert "may be shown the study once more: Mechanical Turk refused" in told.output


@pytest.fixture
def server(opened, database: Database, sqlite_url: str):
    app = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET})
    yield app
    close_app(app)


def people(database: Database) -> list[str]:
    with database.reading() as session:
        return [one.observer_kind for one in session.query(Participant).order_by(Participant.id)]


@only("account", ["prolific"], indirect=True)
def test_test_participants_take_the_study_and_are_no_people(server: Flask, recruit: Recruit, database, account) -> None:
    link = "?PROLIFIC_PID={}&STUDY_ID={}&SESSION_ID=77bb"
    recruit(*CREATE)
    assert "Nothing was done" in recruit("tester", "5f0c", "--email", "a@lab.example").output
    assert account.server.times("POST /researchers/participants/") == 0
    told = recruit("tester", "5f0c", "--email", "a@lab.example", "--confirm")
    assert told.exit_code == 0, told.output
    assert "The test participant is there as tester13" in told.output
    assert "Nothing was done" in recruit("test-study").output
    assert "https://app.prolific.com/studies/testst1" in recruit("test-study", "--confirm").output
    server.test_client().get("/s/demo" + link.format("5f0c", "st1")).close()
    with database.reading() as session:
        assert session.query(Arrival.observer_kind, Arrival.opened).all() == [("simulated", 1)], "not even as a visitor"
    for person, study in (("5f0c", "st1"), ("tester13", "st1"), ("6f0c", "testst1"), ("7f0c", "st1")):
        join(server, link.format(person, study)).finish()
    assert people(database) == ["simulated", "simulated", "simulated", "human"]
    with database.reading() as session:
        shown = progress(session, find_study(session, "demo"), NOW)
        assert (shown.flow.finished, shown.consented["simulated"]) == (1, 3)
        assert not any("5f0c" in str(entry.detail) for entry in session.query(AuditEntry))


@only("account", ["prolific"], indirect=True)
def test_a_test_study_is_made_of_a_draft_only(opened, recruit: Recruit) -> None:
    offered(recruit)
    assert "the study must be a draft" in recruit("test-study", "--confirm").output
    assert "give ids of the platform" in recruit("tester").output


@only("account", ["mturk"], indirect=True)
def test_mechanical_turk_has_its_sandbox(opened, recruit: Recruit) -> None:
    recruit(*CREATE)
    assert "use --sandbox" in recruit("test-study", "--confirm").output
    assert "use --sandbox" in recruit("tester", "--email", "a@lab.example", "--confirm").output
