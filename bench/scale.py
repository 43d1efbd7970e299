"""Many people at once on PostgreSQL, in an empty database and in one with 500,000 earlier answers.

    python bench/scale.py                                          # a tenth of the hour, about 10 minutes each
    python bench/scale.py --people 10000 --minutes 60 --think 6    # the whole hour, each
    python bench/scale.py --people 10000 --minutes 15 --think 0.5 --trials 10 --earlier 0     # its people, in a quarter

People arrive at random, as many per minute as 10,000 in an hour unless `--people` and `--minutes` say otherwise. Each
opens the study's address, consents, reads the plan, and for each trial fetches the pictures, thinks and answers.
`--think` is the mean time per trial in seconds. A share of people leaves without a word; their places go to others when
their lease has expired. The run ends when the study is full.

Earlier answers are rows of finished people of the same study, put into the tables by the database itself and not sent
over HTTP. With them come a tenth as many people who left before their first answer.

Checked: every acknowledged answer is stored, each item has exactly k ratings, no item has more, and 99% of answers
take at most 250 ms. Told: CPU time of the server and PostgreSQL per answer, the database's growth and its log's per
answer, and the rows that PostgreSQL read per participant. These rows do not depend on what else the machine does.
Told as well is for how long the server, PostgreSQL and the simulated people could have run and had no CPU, per answer:
it is the part of the waiting that an idle machine would not have.
Exit status 1 when something is lost, k is missed or answers are too slow.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import String, case, cast, func, insert, join, literal, select, text
from sqlalchemy.orm import aliased

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.browser import Browser
from bench.servers import cpu_seconds, free_port, postgresql, running, waited_seconds
from study.database.db import Database, connect, upgrade
from study.database.schema import Item, Participant, Response, Study, Trial
from tests.study.samples import SECRET, count_loads_anew, document, open_sample, seeing

SEEN = 8  # visualizations of an image, of which a person sees one
LONGEST_P99_MS = 250
LEASE_MINUTES = 1
_LONGEST_THOUGHT_S = 30.0  # nobody who stays loses the lease
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_EARLIER = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Seen:
    """What the simulated people saw. Times in seconds, by kind of request."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[str, str] = field(default_factory=dict)  # trial token → response
    finished: int = 0
    left: int = 0
    busy: int = 0  # replies of status 503; a browser sends the same again
    turned_away: bool = False


@dataclass(frozen=True)
class Outcome:
    """One run. CPU time in ms and sizes in bytes, per answer; rows that PostgreSQL read, per participant.

    `waited`: ms per answer for which the server, PostgreSQL and the simulated people were ready and had no CPU.

    `p50`, `p99`: ms, by kind of request. `problems` is empty when the promises were kept.
    """

    earlier: int
    answers: int
    people: int
    busy: int
    minutes: float
    server_ms: float
    postgresql_ms: float
    waited: tuple[float, float, float]
    bytes: float
    log_bytes: float
    scanned: float
    found: float
    p50: dict[str, float]
    p99: dict[str, float]
    problems: tuple[str, ...]


class Person:
    """Takes the study `demo` over HTTP."""

    def __init__(self, port: int, seen: Seen, rng: np.random.Generator, given: argparse.Namespace) -> None:
        self._browser, self._seen, self._rng, self._think = Browser(port), seen, rng, given.think
        self._stays = given.trials if rng.random() >= given.leave else int(rng.integers(1, given.trials))

    async def take_part(self) -> None:
        try:
            entry = await self._join()
            if entry is None:
                self._seen.turned_away = True
                return
            await self._ask("study page", "GET", f"{entry}/study")
            _, _, plan = await self._ask("plan", "GET", f"{entry}/plan")
            trials = json.loads(plan)["trials"]
            for trial in trials[: self._stays]:
                await self._answer(entry, trial)
            if self._stays >= len(trials):
                await self._ask("end", "GET", f"{entry}/finish?asked=yes")
                self._seen.finished += 1
            else:
                self._seen.left += 1
        finally:
            self._browser.close()

    async def _join(self) -> str | None:
        """The participant's address; None where the study is full."""
        status, _, page = await self._ask("first page", "GET", "/s/demo", accepted=(200, 409))
        if status == 409:
            return None
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.decode()))
        body = urlencode(fields | {"consent": "yes", "observer_kind": "simulated"}).encode()
        status, entry, _ = await self._ask("consent", "POST", "/s/demo/consent", body, _FORM, accepted=(303, 409))
        return entry if status == 303 else None

    async def _answer(self, entry: str, trial: dict[str, Any]) -> None:
        for image in trial["images"]:
            await self._ask("picture", "GET", image["url"])
        thought = min(float(self._rng.exponential(self._think)), _LONGEST_THOUGHT_S)
        await asyncio.sleep(thought)
        chosen = self._rng.choice([option["value"] for option in trial["questions"][0]["options"]])
        answer = {
            "response": str(chosen),
            "rt": 1000 * thought + 1,
            "time_elapsed": 1000 * thought + 1,
            "trial_index": trial["index"],
            "events": [{"event": "blur", "time": 5.0}] if self._rng.random() < 0.02 else [],
        }
        path = f"{entry}/trials/{trial['trial_token']}"
        await self._ask("answer", "POST", path, json.dumps(answer).encode(), _JSON)
        self._seen.acknowledged[trial["trial_token"]] = answer["response"]

    async def _ask(
        self, what: str, method: str, path: str, body: bytes = b"", kind: str = "", accepted: tuple[int, ...] = (200,)
    ) -> tuple[int, str, bytes]:
        begun = time.perf_counter()
        while True:
            reply = await self._browser.request(method, path, body, kind)
            if reply[0] != 503:
                break
            self._seen.busy += 1
            await asyncio.sleep(1)
        self._seen.seconds[what].append(time.perf_counter() - begun)
        if reply[0] not in accepted:
            raise RuntimeError(f"{method} {path} replied {reply[0]}: {reply[2][:300]!r}")
        return reply


async def crowd(port: int, given: argparse.Namespace) -> Seen:
    """People arrive until nobody is there and all ratings are in."""
    seen, rng = Seen(), np.random.default_rng(given.seed)
    present: set[asyncio.Task[None]] = set()
    while present or len(seen.acknowledged) < given.people * given.trials:
        present.add(asyncio.create_task(Person(port, seen, rng, given).take_part()))
        await asyncio.sleep(5 if seen.turned_away else float(rng.exponential(60 * given.minutes / given.people)))
        for ended in [task for task in present if task.done()]:
            present.remove(ended)
            ended.result()
    return seen


def add_earlier(database: Database, people: int, trials: int) -> None:
    """`people` who have finished, and a tenth as many who left before their first answer.

    Everybody has an item of each image, and each item the same number of people.
    """
    number = func.generate_series(0, people + people // 10 - 1).column_valued("number")
    is_there = number < people
    at = literal(_EARLIER)
    with database.writing() as session:
        study = session.scalars(select(Study)).one()
        fixed = {
            "study_id": study.id,
            "observer_kind": "simulated",
            "language": "en",
            "definition_sha256": study.definition_sha256,
            "consent_version": "1",
            "consented_at": _EARLIER,
            "lease_until": _EARLIER,
            "excluded": False,
        }
        told = {name: literal(value) for name, value in fixed.items()} | {
            "token": _padded("token", number),
            "public_id": _padded("public", number),
            "recruitment_hash": _padded("hash", number),
            "finished_at": case((is_there, at)),
            "completion_code": case((is_there, literal("EARLIER"))),
            "released": ~is_there,
        }
        session.execute(insert(Participant).from_select(list(told), select(*told.values())))
        each = func.row_number().over(partition_by=Item.image_id, order_by=Item.id) - 1
        image = func.dense_rank().over(order_by=Item.image_id) - 1
        numbered = select(Item, each.label("each"), image.label("place")).subquery()
        item, key = aliased(Item, numbered), Participant.id * trials + numbered.c.place
        theirs = numbered.c.each == Participant.id % SEEN
        done = Participant.finished_at.is_not(None)
        planned = {
            "participant_id": Participant.id,
            "item_id": item.id,
            "position": numbered.c.place,
            "task": item.task,
            "image_id": item.image_id,
            "left_stimulus_id": item.stimulus_a_id,
            "option_order": func.json_build_array(item.category, item.foil),
            "trial_token": _padded("trial", key),
            "left_image_token": _padded("left", key),
            "state": case((done, "answered"), else_="released"),
            "questions_answered": case((done, 1), else_=0),
            "is_overflow": literal(False),
        }
        plans = select(*planned.values()).select_from(join(Participant, numbered, theirs))
        session.execute(insert(Trial).from_select(list(planned), plans))
        given = {
            "trial_id": Trial.id,
            "question": literal("response"),
            "response": Trial.option_order[0].as_string(),
            "rt": literal(900.0),
            "time_elapsed": literal(5000.0),
            "body_sha256": literal("0" * 64),
            "answered_at": at,
        }
        answers = select(*given.values()).where(Trial.state == "answered")
        session.execute(insert(Response).from_select(list(given), answers))
        count_loads_anew(session)
        session.commit()
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))  # as PostgreSQL does by itself in the course of a study


def _padded(what: str, number: Any) -> Any:
    """A token of 22 characters."""
    return literal(what) + func.lpad(cast(number, String), 22 - len(what), "0")


def run(before: int, given: argparse.Namespace) -> Outcome:
    """A study with `before` earlier answers and places for everybody to come, on a PostgreSQL of its own."""
    k = given.people // SEEN
    with (
        tempfile.TemporaryDirectory(prefix="discern-scale-") as place,
        postgresql(Path(place) / "postgresql") as (address, pid),
    ):
        url = f"postgresql+psycopg://{address}/discern"
        upgrade(url)
        database = connect(url)
        task = seeing(images=given.trials, k=k + before // (SEEN * given.trials))
        with database.writing() as session:
            open_sample(session, Path(place) / "stimuli", document(task, lease_minutes=LEASE_MINUTES))
        if before:
            add_earlier(database, before // given.trials, given.trials)
        return _measured(database, url, pid, Path(place), before, given)


def _measured(
    database: Database, url: str, postgres: int, folder: Path, before: int, given: argparse.Namespace
) -> Outcome:
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), "--workers", str(given.workers)]
    begun, sizes, read = time.monotonic(), _sizes(database), _rows_read(database)
    with running(command, port, folder, {"DISCERN_DATABASE_URL": url, "DISCERN_SECRET_KEY": SECRET}) as server:
        cpu = (cpu_seconds((server,)), cpu_seconds((postgres,)))
        waiting = _waited(server, postgres)
        seen = asyncio.run(crowd(port, given))
        used = (cpu_seconds((server,)) - cpu[0], cpu_seconds((postgres,)) - cpu[1])
        waited = [after - before for after, before in zip(_waited(server, postgres), waiting, strict=True)]
    answers, people = len(seen.acknowledged), seen.finished + seen.left
    grown = [after - earlier for after, earlier in zip(_sizes(database), sizes, strict=True)]
    rows = [(after - earlier) / people for after, earlier in zip(_rows_read(database), read, strict=True)]
    outcome = Outcome(
        earlier=before,
        answers=answers,
        people=people,
        busy=seen.busy,
        minutes=(time.monotonic() - begun) / 60,
        server_ms=1000 * used[0] / answers,
        postgresql_ms=1000 * used[1] / answers,
        waited=(1000 * waited[0] / answers, 1000 * waited[1] / answers, 1000 * waited[2] / answers),
        bytes=grown[0] / answers,
        log_bytes=grown[1] / answers,
        scanned=rows[0],
        found=rows[1],
        p50={what: 1000 * statistics.median(times) for what, times in seen.seconds.items()},
        p99={what: 1000 * float(np.quantile(times, 0.99)) for what, times in seen.seconds.items()},
        problems=tuple(problems(database, seen)),
    )
    database.engine.dispose()
    return outcome


def _waited(server: int, postgres: int) -> tuple[float, float, float]:
    """Seconds without a CPU of the server, of PostgreSQL and of the simulated people, which are this process."""
    people = Path(f"/proc/{os.getpid()}/schedstat").read_text().split()[1]
    return waited_seconds((server,)), waited_seconds((postgres,)), int(people) / 1e9


def _sizes(database: Database) -> tuple[int, int]:
    """(the database, all that was ever written to the log), in bytes."""
    with database.reading() as session:
        row = session.execute(text("SELECT pg_database_size(current_database()), pg_current_wal_lsn() - '0/0'")).one()
    return int(row[0]), int(row[1])


def _rows_read(database: Database) -> tuple[int, int]:
    """(by scanning tables, by indexes), since the beginning."""
    sums = text("SELECT sum(seq_tup_read), sum(coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables")
    time.sleep(1)  # PostgreSQL writes its statistics once a second
    with database.reading() as session:
        row = session.execute(sums).one()
    return int(row[0]), int(row[1])


def problems(database: Database, seen: Seen) -> list[str]:
    """What is wrong, in words."""
    with database.reading() as session:
        stored = dict(session.execute(select(Trial.trial_token, Response.response).join(Response)).all())
        counted = select(Trial.item_id, func.count()).where(Trial.state == "answered", Trial.is_overflow.is_(False))
        ratings = dict(session.execute(counted.group_by(Trial.item_id)).all())
        wanted = dict(session.execute(select(Item.id, Item.ratings_wanted)).all())
    lost = [token for token, response in seen.acknowledged.items() if stored.get(token) != response]
    missed = Counter(ratings.get(item, 0) - k for item, k in wanted.items() if ratings.get(item, 0) != k)
    slow = 1000 * float(np.quantile(seen.seconds["answer"], 0.99))
    found = [f"{len(lost)} acknowledged answers are not stored"] if lost else []
    found += [f"{items} items have {off:+d} ratings" for off, items in sorted(missed.items())]
    return found + ([f"99% of answers took up to {slow:.0f} ms"] if slow > LONGEST_P99_MS else [])


def print_table(outcomes: list[Outcome]) -> None:
    """A column for each run."""
    rows: dict[str, list[str]] = {
        "answers, people (left midway included)": [f"{one.answers:,}, {one.people:,}" for one in outcomes],
        "minutes": [f"{one.minutes:.1f}" for one in outcomes],
        "replies of 503": [str(one.busy) for one in outcomes],
        "CPU ms/answer: server": [f"{one.server_ms:.2f}" for one in outcomes],
        "CPU ms/answer: PostgreSQL": [f"{one.postgresql_ms:.2f}" for one in outcomes],
        "no CPU for ms/answer: server, PostgreSQL, people": [
            ", ".join(f"{waited:.1f}" for waited in one.waited) for one in outcomes
        ],
        "database bytes/answer": [f"{one.bytes:,.0f}" for one in outcomes],
        "log bytes/answer": [f"{one.log_bytes:,.0f}" for one in outcomes],
        "rows scanned/person": [f"{one.scanned:,.0f}" for one in outcomes],
        "rows found by index/person": [f"{one.found:,.0f}" for one in outcomes],
    }
    for what in outcomes[0].p50:
        rows[f"{what}: median, p99 ms"] = [f"{one.p50[what]:.0f}, {one.p99[what]:.0f}" for one in outcomes]
    print("| earlier answers | " + " | ".join(f"{one.earlier:,}" for one in outcomes) + " |")
    print("|---" * (len(outcomes) + 1) + "|")
    for what, cells in rows.items():
        print(f"| {what} | " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000, help=f"a multiple of {SEEN}")
    parser.add_argument("--minutes", type=float, default=6, help="in which these people arrive")
    parser.add_argument("--think", type=float, default=1, help="mean seconds per trial")
    parser.add_argument("--leave", type=float, default=0.05, help="share of people who leave midway")
    parser.add_argument("--earlier", type=int, nargs="+", default=[0, 500_000], help="multiples of 8 times the trials")
    parser.add_argument("--trials", type=int, default=50, help="of a person; each is of an image of its own")
    parser.add_argument("--workers", type=int, default=2, help="the server's processes")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    items = SEEN * given.trials
    if given.people % SEEN or any(before % items for before in given.earlier):
        parser.error(f"--people is a multiple of {SEEN}, --earlier of {items}: each item gets equally many")
    outcomes = []
    for before in given.earlier:
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {before:,} earlier answers", flush=True)
        outcomes.append(run(before, given))
        print("\n".join(outcomes[-1].problems) or "nothing lost, exact k", flush=True)
    print_table(outcomes)
    return 1 if any(one.problems for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
