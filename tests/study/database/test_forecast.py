"""Migrations say how long they will take, from the rows that are there and the time in which some are copied."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import event, text

import manage
from study.database import forecast as forecasts
from study.database.db import Database, alembic_config, connect, migration_scripts, upgrade
from study.database.forecast import forecast

GROWING = {"participant", "trial", "response", "event", "item", "stimulus", "questionnaire_answer", "load"}
_TOUCHES = re.compile(
    r"^\s*(?:UPDATE|DELETE FROM|DROP INDEX .* ON) (\w+)|\bFROM (\w+)|\bJOIN (\w+)"
    r"|^\s*CREATE (?:UNIQUE )?INDEX .* ON (\w+)|^\s*ALTER TABLE (\w+) (?:DROP COLUMN|ADD CONSTRAINT)",
    re.IGNORECASE,
)


@pytest.fixture
def first(any_url: str) -> Iterator[Database]:
    """A database with the tables of the first version."""
    database = connect(any_url)
    if database.engine.url.get_backend_name() == "sqlite":
        open(str(database.engine.url.database), "w").close()
    migrate(database, "0001")
    yield database
    database.engine.dispose()


def migrate(database: Database, to: str) -> None:
    with database.engine.execution_options(discern_writes=True).connect() as connection:
        command.upgrade(alembic_config(connection), to)
        connection.commit()


def test_every_table_with_many_rows_that_a_migration_goes_through_is_named(first: Database) -> None:
    """The oracle: the statements that reach the database. A table that the same migration makes anew counts, too."""
    statements: list[str] = []
    event.listen(first.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    dialect, unnamed = first.engine.dialect.name, {}
    for script in list(migration_scripts().walk_revisions())[::-1][1:]:
        statements.clear()
        migrate(first, script.revision)
        made = {found[1] for s in statements if (found := re.match(r"\s*CREATE TABLE \"?(\w+)", s))}
        touched = {name for s in statements for found in _TOUCHES.findall(s) for name in found if name}
        named = getattr(script.module, "rewrites", {}).get(dialect, {})
        left = (touched & GROWING) - (made - {"response", "item"}) - set(named)
        if left:
            unnamed[script.revision] = left
    assert unnamed == {}


def test_rows_are_counted_and_time_grows_with_them(first: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with first.engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
        connection.execute(text("INSERT INTO numbers VALUES (1), (2), (3), (4), (5), (6), (7), (8)"))
        study = "('s', 'open', '{}', '', '{}', '/srv', '', '2026-01-02 03:04:05')"
        columns = "slug, state, document, definition_sha256, provenance, stimuli_folder, completion_code, opened_at"
        connection.execute(text(f"INSERT INTO study ({columns}) VALUES {study}"))
        _people(connection)
    url = first.engine.url.render_as_string(hide_password=False)
    whole = forecast(url)
    monkeypatch.setattr(forecasts, "SAMPLE", 2)  # of eight people
    part = forecast(url)
    for ahead in (whole, part):
        assert (ahead.revisions[0], ahead.rows["participant"], ahead.rows["trial"]) == ("0002", 8, 0)
    clock = iter(range(1000))
    monkeypatch.setattr(forecasts.time, "perf_counter", lambda: float(next(clock)))  # each copy takes a second
    copies = {one.revision: one for one in forecast(url).rewrites if one.table == "participant"}
    assert copies["0002"].seconds == 8 / 2 * copies["0002"].copies
    upgrade(url)
    assert forecast(url) is None


def _people(connection: Any) -> None:
    fixed = {
        "study_id": "(SELECT id FROM study)", "observer_kind": "'human'", "language": "'en'", "definition_sha256": "''",
        "consent_version": "''", "consented_at": "'2026-01-02 03:04:05'", "lease_until": "'2026-01-02 03:04:05'",
        "excluded": "false",
    }  # fmt: skip
    own = {name: f"'{name}' || n" for name in ("token", "public_id", "recruitment_hash")}
    values = fixed | own
    connection.execute(
        text(f"INSERT INTO participant ({', '.join(values)}) SELECT {', '.join(values.values())} FROM numbers")
    )


def test_the_command_tells_and_a_dry_run_changes_nothing(first: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", first.engine.url.render_as_string(hide_password=False))

    def run(*more: str) -> str:
        done = CliRunner().invoke(manage.cli, ["db", "upgrade", *more], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    told = run("--dry-run")
    assert re.match(r"Migrations to run: 0002 to \d{4} \(\d+\)\.\nThey go through these rows: 0 of participant, ", told)
    assert told.endswith("Estimated time: a few seconds. It may be half of that, or twice.\nNothing was changed.\n")
    assert re.search(r"up to date\. It took \d+\.\d s\.\n$", run())
    assert run() == "The database is up to date.\n"
    assert run("--dry-run") == "No migration is due; a database that is missing is made.\n"


def test_a_database_that_is_not_there_is_not_made(tmp_path) -> None:
    assert forecast(f"sqlite:///{tmp_path / 'none.db'}") is None
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("seconds", "words"), [(4.9, "a few seconds"), (42, "about 42 seconds"), (3600, "about 60 minutes")]
)
def test_the_estimate_is_told_roundly(seconds: float, words: str) -> None:
    ahead = forecasts.Forecast(("0002",), (forecasts.Rewrite("0002", "trial", 1_000_000, 2, seconds),))
    assert ahead.in_words()[1:] == [
        "They go through these rows: 1,000,000 of trial.",
        f"Estimated time: {words}. It may be half of that, or twice.",
    ]
