"""A database URL is understood as it was meant or refused in words, and no message shows a part of the password."""

import pytest
from sqlalchemy import URL

from study.database.backup import backup, restore
from study.database.db import connect, require_ready
from study.database.url import parsed_url
from study.errors import DatabaseNotReadyError

SECRETS = [
    "p@hid/den",
    "hid#den",
    "hid?den",
    "hid[den",
    "hid]den",
    "hid%den",
    "hid%zzden",
    "hid%ffden",
    "hid%00den",
]
DRIVERS = ["mysql", "postgres", "postgresql+psycopg2", "postgresql+asyncpg", "sqlite+aiosqlite", "oracle"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_password_with_an_unwritten_special_character_is_refused_unshown(secret: str, tmp_path) -> None:
    url = f"postgresql://me:{secret}@127.0.0.1:1/x"
    for use in (connect, lambda url: backup(url, tmp_path / "x")):
        with pytest.raises(DatabaseNotReadyError, match="percent code: @ is %40") as error:
            use(url)
        assert "hid" not in str(error.value)
        assert "den" not in str(error.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_another_driver_is_refused_by_name(driver: str) -> None:
    with pytest.raises(DatabaseNotReadyError) as error:
        connect(f"{driver}://me:hidden@localhost/x")
    assert f"asks for {driver}, which is not supported; use sqlite:///FILE or postgresql://" in str(error.value)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("discern:hidden", "cannot be read"),
        ("", "cannot be read"),
        ("postgresql://me:hidden@h:port/x", "cannot be read"),
        ("hidden hidden://me@h/x", "cannot be read"),
        ("postgresql://127.0.0.1:1/x?password=hidden", "put it before the @"),
        ("postgresql://me@127.0.0.1:1/x?sslpassword=hidden", "put it before the @"),
        ("postgresql://me:hidden@127.0.0.1:1/x?colour=hidden", "cannot reach the database"),
        ("postgresql://me:hidden@127.0.0.1:99999/x", "cannot reach the database"),
    ],
)
def test_what_cannot_be_used_is_said_without_the_password(url: str, words: str) -> None:
    with pytest.raises(DatabaseNotReadyError, match=words) as error:
        require_ready(connect(url))
    assert "hidden@" not in str(error.value)
    assert "password=hidden" not in str(error.value)


@pytest.mark.parametrize("password", ["p@ss/w:rd?#[]", "a%b %41 +", "ö\u65e5", "'\"\\$`"])
def test_any_password_can_be_written(password: str) -> None:
    written = URL.create("postgresql", "me", password, "h", 5, "x").render_as_string(hide_password=False)
    assert parsed_url(written).password == password


def test_a_backup_needs_a_database_url_too(tmp_path) -> None:
    with pytest.raises(DatabaseNotReadyError, match="psycopg2, which is not supported"):
        restore(tmp_path / "x", "postgresql+psycopg2://me:hidden@h/x")
