"""Times are those of the reader's zone, which their browser names, with UTC beside."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from study.views.researcher.zone import COOKIE, day, hour, local, named_days, utc, zone_name

NOW = datetime(2026, 11, 26, 23, 5, tzinfo=UTC)


@pytest.fixture
def in_zone(app: Flask, monkeypatch):
    monkeypatch.setattr("study.clock.now", lambda: NOW)

    def enter(name: str):
        return app.test_request_context(headers={"Cookie": f"{COOKIE}={name}"})

    return enter


@pytest.mark.parametrize(
    ("zone", "name", "here", "there"),
    [
        ("Europe/Berlin", "Berlin", "Today 00:05", "26 Nov 23:05 UTC"),
        ("America/New_York", "New York", "Today 18:05", "23:05 UTC"),
        ("Asia/Kolkata", "Kolkata", "Today 04:35", "26 Nov 23:05 UTC"),
        ("UTC", "UTC", "Today 23:05 UTC", ""),
        ("", "UTC", "Today 23:05 UTC", ""),
    ],
)
def test_a_moment_is_told_in_the_browsers_zone(in_zone, zone: str, name: str, here: str, there: str) -> None:
    with in_zone(zone):
        assert (zone_name(), local(NOW), utc(NOW)) == (name, here, there)


@pytest.mark.parametrize("zone", ["Nowhere/Else", "Europe", "../../etc/passwd", "/etc/passwd", "a" * 999, "%00", "é"])
def test_a_zone_that_is_none_is_utc(in_zone, zone: str) -> None:
    with in_zone(zone):
        assert zone_name() == "UTC"


def test_other_days_have_their_names(in_zone) -> None:
    with in_zone("Europe/Berlin"):
        assert local(datetime(2026, 11, 25, 12, tzinfo=UTC)) == "Wed 25 Nov 13:00"
        assert local(datetime(2025, 7, 1, 12, tzinfo=UTC)) == "1 Jul 2025 14:00"
        assert day(datetime(2026, 11, 28, 12, tzinfo=UTC)) == "Sat 28 Nov"
        assert day(NOW) == "Today 00:05"
        assert hour(NOW, "%H:%M:%S") == "00:05:00"
        days = [(datetime(2026, 11, n).date(), n) for n in (26, 27)]
        assert named_days(days) == [("Thu 26 Nov", 26), ("Today", 27)]
