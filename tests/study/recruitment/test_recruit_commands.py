"""`./manage.py recruit`: nothing is offered unasked, nothing twice, and no key or raw id is written down."""

import json
import re

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from study.audience import RecruitmentConfig
from study.database.audit import verify
from study.database.db import Database
from study.database.schema import AuditEntry, Trial
from study.recruitment import mturk, prolific
from tests.study.recruitment.accounts import (
    ADDRESS,
    CREATE,
    PUBLISH,
    Account,
    Recruit,
    entries,
    offered,
    takes_part,
)
from tests.study.recruitment.mturk_stand_in import SIGNER
from tests.study.samples import document, seeing

only = pytest.mark.parametrize


def test_a_draft_is_made_once_and_published_when_it_is_confirmed(opened, recruit: Recruit, account, database) -> None:
    first = recruit(*CREATE)
    assert first.exit_code == 0, first.output
    assert "40 places at 2.50 each: " in first.output
    assert "37.50 in the account's currency an hour" in first.output
    assert "Nobody sees it yet" in first.output
    again = recruit(*CREATE)
    assert "It is there already" in again.output
    assert "nothing was changed" in again.output
    assert "Nothing was done" in recruit(*PUBLISH[:-1]).output
    assert not account.published()
    for _ in range(2):
        told = recruit(*PUBLISH)
        assert told.exit_code == 0, told.output
        assert "It is open there" in told.output
    assert account.published()
    assert entries(database)[0]["cents"] == 250


def test_the_code_of_each_ending_is_told(opened, recruit: Recruit, account: Account) -> None:
    told = recruit(*CREATE, *(("--adopt", "st9") if account.name == "prolific" else ())).output
    if account.name == "prolific":
        assert "does not want to take part: asked to return the submission" in told
        assert "came when the study was full, paused or closed: asked to return" in told
        assert told.splitlines()[1:] == recruit("codes").output.splitlines()
    else:
        assert "a code of their own" in told


def test_an_adopted_study_keeps_its_reward(opened, recruit: Recruit, account, database) -> None:
    recruit("create", "--adopt", "st1", "--reward", "250")
    account.api.studies = {"st1": {"status": "ACTIVE"}} if account.name == "prolific" else {}
    takes_part(account, database)
    if account.name == "prolific":
        account.hands_in(1)
        assert "1 submissions to approve on Prolific: 3.50 in all, with Prolific's fee" in recruit("approve").output


def test_where_the_reply_to_a_draft_was_lost_it_is_found_again(opened, recruit: Recruit, account, database) -> None:
    account.server.losing = {"POST /studies/", "CreateHITType"}
    lost = recruit(*CREATE)
    assert lost.exit_code == 1
    assert "nothing is known of what it did" in lost.output
    account.server.losing = set()
    assert recruit(*CREATE).exit_code == 0
    assert len(account.api.studies if account.name == "prolific" else account.api.types) == 1
    assert recruit(*PUBLISH).exit_code == 0


def test_places_are_added_once(opened, recruit: Recruit, account: Account) -> None:
    offered(recruit)
    more = ("add-places", "5", *ADDRESS, "--confirm")
    account.server.losing = {"PATCH", "CreateHITWith"}
    assert recruit(*more).exit_code == 1
    account.server.losing = set()
    assert "45 places" in recruit(*more).output
    assert "50 places" in recruit(*more).output


def test_recruiting_is_paused_resumed_and_stopped(opens, recruit: Recruit, account: Account, database) -> None:
    opens(document(seeing(images=2, k=20), provider=account.name) | {"recruitment": {"with_study": True}})
    offered(recruit)
    assert "Nothing was done" in recruit("pause").output
    paused = recruit("pause", "--confirm").output
    assert "It is paused there" in paused
    assert "Here the study is paused, too" in paused
    assert "It is open there" in recruit("resume", "--confirm").output
    assert "Here the study is closed, too" in recruit("stop", "--confirm").output


def test_a_refusal_costs_nothing_and_may_be_tried_again(opened, recruit: Recruit, database, monkeypatch) -> None:
    for name in (prolific.TOKEN_VARIABLE, mturk.SECRET_VARIABLE):
        monkeypatch.setenv(name, "wrong-key-of-somebody")
    refused = recruit(*CREATE)
    assert refused.exit_code == 1
    assert "refused (40" in refused.output
    monkeypatch.setenv(prolific.TOKEN_VARIABLE, "secret")
    monkeypatch.setenv(mturk.SECRET_VARIABLE, SIGNER.secret)
    assert recruit(*CREATE).exit_code == 0


@only("account", ["prolific"], indirect=True)
def test_refused_publishing_leaves_the_draft(opened, recruit: Recruit, account) -> None:
    recruit(*CREATE)
    account.api.refusing["POST /studies/{id}/transition/"] = "Your balance is too low."
    assert "Your balance is too low" in recruit(*PUBLISH).output
    account.api.refusing.clear()
    assert "It is open there" in recruit(*PUBLISH).output


@only("account", ["prolific"], indirect=True)
def test_returned_and_timed_out_places_are_released_but_not_of_who_is_back(opened, recruit, account, database) -> None:
    for n in (1, 2, 3):
        takes_part(account, database, n, finishes=False)
    for person, status in (("p1", "ACTIVE"), ("p2", "RETURNED"), ("p3", "TIMED-OUT"), ("p1", "TIMED-OUT")):
        account.api.add(person, status, len(account.api.submissions))
    offered(recruit)
    assert "Places of 2 people are free." in recruit("release").output
    assert "Places of 0 people are free." in recruit("release").output
    with database.reading() as session:
        states = [set(session.scalars(select(Trial.state).where(Trial.participant_id == n))) for n in (1, 2, 3)]
    assert states == [{"open"}, {"released"}, {"released"}]


@only("account", ["prolific"], indirect=True)
def test_the_definition_and_a_file_of_settings_reach_the_platform(opens, recruit, account, tmp_path) -> None:
    wanted = {"places": 12, "reward": 300, "countries": ["Germany"], "youngest": 18, "settings": {"study_labels": []}}
    device = {"phones": False, "min_width": 900, "min_height": 600}
    opens(document(seeing(images=2, k=20), provider="prolific", device=device) | {"recruitment": wanted})
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"study_labels": ["decision_making_task"]}))
    assert recruit("create", *ADDRESS, "--settings", str(settings)).exit_code == 0
    (draft,) = account.api.studies.values()
    assert (draft["total_available_places"], draft["reward"], draft["study_labels"]) == (
        12,
        300,
        ["decision_making_task"],
    )
    assert draft["device_compatibility"] == ["desktop", "tablet"]
    assert "You need a computer or tablet, no phone and a window of at least 900 × 600 pixels." in draft["description"]
    settings.write_text("[1]")
    assert "must hold one JSON object" in recruit("create", *ADDRESS, "--settings", str(settings)).output


@only("account", ["prolific"], indirect=True)
def test_people_who_are_turned_away_are_paid_where_the_workspace_has_it(opens, recruit, account, database) -> None:
    pays = {"screen_out_reward": 30, "screen_out_slots": 20}
    opens(document(seeing(images=2, k=20), provider="prolific") | {"recruitment": pays | {"reward": 250}})
    told = recruit(*CREATE).output
    codes = account.api.studies["st1"]["completion_codes"]
    paid = [code for code in codes if code["actions"][0]["action"] == "FIXED_SCREEN_OUT_PAYMENT"]
    assert {(code["code_type"], *list(code["actions"][0].values())[1:]) for code in paid} == {
        ("FIXED_SCREENOUT", 30, 20)
    }
    assert told.count("paid the fixed reward of a screen-out") == len(paid) == 4
    assert "was turned away by the screening: paid the fixed reward" in told
    assert "stopped before the end: asked to return" in told
    recruit(*PUBLISH)
    for n in range(2):
        account.api.add(f"p{n}", "SCREENED OUT")
    assert "Cost so far: 0.84 with the platform's fee." in recruit("status").output


@only("wrong", [{"screen_out_reward": 30}, {"screen_out_reward": 250, "screen_out_slots": 9, "reward": 250}])
def test_a_screen_out_reward_that_prolific_refuses_is_refused_here(wrong: dict) -> None:
    with pytest.raises(ValidationError, match=r"belong together|must be less than reward"):
        RecruitmentConfig(**wrong)


def test_more_places_than_people_are_needed_are_told(opened, recruit: Recruit) -> None:
    told = recruit(*CREATE[:4], "9000", *CREATE[5:]).output
    assert re.search(r"needs \d+ more people: those who come later are sent back", told)


def test_pay_below_the_platform_s_minimum_is_told(opened, recruit: Recruit) -> None:
    assert "Prolific refuses less than 6.00 GBP or 8.00 USD an hour" in recruit(*CREATE[:-1], "30").output
    assert "Prolific recommends at least 9.00 GBP or 12.00 USD an hour" in recruit(*CREATE[:-1], "50").output
    assert "an hour." not in recruit(*CREATE[:-1], "90").output.replace("currency an hour", "")
    assert "give --places" in recruit("create", *ADDRESS).output


@only(
    ("currency", "reward", "told"),
    [("USD", "50", "7.50 USD an hour"), ("USD", "50", "refuses less than 8.00 USD"), ("GBP", "50", "least 9.00 GBP")],
)
def test_pay_is_told_in_the_study_s_currency(opens, recruit: Recruit, account, currency, reward, told) -> None:
    definition = document(seeing(images=2, k=20), provider=account.name)
    definition["study"]["pay"] = {"amount": 0.75, "currency": currency}
    opens(definition)
    shown = recruit(*CREATE[:-1], reward).output
    assert told in shown
    assert f"The information sheet promises 0.75 {currency}; the reward is 0.50." in shown
    assert "The information sheet promises" not in recruit(*CREATE[:-1], "75").output


@only("is_signed", [True, False])
@only("account", ["prolific"], indirect=True)
def test_prolific_is_asked_to_sign_where_the_server_verifies(opened, recruit, account, monkeypatch, is_signed) -> None:
    monkeypatch.setenv("DISCERN_PROLIFIC_JWKS", "https://api.prolific.com/jwks.json" if is_signed else "")
    assert recruit(*CREATE).exit_code == 0
    assert account.api.studies["st1"]["is_external_study_url_secure"] is is_signed


DEVICES = [
    ({}, ["desktop", "tablet", "mobile"]),
    ({"phones": False}, ["desktop", "tablet"]),
    ({"min_width": 900}, ["desktop", "tablet"]),
    ({"pointer": "fine"}, ["desktop"]),
]


@only(("device", "kinds"), DEVICES)
@only("account", ["prolific"], indirect=True)
def test_the_rules_for_devices_reach_the_platform(opens, recruit, account, device: dict, kinds: list[str]) -> None:
    opens(document(seeing(images=2, k=20), provider="prolific", device={"min_width": 320} | device))
    assert recruit(*CREATE).exit_code == 0
    assert account.api.studies["st1"]["device_compatibility"] == kinds
    assert ("You need " in account.api.studies["st1"]["description"]) == (len(kinds) < 3)


@pytest.mark.slow
def test_no_key_and_no_raw_id_is_printed_or_written_down(opened, recruit: Recruit, account, database: Database) -> None:
    public_id = takes_part(account, database)
    account.hands_in(1)
    offered(recruit)
    said = [
        recruit("approve", "--confirm"),
        recruit("bonus", public_id, "--cents", "5", "--reason", "thanks", "--confirm"),
        recruit("release"),
        recruit("status"),
        recruit("status", "--json"),
    ]
    assert [result.exit_code for result in said] == [0] * 5, [result.output for result in said]
    with database.reading() as session:
        log = " ".join(f"{detail}" for detail in session.scalars(select(AuditEntry.detail)))
        assert verify(session) > 5
    for text in (log, *(result.output for result in said)):
        for secret in ("secret", SIGNER.secret, SIGNER.key_id, "'p1'", "'sp1'", "W1", "'A0'"):
            assert secret not in text


@only("provider", ["plain", "sona"])
def test_a_provider_without_an_api_is_refused(opens, recruit: Recruit, provider: str) -> None:
    opens(document(seeing(), provider=provider))
    assert f"'{provider}' has no API here" in recruit(*CREATE).output


def test_what_is_missing_is_named(opened, recruit: Recruit, account, monkeypatch) -> None:
    assert "run `./manage.py recruit create`" in recruit("approve").output
    assert "must begin with https://" in recruit("create", "--address", "http://x", *CREATE[3:]).output
    assert "Missing option '--address'" in recruit("create").output
    if account.name == "prolific":
        assert "Prolific has no sandbox" in recruit(*CREATE, "--sandbox").output
        monkeypatch.delenv(prolific.TOKEN_VARIABLE)
        assert "DISCERN_PROLIFIC_TOKEN is not set" in recruit(*CREATE).output
    else:
        assert recruit(*CREATE, "--sandbox").exit_code == 0
        assert "run `./manage.py recruit create`" in recruit("approve").output
        assert recruit("approve", "--sandbox").exit_code == 0
