"""The blind check finds nothing in our server, and each hole in a server that has one. Real HTTP, real gunicorn."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import manage
from bench.servers import free_port
from study.database.db import Database, connect, upgrade
from study.database.schema import Stimulus
from study.errors import BlindnessError
from study.rehearsal.blind_check import Report, _words, blind_check, table
from study.rehearsal.blind_judge import ENOUGH, SHUFFLES, ObservedTrial, judge
from study.rehearsal.simulated import Exchange
from tests.study.rehearsal.leaky_server import HONEST, LEAKS
from tests.study.samples import METHODS, SECRET, document, open_sample, seeing, trusting
from tests.study.taking_part.test_pictures import drawn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PEOPLE, MORE_PEOPLE = 20, 60
TASKS = (
    seeing(images=8, k=60, trials=6, practice=1, attention_checks=1),
    trusting(images=8, k=60, trials=4, practice=1, attention_checks=1, identical_pairs=2),
)


@dataclass(frozen=True)
class Served:
    url: str
    database: Database


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An honest study and leaky ones. The pictures of one method are much longer than those of another."""
    folder = tmp_path_factory.mktemp("leaky")
    url = f"sqlite:///{folder}/discern.db"
    upgrade(url)
    database = connect(url)
    for slug in (HONEST, *LEAKS):
        with database.writing() as session:
            open_sample(session, folder / slug, document(*TASKS, slug=slug))
        with database.reading() as session:
            for place, row in enumerate(session.query(Stimulus).filter(Stimulus.file.startswith("images"))):
                (folder / slug / row.file).write_bytes(drawn(16, 1 + 4 * METHODS.index(row.method) + place % 3))
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "tests.study.rehearsal.leaky_server:app()"]
    environment = os.environ | {"DISCERN_DATABASE_URL": url, "DISCERN_SECRET_KEY": SECRET}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_until_listening(port)
        yield Served(f"http://127.0.0.1:{port}", database)
    finally:
        server.terminate()
        server.wait(timeout=90)
        database.engine.dispose()


def wait_until_listening(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.fixture
def command(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Result]:
    monkeypatch.setenv("DISCERN_DATABASE_URL", served.database.engine.url.render_as_string())

    def run(slug: str, people: int) -> Result:
        (tmp_path / "my.toml").write_text(f'[study]\nslug = "{slug}"\n')
        options = ["--study", str(tmp_path / "my.toml"), "--url", served.url, "--participants", str(people)]
        return CliRunner().invoke(manage.cli, ["blind-check", *options])

    return run


def test_nothing_but_the_pixels_tells_method_network_truth_or_catch(command) -> None:
    done = command(HONEST, MORE_PEOPLE)  # of 60, 17 points by luck are four standard deviations
    if "TOLD" in done.output:  # as chance alone has it in one of a thousand checks; a hole would be found again
        done = command(HONEST, MORE_PEOPLE)
    assert (done.exit_code, "Nothing but the pixels tells anything." in done.output) == (0, True), done.output
    rows = re.findall(r"^(seeing|trusting) +(\w+) +\d+ +([\d.]+)% +([\d.]+)%", done.output, flags=re.MULTILINE)
    judged = {(task, label) for task, label, *_ in rows}
    assert judged == {(task, label) for task in ("seeing", "trusting") for label in ("method", "catch")} | {
        ("seeing", "truth"),
        ("trusting", "network"),
        ("trusting", "pair"),
    }
    # Below chance is no effect: arms are balanced within people, so what is guessed from others' may be wrong more often.
    assert all(float(right) - float(chance) < 17 for *_, right, chance in rows), "no large effect either"


def test_the_command_fails_and_names_what_is_told(command) -> None:
    done = command("length", PEOPLE)
    assert done.exit_code == 1
    assert "told by more than the pixels: method of 'seeing'" in done.output


def test_each_hole_is_found_and_it_is_said_what_it_tells(served: Served) -> None:
    """On a busy machine, other waits hide 60 ms; half a second is found there too."""
    found, holes = crawled(served, "several", PEOPLE), set(LEAKS["several"].values())
    slow = LEAKS["several"]["slow"]
    if set(found.leaks) == holes - {slow}:
        assert crawled(served, "slower", 2 * PEOPLE).leaks == (slow,)
    else:
        assert set(found.leaks) == holes, table(found)


def crawled(served: Served, slug: str, people: int) -> Report:
    return blind_check(served.database, served.url, slug, people, 1, lambda *_: None)


def test_shuffling_ends_where_it_can_change_no_verdict() -> None:
    rng = np.random.default_rng(7)
    honest, told = (judge(made_up(40, 8, rng, share), "method", rng) for share in (0, 0.9))
    assert (ENOUGH + 1) / SHUFFLES <= honest.p <= 1
    assert honest.p == pytest.approx(judge(made_up(40, 8, np.random.default_rng(7), 0), "method", rng, 200).p, abs=0.15)
    assert told.p == 1 / (SHUFFLES + 1)


def made_up(people: int, each: int, rng: np.random.Generator, told: float) -> list[ObservedTrial]:
    """Trials of four kinds; in the share `told` of them a number hints at the kind."""
    trials = []
    for person in range(people):
        for place, kind in enumerate(rng.permutation(np.arange(each) % 4)):
            hint = 3.0 * (kind == 2) if rng.random() < told else rng.normal()
            observed = {"place": float(place), "hint": hint, "token": rng.bytes(12).hex()}
            trials.append(ObservedTrial(person, "seeing", observed, {"method": METHODS[kind]}))
    return trials


def test_the_p_value_is_uniform_where_nothing_is_told_and_tiny_where_something_is() -> None:
    """The oracle is the definition of a p value: below 0.1 in a tenth of honest draws."""
    rng = np.random.default_rng(7)
    honest = [judge(made_up(12, 8, rng, 0), "method", rng, shuffles=199).p for _ in range(120)]
    assert 3 <= sum(p <= 0.1 for p in honest) <= 23  # binomial(120, 0.1), 99.9 %
    assert judge(made_up(40, 8, rng, 0.9), "method", rng, shuffles=999).p == 0.001


def test_too_few_trials_are_no_proof() -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(BlindnessError, match="too few to judge by; send more participants"):
        judge(made_up(2, 8, rng, 0), "method", rng)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"image": "04"}', ["04"]),
        (b'{"rt": 1804.5, "at": "2026-11-04T10:04"}', []),
        (b"an x-grad-cam.png", ["grad-cam"]),
    ],
)
def test_a_short_id_counts_as_a_whole_value_and_a_long_name_anywhere(content: bytes, found: list[str]) -> None:
    exchange = Exchange("GET", "/p/abc04d/plan", 200, (("Date", "Wed, 04 Nov 2026 10:00:04 GMT"),), content, 0.1)
    assert list(_words(exchange, {"04", "grad-cam"}, set())) == found
