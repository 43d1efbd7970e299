"""SONA's server-side credit, given by a stand-in that answers as SONA's own page shows it."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from sqlalchemy import update

import manage
from study.database.db import Database
from study.database.schema import ExternalIdentity, Participant
from study.recruitment import exchange
from study.recruitment.sona_credit import VARIABLE
from tests.study.recruitment.accounts import entries
from tests.study.recruitment.stand_in import Mistake, StandIn, standing_in
from tests.study.samples import NOW, SECRET, document, enrol, seeing

PATH = "/services/SonaAPI.svc/WebstudyCredit"
XML = (
    '<WebstudyCreditResponse xmlns="http://tempuri.org/"><WebstudyCreditResult'
    ' xmlns:a="http://schemas.datacontract.org/2004/07/emsdotnet.sonasystems"'
    ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{}</WebstudyCreditResult></WebstudyCreditResponse>'
)
GIVEN = (
    '<a:Errors i:nil="true"/><a:Result><a:anon_id_code i:nil="true"/><a:credit_status>G</a:credit_status>'
    "<a:signup_id>123</a:signup_id><a:survey_code>{}</a:survey_code></a:Result>"
)
REFUSED = '<a:Errors><a:APIError><a:error_msg>{}</a:error_msg></a:APIError></a:Errors><a:Result i:nil="true"/>'


@dataclass
class Sona:
    """A study at a school; `signed_up`: codes that may get credit."""

    signed_up: set[str]
    given: list[str] = field(default_factory=list)
    is_down: bool = False

    def name(self, method: str, path: str, headers: Any) -> str:
        return f"{method} {urlsplit(path).path}"

    def do(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if (method, urlsplit(path).path) != ("GET", PATH) or set(asked) != {
            "experiment_id",
            "credit_token",
            "survey_code",
        }:
            raise Mistake(f"SONA takes no {method} {path}")
        if self.is_down:
            return 200, b"<html><p>We are back soon<br></html>"
        code = asked["survey_code"]
        if code not in self.signed_up or code in self.given:
            return 200, XML.format(REFUSED.format("The survey code is not valid for this study.")).encode()
        self.given.append(code)
        return 200, XML.format(GIVEN.format(code)).encode()


@pytest.fixture
def sona(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "wait", lambda seconds: None)
    with standing_in(Sona({"1001", "1002"})) as server:
        yield server


@pytest.fixture
def credit(sona: StandIn, database: Database, sqlite_url: str, opens, tmp_path, monkeypatch):
    opens(document(seeing(images=2, k=20), provider="sona"))
    for n, finishes in ((1001, True), (1002, True), (1003, False)):
        person = enrol(database, n, key=str(n), provider="sona")
        with database.writing() as session:
            session.get_one(ExternalIdentity, person.id).parameters = {"id": str(n)}
            if finishes:
                session.execute(
                    update(Participant)
                    .where(Participant.id == person.id)
                    .values(finished_at=NOW, completion_code=f"C{n}")
                )
            session.commit()
    study = tmp_path / "study.toml"
    study.write_text('[study]\nslug = "demo"\n')
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    monkeypatch.setenv(VARIABLE, f"{sona.address}{PATH}?experiment_id=123&credit_token=9185d4&survey_code=XXXX")
    return lambda *options: CliRunner().invoke(manage.cli, ["recruit", "credit", "--study", str(study), *options])


def test_people_who_finished_get_credit_once(credit, sona: StandIn, database: Database) -> None:
    assert "2 people finished and are not excluded. Nothing was done." in credit().output
    assert sona.api.given == []
    for _ in range(2):
        assert "2 of 2 have credit." in credit("--confirm").output
    assert sona.api.given == ["1001", "1002"]
    assert len(sona.asked) == 2
    assert not any("1001" in str(entry) for entry in entries(database))


def test_simulated_people_get_no_credit(credit, sona: StandIn, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Participant).values(observer_kind="simulated"))
        session.commit()
    credit("--confirm")
    assert sona.api.given == []


def test_a_lost_reply_is_looked_up_by_a_person(credit, sona: StandIn) -> None:
    sona.dropping = {"GET"}
    assert "0 have credit; p" in credit("--confirm").output
    sona.dropping = set()
    told = credit("--confirm")
    assert told.exit_code == 1
    assert "it is not known whether SONA gave credit" in told.output
    assert "2 of 2 have credit." in credit("--confirm", "--retry-uncertain").output
    assert sorted(sona.api.given) == ["1001", "1002"]


def test_a_page_for_people_is_no_answer(credit, sona: StandIn) -> None:
    sona.api.is_down = True
    assert "SONA sent what cannot be read" in credit("--confirm").output
    sona.api.is_down = False
    assert "2 of 2 have credit." in credit("--confirm", "--retry-uncertain").output


def test_what_sona_refuses_is_told_and_may_be_tried_again(credit, sona: StandIn) -> None:
    sona.api.signed_up = {"1001"}
    told = credit("--confirm")
    assert told.exit_code == 1
    assert "SONA gave no credit: The survey code is not valid for this study." in told.output
    sona.api.signed_up.add("1002")
    assert "2 of 2 have credit." in credit("--confirm").output


def test_one_whom_sona_refuses_keeps_nobody_else_from_credit(credit, sona: StandIn) -> None:
    sona.api.signed_up = {"1002"}
    told = credit("--confirm")
    assert told.exit_code == 1
    assert "1 of 2 have credit." in told.output
    assert told.output.count("SONA gave no credit: The survey code is not valid for this study.") == 1
    assert sona.api.given == ["1002"]


def test_a_repetition_that_sona_refuses_keeps_nobody_else_from_credit(credit, sona: StandIn) -> None:
    sona.dropping = {"GET"}
    credit("--confirm")
    sona.dropping, sona.api.signed_up = set(), {"1002"}
    assert "1 of 2 have credit." in credit("--confirm", "--retry-uncertain").output
    assert sona.api.given == ["1002"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "has no credit_token; set it to"),
        ("http://school.example/x?credit_token=9185d4", "must begin with https://"),
        ("https://school.example/x", "has no credit_token"),
    ],
)
def test_an_address_of_another_kind_is_refused(credit, monkeypatch, url: str, told: str) -> None:
    monkeypatch.setenv(VARIABLE, url)
    refused = credit("--confirm")
    assert told in refused.output
    assert "9185d4" not in refused.output
