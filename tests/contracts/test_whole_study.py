"""The whole study by its commands: scenes, stimuli, survey, simulated people, export, report."""

import csv
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTICIPANTS = 16
SMALLER = {  # of examples/demo.toml: 64 + 16 items, so that sixteen people give each item exactly its ratings
    'slug = "demo"': 'slug = "small"',
    '"../var/demo/scenes"': '"scenes"',
    '"../var/demo/stimuli"': '"stimuli"',
    '"../models/': f'"{ROOT}/models/',
    '"texts/': f'"{ROOT}/examples/texts/',
    "images = 20\nratings_per_item = 9\ntrials_per_participant = 16": "images = 8\nratings_per_item = 1\ntrials_per_participant = 4",
    "images = 15\nratings_per_item = 36\ntrials_per_participant = 12": "images = 8\nratings_per_item = 2\ntrials_per_participant = 2",
}


class Study:
    """One folder with a definition and a database, and the commands run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        source = (ROOT / "examples" / "demo.toml").read_text()
        for old, new in SMALLER.items():
            assert old in source, old
            source = source.replace(old, new)
        self.definition = folder / "small.toml"
        self.definition.write_text(source)
        self.environment = os.environ | {"DISCERN_DATABASE_URL": f"sqlite:///{folder / 'study.sqlite3'}"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)

    def manage(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def of_study(self, command: str, *options: str) -> str:
        return self.manage(command, "--study", str(self.definition), *options)

    def simulate(self, port: int) -> str:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)], cwd=ROOT, env=self.environment
        )
        try:
            wait_until_listening(port)
            options = ("--url", f"http://127.0.0.1:{port}", "--participants", str(PARTICIPANTS))
            return self.of_study("simulate", *options)
        finally:
            server.terminate()
            server.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study that sixteen simulated people took, exported and analysed."""
    study = Study(tmp_path_factory.mktemp("whole"))
    study.of_study("make-scenes", "--train-images", "1", "--val-images", "80")
    study.of_study("generate-stimuli")
    study.manage("db", "upgrade")
    study.of_study("open-study")
    study.simulate(free_port())
    study.of_study("export", "--out", str(study.folder / "export"))
    study.manage("analyze", str(study.folder / "export"), "--out", str(study.folder / "report"))
    return study


def test_every_item_has_exactly_its_ratings(study):
    (file,) = (study.folder / "export" / "data").glob("*trials_data.csv")
    with file.open(newline="") as rows:
        answered = [row for row in csv.DictReader(rows) if row["state"] == "answered"]
    ratings = Counter((row["task"], row["item_id"]) for row in answered if row["purpose"] == "main")
    assert Counter(n for (task, _), n in ratings.items() if task == "seeing") == {1: 64}
    assert Counter(n for (task, _), n in ratings.items() if task == "trusting") == {2: 16}
    assert {row["observer_kind"] for row in answered} == {"simulated"}
    beside = Counter((row["task"], row["purpose"]) for row in answered if row["purpose"] != "main")
    assert beside == {
        ("seeing", "practice"): 32,
        ("seeing", "attention"): 16,
        ("trusting", "practice"): 16,
        ("trusting", "attention"): 16,
        ("trusting", "control"): 16,
    }


def test_the_report_says_that_nobody_was_human(study):
    results = json.loads((study.folder / "report" / "results.json").read_text())
    assert results["headline"] is None
    assert "SIMULATED" in (study.folder / "report" / "report.html").read_text().upper()


def test_check_finds_everything_ready(study):
    told = study.of_study("check")
    assert "NOT READY" not in told
    assert re.search(r"network strong: demo-vgg, 20 categories, mAP 0\.\d{3}", told)


def test_opening_again_changes_nothing_and_opening_a_changed_definition_is_refused(study, tmp_path):
    assert "was open already" in study.of_study("open-study")
    changed = study.folder / "changed.toml"
    changed.write_text(study.definition.read_text().replace("\nminutes = 6", "\nminutes = 12"))
    done = study.run("open-study", "--study", str(changed))
    assert done.returncode == 1
    assert "is open with another definition; changed: study" in done.stderr
    told = study.run("check", "--study", str(changed)).stdout
    assert re.search(r"NOT READY +database: .* is open with another definition; changed: study", told)
    assert "Traceback" not in done.stderr


def test_stimuli_of_another_request_do_not_open(study):
    changed = study.folder / "more.toml"
    changed.write_text(study.definition.read_text().replace("images = 8", "images = 9"))
    done = study.run("open-study", "--study", str(changed))
    assert done.returncode == 1
    assert "run `./manage.py generate-stimuli`" in done.stderr


def test_more_images_than_there_are_is_refused_with_how_many_there_are(study):
    changed = study.folder / "many.toml"
    changed.write_text(study.definition.read_text().replace("images = 8", "images = 6000"))
    done = study.run("generate-stimuli", "--study", str(changed))
    assert done.returncode == 1
    assert "asks for 6000 images, but" in done.stderr


def test_a_server_that_is_not_there_is_a_message(study):
    done = study.run("simulate", "--study", str(study.definition), "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "is `./manage.py serve` running?" in done.stderr
