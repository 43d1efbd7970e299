"""How long each migration takes, in copies of the tables that it goes through, on SQLite and PostgreSQL.

    python bench/migrations.py --answers 200000

A study with N answers is put into the tables of the first version and brought forward, a migration at a time.
Told are, for each migration that goes through tables with many rows: the time, that time divided by the time of one
copy of these tables (`rewrites` of the migration says how many to expect), and what `./manage.py db upgrade` would have
foretold. Exit status 1 where the sum of the forecasts is less than
half, or more than four times, of the time that all migrations took.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, MetaData, Table, insert, select, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.servers import postgresql
from study.database.db import Database, alembic_config, connect, upgrade
from study.database.forecast import Forecast, forecast
from study.database.schema import Item, Stimulus, Study
from tests.study.samples import NOW, document, open_sample, seeing

IMAGES = 50  # trials of a person
FIRST = "0001"
_CHUNK = 200  # people


@dataclass(frozen=True)
class Step:
    """One migration. `copies`: its time, in copies of the tables that it goes through; none where it names none."""

    revision: str
    seconds: float
    foretold: float
    copies: float | None


def fill(database: Database, folder: Path, people: int) -> None:
    """A study that `people` have finished, with an answer for each of its images, in the tables as they were first."""
    now = f"sqlite:///{folder / 'now.db'}"
    upgrade(now)
    opened = connect(now)
    with opened.writing() as session:
        open_sample(session, folder / "stimuli", document(seeing(images=IMAGES, k=people)))
    with opened.reading() as session, database.engine.begin() as into:
        study = session.scalars(select(Study)).one()
        for made in (Study, Stimulus, Item):
            _insert(into, made.__tablename__, [dict(row) for row in session.execute(select(made.__table__)).mappings()])
        items = session.scalars(select(Item).order_by(Item.image_id, Item.id)).all()
        each = len(items) // IMAGES
        for begin in range(0, people, _CHUNK):
            numbers = range(begin + 1, min(begin + _CHUNK, people) + 1)
            _insert(into, "participant", [_person(study, number) for number in numbers])
            trials = [_trial(items[each * n + p % each], p, n) for p in numbers for n in range(IMAGES)]
            _insert(into, "trial", trials)
            _insert(into, "response", [_response(trial["id"]) for trial in trials])
    opened.engine.dispose()
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))  # as PostgreSQL does by itself in the course of a study


def _insert(into: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """The columns of these rows that the table has."""
    there = Table(name, MetaData(), autoload_with=into)
    into.execute(insert(there), [{key: value for key, value in row.items() if key in there.c} for row in rows])


def _person(study: Study, number: int) -> dict[str, Any]:
    fixed = {"study_id": study.id, "definition_sha256": study.definition_sha256, "consent_version": "1"}
    times = dict.fromkeys(("consented_at", "lease_until", "finished_at"), NOW)
    names = {name: f"{name}{number:012}" for name in ("token", "public_id", "recruitment_hash")}
    return fixed | times | names | {
        "id": number, "observer_kind": "human", "language": "en", "completion_code": "C", "excluded": False,
    }  # fmt: skip


def _trial(item: Item, person: int, position: int) -> dict[str, Any]:
    number = person * IMAGES + position
    return {
        "id": number,
        "participant_id": person,
        "item_id": item.id,
        "position": position,
        "task": item.task,
        "image_id": item.image_id,
        "left_stimulus_id": item.stimulus_a_id,
        "option_order": [item.category, item.foil],
        "trial_token": f"trial{number:017}",
        "left_image_token": f"left{number:017}",
        "state": "answered",
        "is_overflow": False,
    }


def _response(trial: int) -> dict[str, Any]:
    given = {"response": "cat", "rt": 900.0, "time_elapsed": 5000.0, "body_sha256": "0" * 64, "answered_at": NOW}
    return {"trial_id": trial, "question": "response"} | given


def steps(database: Database) -> Iterator[Step]:
    """Forward, a migration at a time."""
    url = database.engine.url.render_as_string(hide_password=False)
    while (ahead := forecast(url)) is not None:
        following, foretold = ahead.revisions[0], ahead.of_first()
        begun = time.perf_counter()
        _migrate(database, following)
        seconds = time.perf_counter() - begun
        yield Step(following, seconds, foretold, _copies(ahead, seconds))


def _copies(ahead: Forecast, seconds: float) -> float | None:
    """`seconds` divided by the time of one copy of each table that the first of the migrations goes through."""
    once = sum(rewrite.seconds / rewrite.copies for rewrite in ahead.rewrites if rewrite.revision == ahead.revisions[0])
    return seconds / once if once else None


def _migrate(database: Database, to: str) -> None:
    with database.engine.execution_options(discern_writes=True).connect() as connection:
        command.upgrade(alembic_config(connection), to)
        connection.commit()


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """URLs by name."""
    with postgresql(folder / "postgresql") as (address, _):
        yield {"SQLite": f"sqlite:///{folder / 'study.db'}", "PostgreSQL": f"postgresql+psycopg://{address}/discern"}


def measure(name: str, url: str, folder: Path, answers: int) -> bool:
    """Print a table; whether the sum of the forecasts was good enough."""
    (own := folder / name).mkdir()
    (folder / "study.db").touch()
    database = connect(url)
    _migrate(database, FIRST)
    fill(database, own, answers // IMAGES)
    done = list(steps(database))
    database.engine.dispose()
    print(f"\n{name}, {answers:,} answers, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print("| migration | seconds | foretold | copies |\n|---|---|---|---|")
    for step in done:
        if step.copies is not None or step.seconds > 0.5:
            copies = "" if step.copies is None else f"{step.copies:.1f}"
            print(f"| {step.revision} | {step.seconds:.2f} | {step.foretold:.2f} | {copies} |")
    took, foretold = sum(step.seconds for step in done), sum(step.foretold for step in done)
    print(f"| all | {took:.2f} | {foretold:.2f} | |", flush=True)
    return took / 2 <= foretold <= 4 * took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=200_000, help=f"a multiple of {IMAGES}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="discern-migrations-") as place, databases(Path(place)) as urls:
        good = [measure(name, url, Path(place), given.answers) for name, url in urls.items()]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
