"""What a definition promises to delete is listed when it is due, deleted when confirmed, and told to participants."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from sqlalchemy import select

import manage
from study.conduct.actions import set_state
from study.conduct.amending import amend, amendable, with_values
from study.conduct.retention import kept
from study.database import audit
from study.database.db import Database
from study.database.schema import ExternalIdentity, Participant, Study
from study.errors import ConductError
from study.retention import DataConfig, after_months
from tests.study.conduct.erased import url_of
from tests.study.samples import NOW, SECRET, document, enrol, open_sample, seeing

CLOSED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def opened(database: Database, folder: Path, slug: str, data: dict[str, Any], closed: bool = True) -> None:
    with database.writing() as session:
        sample = document(seeing(images=2, k=1), slug=slug, provider="prolific") | ({"data": data} if data else {})
        open_sample(session, folder / slug, sample)
    enrol(database, slug=slug, provider="prolific")
    with database.writing() as session:
        if closed:
            set_state(session, slug, "closed", "ada", CLOSED_AT)
        session.commit()


def run(database: Database, *arguments: str):
    environment = {"DISCERN_DATABASE_URL": url_of(database), "DISCERN_SECRET_KEY": SECRET}
    return CliRunner().invoke(manage.cli, ["retention", *arguments], env=environment, catch_exceptions=False)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 11, 15), 1, date(2026, 12, 15)),
        (date(2026, 12, 1), 120, date(2036, 12, 1)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_month_s_last(day: date, months: int, later: date) -> None:
    """Oracle: a calendar."""
    assert after_months(day, months) == later


@pytest.mark.parametrize(
    "wrong", [{"keep_until": "31.12.2031"}, {"keep_until": "2031-12-31", "keep_months": 3}, {"keep_years": 1}]
)
def test_a_time_that_is_none_or_said_twice_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DataConfig.model_validate(wrong)


def test_what_is_due_is_known_to_the_day(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, "dated", {"keep_until": "2026-05-01", "delete": "recruitment-ids"})
    opened(database, tmp_path, "after", {"keep_months": 1})
    opened(database, tmp_path, "running", {"keep_months": 1}, closed=False)
    opened(database, tmp_path, "silent", {})
    with database.reading() as session:
        on_28_february = kept(session, datetime(2026, 2, 28, 23, tzinfo=UTC))
        assert [(one.slug, one.last_day, one.is_due) for one in on_28_february] == [
            ("after", date(2026, 2, 28), False),
            ("dated", date(2026, 5, 1), False),
            ("running", None, False),
        ]
        a_day_later = kept(session, datetime(2026, 3, 1, 1, tzinfo=UTC), keep_months=120)
    assert [one.slug for one in a_day_later if one.is_due] == ["after"]
    assert {one.slug: one.last_day for one in a_day_later}["silent"] == date(2036, 1, 31)


def test_what_is_due_is_deleted_when_it_is_confirmed(any_database: Database, tmp_path: Path) -> None:
    opened(any_database, tmp_path, "ids", {"keep_until": "2026-05-01", "delete": "recruitment-ids"})
    opened(any_database, tmp_path, "whole", {"keep_months": 1})
    opened(any_database, tmp_path, "later", {"keep_until": "2999-01-01"})
    listed = run(any_database).output
    assert "whole (closed): all data until 2026-02-28, due" in listed
    assert "ids (closed): recruitment ids until 2026-05-01, due" in listed
    assert "later (closed): all data until 2999-01-01\n" in listed
    assert "Nothing was deleted" in listed
    done = run(any_database, "--confirm")
    assert done.exit_code == 1
    assert "ids: deleted" in done.output
    assert "whole is not deleted: there is no export and no backup" in done.output
    with any_database.writing() as session:
        audit.append(session, "ada", "backup", {"file": "x"}, CLOSED_AT)
        session.commit()
    assert run(any_database, "--confirm").exit_code == 0
    assert "Nothing is due" in run(any_database).output
    with any_database.reading() as session:
        assert set(session.scalars(select(Study.slug))) == {"ids", "later"}
        assert session.query(Participant).count() == 2
        assert session.query(ExternalIdentity).count() == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"keep_until": "2031-12-31"}, "Ten years. Your data are deleted from our server by December 31, 2031."),
        ({"keep_months": 6}, "Your data are deleted from our server 6 months after the end of the study."),
        ({"keep_months": 1, "delete": "recruitment-ids"}, "brought you here are deleted 1 month after the end"),
        ({"keep_months": 6, "on_sheet": False}, "<dd>Ten years.</dd>"),
        ({}, "<dd>Ten years.</dd>"),
    ],
)
def test_the_information_sheet_says_it(open_app, data: dict[str, Any], told: str) -> None:
    sample = document() | ({"data": data} if data else {})
    sample["study"]["information"] = {"retention": "Ten years."}
    assert told in open_app(sample).test_client().get("/s/demo").text


@pytest.mark.parametrize(
    ("language", "told"), [("de", "spätestens am 31. Dezember 2031"), ("ko", "2031년 12월 31일까지")]
)
def test_it_is_said_as_each_language_writes_a_date(open_app, language: str, told: str) -> None:
    """Oracle: the forms of Unicode's CLDR, typed here."""
    sample = document() | {"data": {"keep_until": "2031-12-31"}}
    texts = sample["study"]
    texts |= {"languages": ["en", language]} | {
        name: {"en": "x", language: "x"} for name in ("title", "consent", "debriefing", "contact")
    }
    assert told in open_app(sample).test_client().get(f"/s/demo?language={language}").text


def test_a_definition_without_the_section_keeps_its_hash(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, "demo", {}, closed=False)
    with database.reading() as session:
        assert "data" not in session.scalar(select(Study.document))
        assert kept(session, NOW) == []


def test_how_long_data_are_kept_can_be_amended_and_what_is_deleted_cannot(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, "demo", {"keep_months": 6}, closed=False)
    with database.reading() as session:
        before = session.scalar(select(Study.document))
    assert amendable(before)["data.keep_months"] == 6
    assert with_values(before, {"data.keep_months": 12})["data"] == {"keep_months": 12}
    with database.writing() as session:
        with pytest.raises(ConductError, match=r"data\.delete"):
            amend(session, "demo", before | {"data": {"keep_months": 6, "delete": "recruitment-ids"}}, "x", "ada", NOW)
        amended = amend(session, "demo", before | {"data": {"keep_until": "2031-12-31"}}, "approved", "ada", NOW)
        assert amended.change == {"data.keep_months": [6, None], "data.keep_until": [None, "2031-12-31"]}
        session.commit()
        (one,) = kept(session, NOW)
        assert one.last_day == date(2031, 12, 31)
