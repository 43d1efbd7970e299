"""The time of day. What depends on it takes it as an argument; commands and views ask here."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
