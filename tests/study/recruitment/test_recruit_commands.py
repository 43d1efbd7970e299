"""`./manage.py recruit`: nothing is spent unasked, nothing twice, and no key or raw id is written down."""

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select, update

import manage
from study.database.audit import verify
from study.database.db import Database
from study.database.schema import AuditEntry, Participant, Trial
from study.recruitment import exchange, mturk, prolific
from tests.study.recruitment.platform_stand_in import SIGNER, StandIn, standing_in
from tests.study.samples import SECRET, document, seeing
from tests.study.visitor import join

STUDY = '[study]\nslug = "demo"\n'
CREATE = ("create", "--address", "https://lab.example/", "--places", "40", "--reward", "250")
MONEY = ("/transition/", "/pay/", "/studies/", "CreateHIT", "SendBonus", "ApproveAssignment")
LINKS = {
    "prolific": "?PROLIFIC_PID=p{n}&STUDY_ID=st1&SESSION_ID=s{n}",
    "mturk": "?assignmentId=A{n}&hitId=H1&workerId=W{n}&turkSubmitTo=https%3A%2F%2Fwww.mturk.com",
}
Recruit = Callable[..., Result]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


@pytest.fixture
def recruit(tmp_path, sqlite_url: str, stand_in: StandIn, monkeypatch) -> Recruit:
    """Runs a command on the sample study against the stand-in."""
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    for name, value in {
        "DISCERN_DATABASE_URL": sqlite_url,
        "DISCERN_SECRET_KEY": SECRET,
        exchange.ADDRESS: stand_in.address,
        prolific.TOKEN_VARIABLE: "secret",
        mturk.ID_VARIABLE: SIGNER.key_id,
        mturk.SECRET_VARIABLE: SIGNER.secret,
    }.items():
        monkeypatch.setenv(name, value)

    def run(command: str, *options: str) -> Result:
        return CliRunner().invoke(manage.cli, ["recruit", command, "--study", str(study), *options])

    return run


@pytest.fixture(params=["prolific", "mturk"])
def app(request: pytest.FixtureRequest, open_app, stand_in: StandIn) -> Flask:
    """The sample study on either platform, where person 1 has handed in."""
    stand_in.assignments = [{"AssignmentId": "A1", "WorkerId": "W1", "AssignmentStatus": "Submitted"}]
    app = open_app(document(seeing(images=2, k=20), provider=request.param))
    app.config["LINK"] = LINKS[request.param]
    return app


def takes_part(app: Flask, database: Database, n: int = 1) -> str:
    """The platform's person `n` takes part to the end; their participant_id."""
    visitor = join(app, app.config["LINK"].format(n=n))
    visitor.finish()
    with database.reading() as session:
        return session.scalars(select(Participant.public_id).where(Participant.token == visitor.token)).one()


def spent(stand_in: StandIn) -> list[str]:
    return [asked for asked, _ in stand_in.asked if asked.startswith("POST") and any(m in asked for m in MONEY)] + [
        asked for asked, _ in stand_in.asked if asked in MONEY
    ]


def entries(database: Database, action: str = "recruit-done") -> list[dict]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action)))


def test_without_confirmation_the_cost_is_told_and_nothing_is_asked(app, recruit: Recruit, stand_in, database) -> None:
    told = recruit(*CREATE)
    assert told.exit_code == 0, told.output
    assert "40 places at 2.50 each: 100.00 in all, and the platform's fee" in told.output
    assert "Nothing was done" in told.output
    assert (stand_in.asked, entries(database, "recruit-begun")) == ([], [])


def test_a_study_is_offered_once(app: Flask, recruit: Recruit, stand_in: StandIn, database: Database) -> None:
    first = recruit(*CREATE, "--confirm")
    assert first.exit_code == 0, first.output
    asked = len(stand_in.asked)
    again = recruit(*CREATE, "--confirm")
    assert first.output.splitlines()[-1] == again.output.splitlines()[-1]
    assert len(stand_in.asked) == asked
    (entry,) = entries(database)
    assert (entry["what"], entry["cents"], entry["places"]) == ("offer", 250, 40)


def test_where_the_reply_to_an_offer_was_lost_a_person_must_look(app, recruit: Recruit, stand_in, database) -> None:
    stand_in.losing = {"POST /studies/", "CreateHIT"}
    lost = recruit(*CREATE, "--confirm")
    assert lost.exit_code == 1
    assert "nothing is known of what it did" in lost.output
    stand_in.losing = set()
    asked = len(stand_in.asked)
    again = recruit(*CREATE, "--confirm")
    assert again.exit_code == 1
    assert "name its id with --adopt" in again.output
    assert len(stand_in.asked) == asked
    assert recruit(*CREATE, "--adopt", "st1").exit_code == 0
    assert recruit("approve").exit_code == 0


def test_people_who_finished_here_are_approved_once(app: Flask, recruit: Recruit, stand_in, database: Database) -> None:
    takes_part(app, database)
    recruit(*CREATE, "--confirm")
    before = len(spent(stand_in))
    dry = recruit("approve")
    assert "1 submissions to approve" in dry.output
    assert "2.50 in all" in dry.output
    assert len(spent(stand_in)) == before
    assert "1 approved." in recruit("approve", "--confirm").output
    assert "0 approved." in recruit("approve", "--confirm").output
    assert len(spent(stand_in)) == before + 1


@pytest.mark.parametrize("app", ["prolific"], indirect=True)
def test_an_approval_that_was_cut_off_is_made_up_for(app, recruit: Recruit, stand_in, database: Database) -> None:
    takes_part(app, database)
    recruit(*CREATE, "--confirm")
    stand_in.losing = {"/transition/"}
    assert recruit("approve", "--confirm").exit_code == 1
    stand_in.losing, stand_in.submissions[1]["status"] = set(), "AWAITING REVIEW"
    assert "1 approved." in recruit("approve", "--confirm").output


def test_who_did_not_finish_here_or_is_excluded_is_left_to_a_person(app, recruit: Recruit, database) -> None:
    public_id = takes_part(app, database)
    with database.writing() as session:
        session.execute(update(Participant).values(excluded=True, exclusion_reason="x"))
        session.commit()
    recruit(*CREATE, "--confirm")
    told = recruit("approve")
    assert "0 submissions to approve" in told.output
    assert f"Left for you: {public_id} (excluded)" in told.output


def test_a_bonus_is_paid_once_for_a_reason(app: Flask, recruit: Recruit, stand_in: StandIn, database) -> None:
    public_id = takes_part(app, database)
    recruit(*CREATE, "--confirm")
    bonus = ("bonus", public_id, public_id, "--cents", "50", "--reason", "careful answers")
    dry = recruit(*bonus)
    assert "1 bonuses of 0.50: 0.50 in all" in dry.output
    assert stand_in.paid == []
    assert "1 paid." in recruit(*bonus, "--confirm").output
    again = recruit(*bonus, "--confirm")
    assert "0 bonuses of 0.50, 1 were paid before" in again.output
    assert recruit(*bonus[:3], "--cents", "99", "--reason", "careful answers", "--confirm").exit_code == 0
    assert [amount for _, amount in stand_in.paid] == ["0.50"]
    assert recruit(*bonus[:3], "--cents", "50", "--reason", "another", "--confirm").exit_code == 0
    assert [amount for _, amount in stand_in.paid] == ["0.50", "0.50"]


@pytest.mark.parametrize("is_told", [True, False], ids=["the platform tells", "the platform is late"])
def test_a_bonus_whose_reply_was_lost_is_never_paid_twice_unasked(
    app: Flask, recruit: Recruit, stand_in: StandIn, database: Database, is_told: bool
) -> None:
    public_id = takes_part(app, database)
    recruit(*CREATE, "--confirm")
    bonus = ("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    stand_in.losing = {"/pay/", "SendBonus"}
    lost = recruit(*bonus)
    assert lost.exit_code == 1
    stand_in.losing = set()
    paid = list(stand_in.paid)
    assert len(paid) == 1
    if not is_told:
        stand_in.paid.clear()
    again = recruit(*bonus)
    assert stand_in.paid == (paid if is_told else [])
    assert again.exit_code == (0 if is_told else 1)
    assert ("it is not known whether an earlier try was paid" in again.output) == (not is_told)


@pytest.mark.parametrize("app", ["prolific"], indirect=True)
def test_a_person_may_have_an_uncertain_bonus_paid_again(app, recruit: Recruit, stand_in, database: Database) -> None:
    public_id = takes_part(app, database)
    recruit(*CREATE, "--confirm")
    bonus = ("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    stand_in.losing = {"bonus-payments/"}
    assert recruit(*bonus).exit_code == 1
    stand_in.losing = set()
    assert stand_in.paid == []
    assert recruit(*bonus).exit_code == 1
    assert recruit(*bonus, "--retry-uncertain").exit_code == 0
    assert stand_in.paid == [("s1", "0.50")]


def test_a_refusal_costs_nothing_and_may_be_tried_again(app, recruit: Recruit, database, monkeypatch) -> None:
    for name in (prolific.TOKEN_VARIABLE, mturk.SECRET_VARIABLE):
        monkeypatch.setenv(name, "wrong-key-of-somebody")
    refused = recruit(*CREATE, "--confirm")
    assert refused.exit_code == 1
    assert "refused (40" in refused.output
    assert len(entries(database, "recruit-refused")) == 1
    monkeypatch.setenv(prolific.TOKEN_VARIABLE, "secret")
    monkeypatch.setenv(mturk.SECRET_VARIABLE, SIGNER.secret)
    assert recruit(*CREATE, "--confirm").exit_code == 0


@pytest.mark.parametrize("app", ["prolific"], indirect=True)
def test_returned_and_timed_out_places_are_released(app: Flask, recruit: Recruit, database: Database) -> None:
    """The stand-in says of p0 that they work, of p3 that they returned, of p4 that their time ran out."""
    for n in (0, 3, 4):
        join(app, LINKS["prolific"].format(n=n))
    recruit(*CREATE, "--confirm")
    assert "Places of 2 people are free." in recruit("release").output
    assert "Places of 0 people are free." in recruit("release").output
    with database.reading() as session:
        states = [set(session.scalars(select(Trial.state).where(Trial.participant_id == n))) for n in (1, 2, 3)]
    assert states == [{"open"}, {"released"}, {"released"}]


def test_no_key_and_no_raw_id_is_printed_or_written_down(app, recruit: Recruit, stand_in, database: Database) -> None:
    public_id = takes_part(app, database)
    said = [
        recruit(*CREATE, "--confirm"),
        recruit("approve", "--confirm"),
        recruit("bonus", public_id, "--cents", "5", "--reason", "thanks", "--confirm"),
        recruit("release"),
    ]
    assert [result.exit_code for result in said] == [0] * 4
    with database.reading() as session:
        log = " ".join(f"{detail}" for detail in session.scalars(select(AuditEntry.detail)))
        assert verify(session) > 5
    for text in (log, *(result.output for result in said)):
        for secret in ("secret", SIGNER.secret, SIGNER.key_id, "'p1'", "'s1'", "W1", "'A1'"):
            assert secret not in text


@pytest.mark.parametrize(
    ("provider", "words"), [("plain", "'plain' has no API here"), ("sona", "'sona' has no API here")]
)
def test_a_provider_without_an_api_is_refused(open_app, recruit: Recruit, provider: str, words: str) -> None:
    open_app(document(seeing(), provider=provider))
    assert words in recruit(*CREATE).output


@pytest.mark.parametrize("app", ["prolific"], indirect=True)
def test_what_is_missing_is_named(app: Flask, recruit: Recruit, monkeypatch) -> None:
    assert "run `./manage.py recruit create`" in recruit("approve").output
    assert "Prolific has no sandbox" in recruit(*CREATE, "--sandbox").output
    assert "must begin with https://" in recruit("create", "--address", "http://x", *CREATE[3:]).output
    monkeypatch.delenv(prolific.TOKEN_VARIABLE)
    assert "DISCERN_PROLIFIC_TOKEN is not set" in recruit(*CREATE).output


@pytest.mark.parametrize("app", ["mturk"], indirect=True)
def test_the_sandbox_is_another_account(app: Flask, recruit: Recruit, database: Database) -> None:
    assert recruit(*CREATE, "--sandbox", "--confirm").exit_code == 0
    assert "run `./manage.py recruit create`" in recruit("approve").output
    assert recruit("approve", "--sandbox").exit_code == 0
