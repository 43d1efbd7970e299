"""Answers a second and answers a CPU second, beside oTree: same machine, same run, SQLite and PostgreSQL.

    python bench/survey.py --participants 200 --rounds 3

Everybody answers as fast as the server lets them, without thinking. An answer is all that a browser must wait for
between two questions: Discern, the reply to the posted answer (its next question and picture are there already);
oTree, the reply to the posted form, a redirection, and the next page. CPU time is that of the server's processes, with
PostgreSQL's where it is used, and not that of this script. Both take turns, `--rounds` times, because machines are
shared; figures and ratios are the medians of the rounds. oTree is installed in an environment of its own,
var/bench-otree. Exit status 1 when a target is missed.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.browser import Browser
from bench.servers import cpu_seconds, free_port, postgresql, running
from study.database.db import connect, upgrade
from tests.study.samples import SECRET, document, open_sample, seeing

OTREE = "otree==6.0.15"
OTREE_DRIVER = "psycopg2-binary==2.9.13"
OTREE_HOME = ROOT / "var" / "bench-otree"
TRIALS, ROUNDS = 60, 24
TARGETS = {"answers per CPU second": 10.0, "answers per second": 8.0}
Step = Callable[[], Awaitable[bool]]  # one answer; False when the participant has finished


@dataclass(frozen=True)
class Measured:
    """One server under load. Latencies in ms."""

    platform: str
    database: str
    answers: int
    seconds: float
    cpu_seconds: float
    median: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.answers / self.cpu_seconds

    @property
    def cpu_ms(self) -> float:
        """Of CPU time an answer."""
        return 1000 / self.per_cpu_second


async def discern_participant(port: int) -> Step:
    browser = Browser(port)
    _, _, page = await browser.request("GET", "/s/demo")
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.decode()))
    body = urlencode(form | {"consent": "yes", "observer_kind": "simulated"}).encode()
    status, entry, content = await browser.request("POST", "/s/demo/consent", body, "application/x-www-form-urlencoded")
    if status != 303:
        raise RuntimeError(f"Discern refused a participant: {status} {content[:300]!r}")
    _, _, plan = await browser.request("GET", f"{entry}/plan")
    trials = iter(json.loads(plan)["trials"])

    async def answer() -> bool:
        trial = next(trials)
        content = {
            "response": trial["questions"][0]["options"][0]["value"],
            "rt": 900.0,
            "time_elapsed": 5000.0,
            "trial_index": trial["index"],
            "events": [],
        }
        body = json.dumps(content).encode()
        status, _, reply = await browser.request(
            "POST", f"{entry}/trials/{trial['trial_token']}", body, "application/json"
        )
        if status == 503:
            raise RuntimeError("Discern answered 503 under load")
        if status != 200:
            raise RuntimeError(f"Discern: {status} {reply[:300]!r}")
        return not json.loads(reply)["done"]

    return answer


async def otree_participant(port: int, code: str) -> Step:
    browser = Browser(port)

    async def follow(path: str) -> tuple[str, bytes]:
        while True:
            status, location, content = await browser.request("GET", path)
            if status not in (302, 303, 307):
                if status != 200:
                    raise RuntimeError(f"oTree: {status} at {path}")
                return path, content
            path = location.removeprefix(f"http://127.0.0.1:{port}")

    page, content = await follow(f"/InitializeParticipant/{code}")
    if b'name="answer"' not in content:
        raise RuntimeError(f"oTree shows no question at {page}")

    async def answer() -> bool:
        nonlocal page
        body = urlencode({"answer": "dog"}).encode()
        status, location, _ = await browser.request("POST", page, body, "application/x-www-form-urlencoded")
        if status not in (302, 303, 307):
            raise RuntimeError(f"oTree: {status} to an answer")
        page, content = await follow(location.removeprefix(f"http://127.0.0.1:{port}"))
        return b'name="answer"' in content

    return answer


async def load(participants: Sequence[Awaitable[Step]], seconds: float, cpu: Callable[[], float]) -> dict[str, Any]:
    """Everybody at once, until the time is over or the first has finished. Joining is not measured."""
    steps = [await participant for participant in participants]
    latencies: list[float] = []
    over = False

    async def person(step: Step) -> None:
        nonlocal over
        while not over:
            begun = time.perf_counter()
            goes_on = await step()
            if not over:
                latencies.append(time.perf_counter() - begun)
            over = over or not goes_on or time.perf_counter() - start > seconds

    start, cpu_before = time.perf_counter(), cpu()
    tasks = [asyncio.create_task(person(step)) for step in steps]
    while not over:
        await asyncio.sleep(0.05)
    elapsed, used = time.perf_counter() - start, cpu() - cpu_before
    await asyncio.gather(*tasks)
    hundredths = statistics.quantiles(latencies, n=100)
    return {
        "answers": len(latencies),
        "seconds": elapsed,
        "cpu_seconds": used,
        "median": hundredths[49] * 1000,
        "p99": hundredths[98] * 1000,
    }


def measure_discern(url: str, others: tuple[int, ...], folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, folder / "stimuli", document(seeing(images=TRIALS, k=4 * given.participants)))
    database.engine.dispose()
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), "--workers", str(given.workers)]
    with running(command, port, folder, {"DISCERN_DATABASE_URL": url, "DISCERN_SECRET_KEY": SECRET}) as pid:
        people = [discern_participant(port) for _ in range(given.participants)]
        return asyncio.run(load(people, given.seconds, partial(cpu_seconds, (pid, *others))))


SETTINGS = """
SESSION_CONFIGS = [dict(name="bench", app_sequence=["bench"], num_demo_participants=1)]
SESSION_CONFIG_DEFAULTS = dict(real_world_currency_per_point=1, participation_fee=0)
LANGUAGE_CODE, REAL_WORLD_CURRENCY_CODE, USE_POINTS = "en", "USD", False
ADMIN_USERNAME, ADMIN_PASSWORD, SECRET_KEY = "admin", "bench", "bench"
PARTICIPANT_FIELDS = SESSION_FIELDS = []
"""
APP = f"""
from otree.api import *

class C(BaseConstants):
    NAME_IN_URL, PLAYERS_PER_GROUP, NUM_ROUNDS = "bench", None, {ROUNDS}

class Subsession(BaseSubsession):
    pass

class Group(BaseGroup):
    pass

class Player(BasePlayer):
    answer = models.StringField(label="What do you see?", choices=["dog", "cat"], widget=widgets.RadioSelect)

class Trial(Page):
    form_model, form_fields = "player", ["answer"]

page_sequence = [Trial]
"""
TEMPLATE = (
    "{{ block title }}What do you see?{{ endblock }}{{ block content }}{{ formfields }}{{ next_button }}{{ endblock }}"
)


def install_otree() -> Path:
    program = OTREE_HOME / "bin" / "otree"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OTREE_HOME)], check=True)
        subprocess.run([OTREE_HOME / "bin" / "pip", "install", "-q", OTREE, OTREE_DRIVER], check=True)
    return program


def measure_otree(url: str, others: tuple[int, ...], folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """oTree as its manual runs it in production: `otree prodserver`."""
    program = str(install_otree())
    for name in ("bench", "_static", "_templates"):
        (folder / name).mkdir()
    (folder / "settings.py").write_text(SETTINGS)
    (folder / "bench" / "__init__.py").write_text(APP)
    (folder / "bench" / "Trial.html").write_text(TEMPLATE)
    path = f"{OTREE_HOME / 'bin'}:{os.environ['PATH']}"  # its server starts further `otree` processes by that name
    environment = {"OTREE_PRODUCTION": "1", "OTREE_REST_KEY": "bench", "PATH": path} | (
        {"DATABASE_URL": url} if url else {}
    )
    port = free_port()
    reset = [program, "resetdb", "--noinput"]
    subprocess.run(reset, cwd=folder, env=os.environ | environment, check=True, capture_output=True)
    with running([program, "prodserver", str(port)], port, folder, environment) as pid:
        codes = asyncio.run(otree_session(port, given.participants))
        people = [otree_participant(port, code) for code in codes]
        return asyncio.run(load(people, given.seconds, partial(cpu_seconds, (pid, *others))))


async def otree_session(port: int, participants: int) -> list[str]:
    browser = Browser(port)
    body = json.dumps({"session_config_name": "bench", "num_participants": participants}).encode()
    # The key goes in a header of its own; the browser above sends no others, so it travels with the content type.
    kind = "application/json\r\notree-rest-key: bench"
    status, _, reply = await browser.request("POST", "/api/sessions", body, kind)
    if status != 200:
        raise RuntimeError(f"oTree made no session: {status} {reply[:300]!r}")
    code = json.loads(reply)["code"]
    _, _, session = await browser.request("GET", f"/api/sessions/{code}", b"", kind)
    return [participant["code"] for participant in json.loads(session)["participants"]]


MEASURES = {"Discern": measure_discern, "oTree": measure_otree}


def measure(database: str, given: argparse.Namespace) -> list[Measured]:
    """One turn of each platform, with a database of its own."""
    with tempfile.TemporaryDirectory(prefix="discern-survey-") as place:
        if database == "sqlite":
            urls = {"Discern": f"sqlite:///{place}/discern.db", "oTree": ""}  # oTree's default: a file in its folder
            return [one(name, database, urls[name], (), Path(place), given) for name in MEASURES]
        with postgresql(Path(place) / "postgresql") as (address, pid):
            urls = {"Discern": f"postgresql+psycopg://{address}/discern", "oTree": f"postgres://{address}/otree"}
            return [one(name, database, urls[name], (pid,), Path(place), given) for name in MEASURES]


def one(
    name: str, database: str, url: str, others: tuple[int, ...], place: Path, given: argparse.Namespace
) -> Measured:
    folder = place / name.lower()
    folder.mkdir()
    measured = Measured(name, database, **MEASURES[name](url, others, folder, given))
    print(f"{database}, {name}: {measured.answers} answers, {measured.cpu_ms:.1f} CPU ms each")
    return measured


@dataclass(frozen=True)
class Round:
    """A turn of ours and one of theirs, one after the other."""

    ours: Measured
    theirs: Measured


def median(rounds: list[Round], figure: Callable[[Round], float]) -> float:
    return statistics.median(figure(turn) for turn in rounds)


def print_table(measured: dict[str, list[Round]]) -> None:
    print("| database | platform | answers/s | answers/CPU s | CPU ms/answer | median ms | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    for database, rounds in measured.items():
        for platform, side in (("Discern", attrgetter("ours")), ("oTree", attrgetter("theirs"))):
            names = ("per_second", "per_cpu_second", "cpu_ms", "median", "p99")
            figures = [statistics.median(getattr(side(turn), name) for turn in rounds) for name in names]
            print(f"| {database} | {platform} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")


def judge(database: str, rounds: list[Round]) -> int:
    """Print the ratios beside what is wanted of them; the number of targets missed."""
    ratios = {
        "answers per CPU second": median(rounds, lambda turn: turn.ours.per_cpu_second / turn.theirs.per_cpu_second),
        "answers per second": median(rounds, lambda turn: turn.ours.per_second / turn.theirs.per_second),
    }
    for what, wanted in TARGETS.items():
        print(f"{database}: {what} {ratios[what]:.1f} times oTree's (wanted: {wanted:.0f})")
    ours, theirs = median(rounds, lambda turn: turn.ours.p99), median(rounds, lambda turn: turn.theirs.median)
    print(f"{database}: p99 of an answer {ours:.0f} ms, oTree's median {theirs:.0f} ms")
    return sum(ratios[what] < wanted for what, wanted in TARGETS.items()) + (ours >= theirs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20, help="of a turn: long enough for several answers of each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="Discern's processes")
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    given = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load before the run {os.getloadavg()[0]:.1f}; {given.participants} participants")
    measured = {name: [Round(*measure(name, given)) for _ in range(given.rounds)] for name in given.databases}
    print_table(measured)
    return 1 if sum([judge(name, rounds) for name, rounds in measured.items()]) else 0


if __name__ == "__main__":
    sys.exit(main())
