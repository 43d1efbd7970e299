"""What the browser says of its device is kept with the participant, and no report can do harm."""

import pytest
from flask import Flask
from pydantic import ValidationError
from sqlalchemy import select

from study.config import ParticipantsConfig
from study.database.db import Database
from study.database.schema import Participant
from study.taking_part.device import MOST_KEPT
from tests.study.samples import document, seeing
from tests.study.visitor import Visitor, join

REPORT = {
    "width": 390,
    "height": 844,
    "screen_width": 390,
    "screen_height": 844,
    "pixel_ratio": 3,
    "touch": True,
    "pointer": "coarse",
    "fullscreen": False,
    "problems": [],
}


def report(visitor: Visitor, **changes):
    return visitor.client.post(f"/p/{visitor.token}/device", json=REPORT | changes)


def stored(database: Database) -> list[dict]:
    with database.reading() as session:
        return (session.scalars(select(Participant.device)).one() or {}).get("reports", [])


def test_each_change_of_the_device_is_kept_and_nothing_twice(app: Flask, database: Database) -> None:
    visitor = join(app)
    assert stored(database) == []
    for width in (390, 390, 844):
        assert report(visitor, width=width).status_code == 200
    kept = stored(database)
    assert [(one["width"], one["pixel_ratio"], one["touch"]) for one in kept] == [(390, 3, True), (844, 3, True)]
    assert all(one["at"].endswith("+00:00") for one in kept)


def test_somebody_who_reports_for_ever_fills_no_disk(app: Flask, database: Database) -> None:
    visitor = join(app)
    for width in range(MOST_KEPT + 5):
        report(visitor, width=width)
    assert [one["width"] for one in stored(database)] == list(range(5, MOST_KEPT + 5))


@pytest.mark.parametrize(
    "changes",
    [
        {"width": -1},
        {"width": 1e9},
        {"width": "390"},
        {"pixel_ratio": float("nan")},
        {"touch": "yes"},
        {"pointer": "<script>"},
        {"problems": ["anything"]},
        {"user_agent": "who asked"},
    ],
    ids=str,
)
def test_an_odd_report_is_refused(app: Flask, database: Database, changes: dict) -> None:
    reply = report(join(app), **changes)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "malformed")
    assert stored(database) == []


def test_only_json_of_somebody_who_takes_part_is_read(app: Flask) -> None:
    visitor = join(app)
    assert visitor.client.post(f"/p/{visitor.token}/device", data=REPORT).status_code == 400
    assert visitor.client.post(f"/p/{'A' * 22}/device", json=REPORT).status_code == 404


def test_the_plan_says_what_the_definition_wants(open_app) -> None:
    wanted = {"min_width": 900, "min_height": 600, "phones": False, "pointer": "fine", "fullscreen": True}
    assert join(open_app(document(seeing(), device=wanted))).plan()["device"] == wanted


def test_without_a_word_in_the_definition_phones_are_welcome(app: Flask) -> None:
    plain = {"min_width": 320, "min_height": 300, "phones": True, "pointer": "any", "fullscreen": False}
    assert join(app).plan()["device"] == plain


def test_a_wish_that_no_window_meets_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 4000"):
        ParticipantsConfig.model_validate({"device": {"min_width": 5000}})
