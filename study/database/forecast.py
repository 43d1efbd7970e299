"""How long the migrations that are due will take: an estimate, from the rows that are there and the speed of a copy.

A migration says in `rewrites`, for each kind of database, how many times as long as copying a table it takes;
`bench/migrations.py` measures it. The speed is that of copying up to SAMPLE rows on this machine, just now.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, literal_column, select, table, text

from study.database.db import applied_versions, migration_scripts, to_migrate

SAMPLE = 100_000  # rows


@dataclass(frozen=True)
class Rewrite:
    """A table that a migration goes through; `seconds` for all of its `rows`, `copies` times."""

    revision: str
    table: str
    rows: int
    copies: float
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """The migrations that are due, in their order."""

    revisions: tuple[str, ...]
    rewrites: tuple[Rewrite, ...]

    @property
    def seconds(self) -> float:
        return sum(rewrite.seconds for rewrite in self.rewrites)

    @property
    def rows(self) -> dict[str, int]:
        """Table → its rows."""
        return {rewrite.table: rewrite.rows for rewrite in self.rewrites}

    def in_words(self) -> list[str]:
        """What is due, the rows that it goes through, and the estimate, as lines."""
        first, last = self.revisions[0], self.revisions[-1]
        named = first if first == last else f"{first} to {last}"
        through = ", ".join(f"{rows:,} of {name}" for name, rows in self.rows.items())
        lines = [f"Migrations to run: {named} ({len(self.revisions)})."]
        lines += [f"They go through these rows: {through}."] if through else []
        return [*lines, f"Estimated time: {_duration(self.seconds)}. It may be half of that, or twice."]

    def of_first(self) -> float:
        """Seconds of the first migration."""
        return sum(rewrite.seconds for rewrite in self.rewrites if rewrite.revision == self.revisions[0])


def forecast(url: str) -> Forecast | None:
    """What `upgrade(url)` has to do; None where nothing is due, or there are no tables yet.

    Raises DatabaseNotReadyError when the database cannot be reached or written.
    """
    with to_migrate(url) as engine:
        if _is_missing(engine.url):
            return None
        with engine.connect() as connection:
            due = _due(applied_versions(connection))
            rewrites = tuple(_rewrites(connection, due))
    return Forecast(tuple(script.revision for script in due), rewrites) if due else None


def _duration(seconds: float) -> str:
    if seconds < 5:
        return "a few seconds"
    return f"about {seconds:.0f} seconds" if seconds < 120 else f"about {seconds / 60:.0f} minutes"


def _is_missing(url: Any) -> bool:
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()


def _due(versions: set[str]) -> list[Any]:
    """Alembic's scripts after these versions; none where they are unknown, which `upgrade` refuses."""
    scripts = migration_scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    if not versions or not versions <= known:
        return []
    return list(scripts.iterate_revisions("head", tuple(versions)))[::-1]


def _rewrites(connection: Connection, due: list[Any]) -> Iterator[Rewrite]:
    measured: dict[str, tuple[int, float]] = {}
    for script in due:
        for name, copies in getattr(script.module, "rewrites", {}).get(connection.dialect.name, {}).items():
            if name not in measured:
                measured[name] = _measured(connection, name)
            rows, seconds = measured[name]
            yield Rewrite(script.revision, name, rows, copies, copies * seconds)


def _measured(connection: Connection, name: str) -> tuple[int, float]:
    """(rows, seconds of one copy of all of them); a table that a later migration makes has none."""
    if not inspect(connection).has_table(name):
        return 0, 0.0
    rows = connection.scalar(select(func.count()).select_from(table(name))) or 0
    sample = str(select(literal_column("*")).select_from(table(name)).limit(literal_column(str(SAMPLE))))
    begun = time.perf_counter()
    connection.execute(text(f"CREATE TEMPORARY TABLE discern_copy AS {sample}"))
    seconds = time.perf_counter() - begun
    connection.execute(text("DROP TABLE discern_copy"))
    return rows, seconds * max(1.0, rows / SAMPLE)
