"""kill -9 under load: is every acknowledged answer in the database, none twice, and the file sound?

    python bench/crash.py --at-once 16 --kills 12

Participants answer over HTTP on 127.0.0.1, one after the other in each of `--at-once` places, while workers, and
every third time the whole server, are killed and started again. A person who got no reply sends the same again, as the
browser's program does.
Exit status 1 when anything was lost.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.servers import free_port
from study.database.db import connect, upgrade
from study.database.schema import Participant, Response, Trial
from tests.study.samples import SECRET, document, open_sample, seeing

TRIALS = 24
PLACES = 10_000  # ratings wanted of each item: the study must not fill up


@dataclass(frozen=True)
class Outcome:
    """`problems` is empty when the promise was kept."""

    participants: int
    acknowledged: int
    stored: int
    sent_again: int
    kills: int
    problems: tuple[str, ...]


def crash(url: str, folder: Path, at_once: int, kills: int, seconds: float, seed: int = 1) -> Outcome:
    """Run the study at the empty database `url` under kills; at most about `seconds` long."""
    prepare(url, folder)
    server = Server(url, folder / "server.log")
    deadline, enough = time.monotonic() + seconds, threading.Event()
    people: list[Person] = []

    def place() -> None:
        while not enough.is_set() and time.monotonic() < deadline:
            people.append(Person(server.port, deadline))
            people[-1].take_part()

    threads = [threading.Thread(target=place, daemon=True) for _ in range(at_once)]
    server.start()
    try:
        for thread in threads:
            thread.start()
        done = kill_repeatedly(server, kills, deadline, random.Random(seed))
        enough.set()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()) + 15)
    finally:
        server.kill_all()
    return Outcome(
        participants=sum(person.finish is not None for person in people),
        acknowledged=sum(len(person.acknowledged) for person in people),
        stored=count_responses(url),
        sent_again=sum(person.sent_again for person in people),
        kills=done,
        problems=tuple(problems(url, people)),
    )


def prepare(url: str, folder: Path) -> None:
    """The sample study with enough places for everybody."""
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, folder / "stimuli", document(seeing(images=TRIALS, k=PLACES)))
    database.engine.dispose()


@dataclass
class Server:
    """`./manage.py serve` on one port, killed and started again."""

    url: str
    log: Path
    port: int = 0
    _master: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = free_port()

    def start(self) -> None:
        environment = os.environ | {"DISCERN_DATABASE_URL": self.url, "DISCERN_SECRET_KEY": SECRET}
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._master = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def workers(self) -> list[int]:
        """Process ids of the master's children."""
        if self._master is None:
            return []
        with suppress(OSError):
            pid = self._master.pid
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def reload(self, patience_s: float = 60) -> None:
        """What `systemctl reload` does; returns when all workers are new ones."""
        before, deadline = set(self.workers()), time.monotonic() + patience_s
        if self._master:
            self._master.send_signal(signal.SIGHUP)
        while before & set(self.workers()) or not self.workers():
            if time.monotonic() > deadline:
                raise TimeoutError("the old workers have not ended")
            time.sleep(0.05)

    def kill_worker(self, rng: random.Random) -> None:
        if workers := self.workers():
            with suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)

    def kill_all(self) -> None:
        """The master first, so that it brings no worker back; then its workers, which would keep the port."""
        workers = self.workers()
        if self._master:
            self._master.kill()
            self._master.wait()
            self._master = None
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


def kill_repeatedly(server: Server, kills: int, deadline: float, rng: random.Random) -> int:
    """Kill a worker, or every third time everything; returns how often."""
    done = 0
    while done < kills and time.monotonic() < deadline:
        wait_until_serving(server.port, deadline)
        time.sleep(rng.uniform(0.5, 1.5))
        done += 1
        if done % 3:
            server.kill_worker(rng)
        else:
            server.kill_all()
            server.start()
    wait_until_serving(server.port, deadline)
    return done


def wait_until_serving(port: int, deadline: float) -> None:
    """A killed server's port may listen long before a process answers there."""
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        with suppress(OSError, HTTPException), closing(connection):
            connection.request("GET", "/s/demo")
            if connection.getresponse().read():
                return
        time.sleep(0.05)


@dataclass
class Person:
    """Takes the study and remembers what the server acknowledged."""

    port: int
    deadline: float
    acknowledged: dict[str, str] = field(default_factory=dict)  # trial token → response
    finish: str | None = None
    refused: list[str] = field(default_factory=list)
    sent_again: int = 0
    entry: str | None = None  # the participant's address
    turned_away: bool = False  # the study was full
    patience_s: float = 10
    _form: dict[str, str] | None = None

    def take_part(self, answers: int | None = None) -> None:
        """To the end, or for at most this number of answers. Called again it continues as a person who comes back."""
        # One form, sent until there is a reply: joining twice because a reply was lost must make one participant.
        self.turned_away = False
        while time.monotonic() < self.deadline and not self.finish and not self.turned_away:
            self._form = self._form or self._consent_form()
            self.entry = self._join(self._form) if self._form else None
            plan = self._exchange("GET", f"{self.entry}/plan") if self.entry else None
            if not self.entry or not plan or plan[0] != 200:
                continue
            for trial in json.loads(plan[2])["trials"][:answers]:
                self._answer(self.entry, trial)
            if answers is not None:
                return

    def _consent_form(self) -> dict[str, str] | None:
        page = self._exchange("GET", "/s/demo")
        if not page or page[0] != 200:
            return None
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page[2].decode())
        return dict(hidden) | {"consent": "yes", "language": "en", "observer_kind": "simulated"}

    def _join(self, form: dict[str, str]) -> str | None:
        reply = self._exchange("POST", "/s/demo/consent", urlencode(form))
        self.turned_away = reply is not None and reply[0] == 409
        return reply[1]["Location"] if reply and reply[0] == 303 else None

    def _answer(self, entry: str, trial: dict[str, Any]) -> None:
        options = [option["value"] for option in trial["questions"][0]["options"]]
        choice = random.choice(options)
        body = json.dumps({"response": choice, "rt": 1, "time_elapsed": 1, "trial_index": trial["index"]})
        first = True
        while time.monotonic() < self.deadline:
            self.sent_again += not first
            first = False
            reply = self._exchange("POST", f"{entry}/trials/{trial['trial_token']}", body)
            if reply and reply[0] == 200:
                self.acknowledged[trial["trial_token"]] = choice
                self.finish = json.loads(reply[2])["finish"] or self.finish
                return
            if reply and reply[0] != 503:
                self.refused.append(f"{reply[0]} {reply[2][:200]!r}")
                return

    def _exchange(self, method: str, path: str, body: str | None = None) -> tuple[int, dict[str, str], bytes] | None:
        """(status, headers, content), or None when the connection broke."""
        kind = "application/json" if body and body.startswith("{") else "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.patience_s)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            reply = connection.getresponse()
            return reply.status, dict(reply.headers), reply.read()
        except (OSError, HTTPException):
            time.sleep(0.05)
            return None
        finally:
            connection.close()


def count_responses(url: str) -> int:
    database = connect(url)
    with database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Response))
    database.engine.dispose()
    return count or 0


def problems(url: str, people: Sequence[Person]) -> list[str]:
    """What is wrong, in words."""
    database = connect(url)
    with database.reading() as session:
        stored = dict(session.execute(select(Trial.trial_token, Response.response).join(Response)).all())
        participants = session.scalars(select(Participant)).all()
        answered = select(Trial.participant_id, func.count(), func.max(Trial.position)).where(Trial.state == "answered")
        gaps = [row for row in session.execute(answered.group_by(Trial.participant_id)) if row[1] != row[2] + 1]
        unpaired = session.scalar(
            select(func.count())
            .select_from(Trial)
            .outerjoin(Response)
            .where((Trial.state == "answered") != (Response.trial_id.is_not(None)))
        )
        sound = ["ok"]
        if database.engine.dialect.name == "sqlite":
            sound = [row[0] for row in session.execute(text("PRAGMA integrity_check"))]
            sound += [str(row) for row in session.execute(text("PRAGMA foreign_key_check"))]
    database.engine.dispose()
    found = [f"lost: {t}" for person in people for t, choice in person.acknowledged.items() if stored.get(t) != choice]
    found += [f"refused: {words}" for person in people for words in person.refused]
    found += [f"participants made twice: {len(participants)}"] if len(participants) > len(people) else []
    found += [f"an answer before the one it follows: {row}" for row in gaps]
    found += [f"{unpaired} trials and responses disagree"] if unpaired else []
    found += [f"integrity: {words}" for words in sound if words != "ok"]
    finished = sum(person.finish is not None for person in people)
    with_code = sum(participant.completion_code is not None for participant in participants)
    return found + ([f"{finished} were told the end, {with_code} have a code"] if with_code < finished else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--url", help="an empty database; a new SQLite file when left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="discern-crash-") as folder:
        url = given.url or f"sqlite:///{folder}/discern.db"
        outcome = crash(url, Path(folder), given.at_once, given.kills, given.seconds)
    print(
        f"{outcome.kills} kills, {outcome.participants} participants finished, {outcome.sent_again} answers sent again"
    )
    print(f"{outcome.acknowledged} answers acknowledged, {outcome.stored} stored; {len(outcome.problems)} problems")
    print("\n".join(outcome.problems[:20]))
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
