"""A study is moved to another host and goes on there while the host is reloaded and upgraded: what do people notice?

    python bench/upgrade.py                         # 50 people; a host of its own is installed, some minutes
    python bench/upgrade.py --environment .venv     # with this environment in place of a new one

What docs/how-to/serve.md says is done in its order, as an operator would type it. In a clone of the version before the
last migration a study is made and packed. Another clone, installed from requirements-survey.txt alone, unpacks it and
opens it on a PostgreSQL that wants a password. systemd's part is played by this program: it holds the socket. nginx and
Caddy stand in front with TLS, both with the page's own lines, below a path. People come from Prolific, half through
either, and all are there when the server is reloaded and while Discern is upgraded: backup, `git pull`, `make setup`,
`db upgrade`, restart. Some more come during the upgrade. In the end one person is forgotten by the id of Prolific.

Checked: every acknowledged answer is stored once, nobody is there twice, everybody gets a completion code and saw no
error, and of the forgotten person no row, id or hash is left. Exit status 1 otherwise.
"""

import argparse
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import func, inspect, select, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.crowd import Person, Seen
from bench.host import IMAGES, REQUIREMENTS, Host, earlier_version, git, install, pack, release
from bench.web_servers import HOST, PATH, Certificate, web_servers
from study.database.db import Database, connect
from study.database.schema import Participant, Response, Trial
from study.security import recruitment_hash
from tests.postgresql import Cluster, database_behind_a_password
from tests.study.samples import SECRET

LATECOMERS = 10
PASSWORD = "p@ss/w ö%1"


@dataclass
class Told:
    """The lines of the table, and what is wrong."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def row(self, what: str, value: object) -> None:
        self.rows.append((what, str(value)))
        print(f"{what}: {value}", flush=True)

    def expect(self, is_so: bool, problem: str) -> None:
        if not is_so:
            self.problems.append(problem)
            print(f"PROBLEM: {problem}", flush=True)

    def table(self) -> str:
        return "\n".join(["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in self.rows)])


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """URL of an empty database whose user is asked for a password."""
    folder.mkdir()
    cluster = Cluster(folder)
    cluster.create()
    try:
        yield database_behind_a_password(cluster.url, PASSWORD)
    finally:
        cluster.stop()


def rehearse(folder: Path, given: argparse.Namespace) -> Told:
    told = Told()
    folder.chmod(0o755)
    old, new = given.earlier or earlier_version(), git("rev-parse", "HEAD")
    repository = release(folder / "release.git", old)
    pack(repository, folder / "lab", folder / "study.zip", given.people + LATECOMERS)
    git("clone", "--quiet", str(repository), str(folder / "host"))
    seconds = install(folder / "host", given.environment)
    told.row("versions", f"{old[:7]} → {new[:7]}")
    if not given.environment:
        told.row(f"`make setup REQUIREMENTS={REQUIREMENTS}`", f"{seconds:.0f} s")
    certificate = Certificate.make(folder)
    with postgresql(folder / "postgresql") as url, socket.create_server(("127.0.0.1", 0), backlog=1024) as held:
        host = Host(folder / "host", settings(url, certificate), held, folder / "server.log")
        host.manage("unpack", str(folder / "study.zip"), "my-study")
        host.manage("db", "upgrade")
        host.manage("open-study", "--study", "my-study/study.toml")
        try:
            host.start()
            with web_servers(folder, host.port, certificate) as ports:
                wait_until_ready(ports, certificate, host)
                deploy_check(host, ports, told)
                seen = run_crowd(host, ports, certificate, (repository, new), given, told)
            account(url, seen, given, told)
            forget(host, url, seen, told)
        finally:
            host.stop()
        log = host.log.read_text()
        told.row("errors in the server's log", log.count("ERROR"))
        told.expect("ERROR" not in log, "the server's log has errors")
    return told


def settings(url: str, certificate: Certificate) -> dict[str, str]:
    return {
        "DISCERN_DATABASE_URL": url,
        "DISCERN_SECRET_KEY": SECRET,
        "DISCERN_PRODUCTION": "1",
        "DISCERN_TRUSTED_HOSTS": HOST,
        "DISCERN_APPLICATION_ROOT": PATH,
        "SSL_CERT_FILE": str(certificate.file),
    }


def wait_until_ready(ports: dict[str, int], certificate: Certificate, host: Host) -> None:
    from urllib.request import urlopen

    deadline = time.monotonic() + 120
    for port in ports.values():
        while True:
            try:
                urlopen(f"https://{HOST}:{port}{PATH}/readyz", context=certificate.context, timeout=10).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(host.log.read_text()[-3000:]) from None
                time.sleep(0.5)


def deploy_check(host: Host, ports: dict[str, int], told: Told) -> None:
    """Everything is ready, but for the clock where the machine keeps none."""
    host.manage("backup", "--all", "backups", "--keep", "30")
    for name, port in ports.items():
        found = host.manage("deploy-check", "--origin", f"https://{HOST}:{port}{PATH}", may_fail=True).splitlines()
        ready = sum(line.startswith("ready ") for line in found)
        lacking = [line.split()[2].rstrip(":") for line in found if line.startswith("NOT READY")]
        told.row(f"`deploy-check` through {name}", f"{ready} ready; not ready: {', '.join(lacking) or 'none'}")
        told.expect(ready >= 11 and set(lacking) <= {"clock"}, f"not ready behind {name}: {lacking}")


def run_crowd(
    host: Host,
    ports: dict[str, int],
    certificate: Certificate,
    to: tuple[Path, str],
    given: argparse.Namespace,
    told: Told,
) -> Seen:
    seen, may_end, context = Seen(), threading.Event(), certificate.context
    doors = list(ports.values())

    def person(number: int, think: float = given.think) -> Person:
        door = doors[number % len(doors)]
        return Person(door, "moved", f"{number:024x}", context, seen, may_end, think)

    people = [person(number) for number in range(given.people)]
    begun = time.monotonic()
    arrive(people, given.between)
    wait_for_answers(seen, people, given.people * IMAGES // 5)
    reloaded = timed(host.reload)
    wait_for_answers(seen, people, given.people * IMAGES * 2 // 5)
    present = sum(one.is_alive() for one in people)
    late = [person(given.people + number, given.think / 2) for number in range(LATECOMERS)]
    arriving = threading.Thread(target=arrive, args=(late, 1.0))
    arriving.start()
    upgrade_begun = time.monotonic()
    steps = upgrade(host, *to, given)
    upgraded = time.monotonic()
    still = sum(one.is_alive() for one in people)
    may_end.set()
    arriving.join()
    for one in (*people, *late):
        one.join()
    told.row("people: at once, more during the upgrade", f"{given.people}, {LATECOMERS}")
    told.row("people there when the upgrade began, and when it had ended", f"{present}, {still}")
    told.expect(present == still == given.people, "not everybody was there through the upgrade")
    told.row("reload", f"{reloaded:.1f} s")
    told.row("upgrade", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.items()))
    during = sum(upgrade_begun <= moment <= upgraded for moment in seen.moments)
    told.row("answers acknowledged: in all, from the upgrade's beginning to its end", f"{len(seen.moments)}, {during}")
    waits = np.array(seen.waits) * 1000
    told.row(
        "an answer's reply: median, 99% below, longest",
        f"{np.median(waits):.0f} ms, {np.quantile(waits, 0.99):.0f} ms, {waits.max() / 1000:.1f} s",
    )
    told.row("minutes", f"{(time.monotonic() - begun) / 60:.1f}")
    return seen


def arrive(people: list[Person], between: float) -> None:
    """One after the other, `between` seconds apart."""
    for one in people:
        one.start()
        time.sleep(between)


def timed(do: Callable[..., object], *arguments: object) -> float:
    begun = time.monotonic()
    do(*arguments)
    return time.monotonic() - begun


def wait_for_answers(seen: Seen, people: list[Person], number: int) -> None:
    deadline = time.monotonic() + 600
    while len(seen.acknowledged) < number and any(one.is_alive() for one in people):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(seen.acknowledged)} of {number} answers after 600 s: {dict(seen.errors)}")
        time.sleep(0.1)


def upgrade(host: Host, repository: Path, new: str, given: argparse.Namespace) -> dict[str, float]:
    """docs/how-to/serve.md, "A new version of Discern"; seconds of each step."""
    git("update-ref", "refs/heads/main", new, at=repository)
    steps = {
        "backup": ["manage", "backup", "before-upgrade.dump"],
        "`git pull`": ["run", "git", "pull", "--quiet"],
        "`make setup`": ["run", "make", "setup", f"REQUIREMENTS={REQUIREMENTS}"],
        "`db upgrade --dry-run`": ["manage", "db", "upgrade", "--dry-run"],
        "`db upgrade`": ["manage", "db", "upgrade"],
    }
    if given.environment:
        del steps["`make setup`"]
    took = {name: timed(getattr(host, how), *words) for name, (how, *words) in steps.items()}
    return took | {"restart": timed(restart, host)}


def restart(host: Host) -> None:
    """`systemctl restart` with `discern.socket`; until both new workers are there."""
    host.stop()
    host.start()
    while len(host.workers()) < 2:
        time.sleep(0.1)


def account(url: str, seen: Seen, given: argparse.Namespace, told: Told) -> None:
    database = connect(url)
    with database.reading() as session:
        stored = session.execute(select(Trial.trial_token, Response.response).join(Response)).all()
        people = session.scalar(select(func.count()).select_from(Participant)) or 0
        overflow = session.scalar(select(func.count()).select_from(Trial).where(Trial.is_overflow))
    database.engine.dispose()
    answers, expected = dict(stored), given.people + LATECOMERS
    lost = [token for token, response in seen.acknowledged.items() if answers.get(token) != response]
    told.row("acknowledged answers that are lost or changed", len(lost))
    twice = len(stored) - len(answers) + people - expected + (overflow or 0)
    told.row("answers or people stored twice", twice)
    told.row("times that browsers sent an answer again by themselves", seen.sent_again)
    told.row("pages and pictures; errors that people saw", f"{seen.pages:,}; {sum(seen.errors.values())}")
    told.row("pages that asked people to try again in a few seconds (status 503)", sum(seen.asked_to_wait.values()))
    told.row("people with a completion code", f"{len(seen.finished)} of {expected}")
    told.expect(not lost, f"{len(lost)} answers are lost")
    told.expect(twice == 0, "something is stored twice")
    told.expect(
        len(stored) == expected * IMAGES, f"{len(stored)} answers are stored, {expected * IMAGES} were expected"
    )
    told.expect(not seen.errors, f"people saw errors: {dict(seen.errors)}")
    told.expect(len(seen.finished) == expected, "not everybody has a code")


def forget(host: Host, url: str, seen: Seen, told: Told) -> None:
    """One person, by the id of Prolific."""
    pid = f"{7:024x}"
    words = ("forget", "--study", "my-study/study.toml", "--prolific-id", pid)
    host.manage(*words)
    database = connect(url)
    hashed = recruitment_hash(SECRET, "prolific", pid)
    before = rows_with(database, pid, hashed)
    host.manage(*words, "--confirm")
    left = rows_with(database, pid, hashed)
    with database.reading() as session:
        people = session.scalar(select(func.count()).select_from(Participant)) or 0
        answers = session.scalar(select(func.count()).select_from(Response)) or 0
    database.engine.dispose()
    everybody = len(seen.finished)
    told.row("rows with the forgotten person's id or hash: before, after", f"{before}, {left}")
    told.expect(before > 0 and left == 0, "the forgotten person is still there")
    told.expect(people == everybody - 1 and answers == (everybody - 1) * IMAGES, "others' data are gone, or not theirs")
    host.manage("export", "--study", "my-study/study.toml", "--out", "export")
    host.manage("verify", "export")
    told.expect(
        not any(pid in file.read_text() for file in (host.folder / "export").rglob("*.csv")), "the id is exported"
    )


def rows_with(database: Database, *values: str) -> int:
    """Rows of any table that hold one of these values in any column."""
    found = 0
    with database.reading() as session:
        for table in inspect(database.engine).get_table_names():
            like = " OR ".join(f"t::text LIKE :v{n}" for n in range(len(values)))
            counted = text(f'SELECT count(*) FROM "{table}" t WHERE {like}')
            found += session.scalar(counted, {f"v{n}": f"%{value}%" for n, value in enumerate(values)}) or 0
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50, help="at once; an even number")
    parser.add_argument("--think", type=float, default=8, help="mean seconds before an answer")
    parser.add_argument("--between", type=float, default=1, help="seconds between two who come")
    parser.add_argument("--environment", type=Path, help="one that has the requirements, in place of a new one")
    parser.add_argument("--earlier", help="the commit to upgrade from; else that before the last migration")
    parser.add_argument("--keep", type=Path, help="a new folder for everything; else it is deleted")
    given = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}", flush=True)
    if given.keep:
        given.keep.mkdir()
        told = rehearse(given.keep.resolve(), given)
    else:
        with tempfile.TemporaryDirectory(prefix="discern-upgrade-") as folder:
            told = rehearse(Path(folder), given)
    print(told.table())
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
