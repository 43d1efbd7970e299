"""Times as researchers read them: in their browser's time zone, with UTC beside."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request

from study import clock

COOKIE = "discern-zone"  # js/researcher/zone.js writes the browser's zone into it
_NAME = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")


def zone() -> tzinfo:
    """The zone of the browser that asks; UTC where it says none, or one that is not known here."""
    name = request.cookies.get(COOKIE, "")
    if not _NAME.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return UTC


def zone_name() -> str:
    """For example Berlin, or UTC."""
    return str(zone()).rsplit("/", 1)[-1].replace("_", " ")


def hour(at: datetime, pattern: str = "%H:%M") -> str:
    """14:02 in the reader's zone."""
    here = at.astimezone(zone())
    return f"{here:{pattern}}{'' if here.utcoffset() else ' UTC'}"


def local(at: datetime) -> str:
    """Today 14:02, Wed 25 Nov 14:02 or 25 Nov 2025 14:02, in the reader's zone."""
    return f"{_day(at.astimezone(zone()), clock.now().astimezone(zone()))} {hour(at)}"


def utc(at: datetime) -> str:
    """13:02 UTC, with the day where it is another one than in the reader's zone; empty where that zone is UTC."""
    here, there = at.astimezone(zone()), at.astimezone(UTC)
    if not here.utcoffset():
        return ""
    return f"{there:%H:%M} UTC" if here.date() == there.date() else f"{there:%-d %b %H:%M} UTC"


def day(at: datetime) -> str:
    """Sat 28 Nov, or with the hour what is still today."""
    name = _day(at.astimezone(zone()), clock.now().astimezone(zone()))
    return local(at) if name == "Today" else name


def named_days(days: Sequence[tuple[date, int]]) -> list[tuple[str, int]]:
    """Days as the reader calls them, with their numbers."""
    today = clock.now().astimezone(zone()).date()
    return [("Today" if at == today else f"{at:%a %-d %b}", n) for at, n in days]


def _day(here: datetime, now: datetime) -> str:
    if here.date() == now.date():
        return "Today"
    is_near = abs(here.date() - now.date()) < timedelta(days=300)
    return f"{here:%a %-d %b}" if is_near else f"{here:%-d %b %Y}"
