"""Connections keep their rules, and tables and migrations agree."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError

from study.database.db import Database, connect, require_ready, upgrade
from study.database.gate import _TURNS, WriteGate
from study.database.schema import Base, ExternalIdentity, Study
from study.errors import DatabaseNotReadyError
from tests.study.samples import NOW

PATIENCE_S = 30  # of those who get their turn; a busy machine lets a thread wait for seconds


def test_tables_and_migrations_agree(any_database: Database) -> None:
    with any_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(any_url: str) -> None:
    upgrade(any_url)
    upgrade(any_url)
    database = connect(any_url)
    require_ready(database)
    database.engine.dispose()


def test_every_pooled_sqlite_connection_is_durable_and_checks_foreign_keys(database: Database) -> None:
    sessions = [database.writing.kw["bind"].connect() if i == 0 else database.engine.connect() for i in range(20)]
    for connection in sessions:
        values = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS}
        assert values == _PRAGMAS
    for connection in sessions:
        connection.close()


_PRAGMAS = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1}


def test_foreign_keys_guard(any_database: Database) -> None:
    with any_database.writing() as session:
        session.add(ExternalIdentity(participant_id=999, provider="plain", parameters={}))
        with pytest.raises(IntegrityError):
            session.commit()


def test_a_writer_holds_the_lock_from_its_first_read_and_readers_do_not_wait(database: Database) -> None:
    """The second writer is another process as far as SQLite and the gate can tell."""
    url = str(database.engine.url)
    other, raw = connect(url, busy_timeout_s=0.05), create_engine(url, connect_args={"timeout": 0.05})
    with database.writing() as first, other.reading() as reader, raw.connect() as stranger:
        first.execute(text("SELECT 1"))
        with pytest.raises(OperationalError, match="locked"):
            stranger.exec_driver_sql("BEGIN IMMEDIATE")
        assert reader.execute(text("SELECT count(*) FROM study")).scalar() == 0
    other.engine.dispose()
    raw.dispose()


def test_a_writer_who_waits_too_long_is_told_so(sqlite_url: str) -> None:
    upgrade(sqlite_url)
    database = connect(sqlite_url, busy_timeout_s=0.05)
    with database.writing() as first, database.writing() as second:
        first.execute(text("SELECT 1"))
        with pytest.raises(TimeoutError, match=r"no turn to write within 0\.05 s"):
            second.execute(text("SELECT 1"))
    with database.writing() as third:
        third.execute(text("SELECT 1"))
    database.engine.dispose()


def _queue_up(gate: WriteGate, how_many: int, write: Callable[[int], None]) -> list[threading.Thread]:
    """Threads that wait for the gate, in order; somebody is in."""

    def take_a_turn(number: int) -> None:
        gate.enter()
        write(number)
        gate.leave()

    threads = [threading.Thread(target=take_a_turn, args=(number,)) for number in range(how_many)]
    for waiting, thread in enumerate(threads, start=1):
        thread.start()
        while len(gate._waiting) < waiting:
            time.sleep(0.001)
    return threads


def test_writers_get_their_turns_in_the_order_they_came(tmp_path: Path) -> None:
    gate, order = WriteGate(str(tmp_path / "db"), PATIENCE_S), []
    gate.enter()
    threads = _queue_up(gate, 20, order.append)
    gate.leave()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_a_process_with_many_writers_lets_others_in_after_a_few_turns(tmp_path: Path) -> None:
    """A second gate is another process as far as the file locks can tell."""
    busy, other, order = WriteGate(str(tmp_path / "db"), PATIENCE_S), WriteGate(str(tmp_path / "db"), PATIENCE_S), []
    busy.enter()
    threads = _queue_up(busy, 3 * _TURNS, lambda _: (order.append("busy"), time.sleep(0.005)))
    asking = threading.Thread(target=lambda: (other.enter(), order.append("other"), other.leave()))
    asking.start()
    while not _is_locked(tmp_path / "db-next"):
        time.sleep(0.001)
    busy.leave()
    for thread in [*threads, asking]:
        thread.join()
    assert order.index("other") == _TURNS - 1  # the thread that was in first took a turn as well
    assert order.count("busy") == 3 * _TURNS


def _is_locked(path: Path) -> bool:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_an_answer_needs_no_connection_of_a_waiting_session(sqlite_url: str, tmp_path: Path, monkeypatch) -> None:
    """With more threads than connections, a thread that is let in could wait for a connection that a waiting one holds."""
    monkeypatch.setattr("study.database.db._POOL", {"pool_size": 2, "max_overflow": 0, "pool_timeout": PATIENCE_S})
    upgrade(sqlite_url)
    database, other = (
        connect(sqlite_url, busy_timeout_s=PATIENCE_S),
        WriteGate(str(tmp_path / "discern.db"), PATIENCE_S),
    )

    def answer() -> None:
        with database.answering() as driver:
            driver.change(update(Study).values(state="paused"))

    def write() -> None:
        with database.writing() as session:
            session.execute(text("SELECT 1"))

    with ThreadPoolExecutor(3) as pool:
        other.enter()
        writers = [pool.submit(answer)]
        while not _is_locked(tmp_path / "discern.db-next"):
            time.sleep(0.001)
        writers += [pool.submit(write), pool.submit(write)]
        while database.engine.pool.checkedout() < 2:
            time.sleep(0.001)
        other.leave()
        assert [writer.result() for writer in writers] == [None] * 3
    database.engine.dispose()


def test_a_killed_process_gives_the_gate_back(tmp_path: Path) -> None:
    code = "import sys, time; from study.database.gate import WriteGate\n"
    code += "gate = WriteGate(sys.argv[1], 60); gate.enter(); print('in', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code, str(tmp_path / "db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout.readline() == b"in\n"
        gate, entered = WriteGate(str(tmp_path / "db"), PATIENCE_S), threading.Event()
        waiting = threading.Thread(target=lambda: (gate.enter(), gate.leave(), entered.set()))
        waiting.start()
        assert not entered.wait(0.1)
        process.kill()
        waiting.join(PATIENCE_S)
        assert entered.is_set()


def test_times_come_back_in_utc(any_database: Database) -> None:
    row = {"document": {}, "definition_sha256": "", "provenance": {}, "stimuli_folder": "", "completion_code": ""}
    with any_database.writing() as session:
        session.add(Study(slug="s", opened_at=NOW, **row))
        session.commit()
    with any_database.reading() as session:
        assert session.query(Study).one().opened_at == NOW


def test_naive_times_are_refused(database: Database) -> None:
    with database.writing() as session, pytest.raises(Exception, match="naive datetime"):
        session.query(Study).filter(Study.opened_at > NOW.replace(tzinfo=None)).all()


def test_a_missing_database_is_named_with_the_remedy_and_not_created(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(DatabaseNotReadyError, match=r"no database at sqlite:.*none\.db; run `./manage.py db upgrade`"):
        require_ready(connect(f"sqlite:///{file}"))
    assert not file.exists()


def test_an_empty_or_older_database_is_named_with_the_remedy(any_url: str) -> None:
    database = connect(any_url)
    if file := database.engine.url.get_backend_name() == "sqlite" and database.engine.url.database:
        Path(file).touch()
    with database.engine.begin() as connection:
        connection.execute(text("CREATE VIEW other AS SELECT 1"))
    with pytest.raises(DatabaseNotReadyError, match=r"no tables yet; run `./manage.py db upgrade`"):
        require_ready(database)
    upgrade(any_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseNotReadyError, match=r"at version 0000, not .*; run `./manage.py db upgrade`"):
        require_ready(database)
    database.engine.dispose()


@pytest.mark.parametrize("made", ["letters (id INTEGER)", "alembic_version (version_num TEXT)"])
def test_a_database_of_another_program_is_left_as_it_is(any_url: str, made: str) -> None:
    database = connect(any_url)
    if file := database.engine.url.get_backend_name() == "sqlite" and database.engine.url.database:
        Path(file).touch()
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {made}"))
    before = inspect(database.engine).get_table_names()
    with pytest.raises(DatabaseNotReadyError, match=rf"of another program .*{before[0]}.* left as it is; name another"):
        upgrade(any_url)
    assert inspect(database.engine).get_table_names() == before
    database.engine.dispose()


def test_a_database_of_a_newer_discern_is_left_as_it_is(any_url: str) -> None:
    upgrade(any_url)
    database = connect(any_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNotReadyError, match="or install the newer Discern"):
        upgrade(any_url)
    database.engine.dispose()


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("years of work " * 100)
    for attempt in (upgrade, lambda url: require_ready(connect(url))):
        with pytest.raises(DatabaseNotReadyError, match=r"the database sqlite:.*notes\.txt: .*not a database"):
            attempt(f"sqlite:///{file}")
    assert file.read_text() == "years of work " * 100


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseNotReadyError, match=r"cannot reach the database postgresql://me:\*\*\*@127.0.0.1:1/x"):
        require_ready(connect("postgresql://me:hidden@127.0.0.1:1/x"))


@pytest.mark.parametrize("url", ["sqlite:////proc/none/x.db", "postgresql://me:hidden@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_made_is_named(url: str) -> None:
    with pytest.raises(DatabaseNotReadyError, match="cannot write to the database") as error:
        upgrade(url)
    assert "hidden" not in str(error.value)


def test_where_no_file_can_be_locked_none_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    gate = WriteGate(str(tmp_path / "discern.db"), 0.1)
    for _ in range(3):
        with pytest.raises(OperationalError, match="No locks available"):
            gate.enter()
    assert [path.name for path in tmp_path.iterdir()] == ["discern.db-next"]
    assert open_below(tmp_path) == []


def open_below(folder: Path) -> list[str]:
    """Files there that this process holds open; those elsewhere come and go with what earlier tests left behind."""
    held = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that lists them
            held.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [path for path in held if path.startswith(str(folder))]
