"""The whole study by its commands: scenes, stimuli, survey, simulated people, export, report."""

import csv
import json
import re
from collections import Counter

import pytest

from bench.servers import free_port
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow

PARTICIPANTS = 16


@pytest.fixture(scope="module")
def study(made_study):
    """A study that sixteen simulated people took, exported and analysed."""
    study = made_study
    study.manage("db", "upgrade")
    study.of_study("open-study")
    with study.served() as url:
        study.of_study("simulate", "--url", url, "--participants", str(PARTICIPANTS))
    study.of_study("export", "--out", str(study.folder / "export"))
    with drawn_only():
        study.manage("analyze", str(study.folder / "export"), "--out", str(study.folder / "report"), "--no-pdf")
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
    assert re.search(r"network strong: demo-vgg-wide, 20 categories, mAP 0\.\d{3}", told)
    assert "WARNING" not in told, "each method of the demo shows something"


def test_opening_again_changes_nothing_and_opening_a_changed_definition_is_refused(study, tmp_path):
    assert "was open already" in study.of_study("open-study")
    changed = study.folder / "changed.toml"
    changed.write_text(study.definition.read_text().replace("\nminutes = 6", "\nminutes = 12"))
    done = study.run("open-study", "--study", str(changed))
    assert done.exit_code == 1
    assert "is open with another definition; changed: study" in done.stderr
    told = study.run("check", "--study", str(changed)).stdout
    assert re.search(r"NOT READY +database: .* is open with another definition; changed: study", told)


def test_stimuli_of_another_request_do_not_open(study):
    changed = study.folder / "more.toml"
    changed.write_text(study.definition.read_text().replace("images = 8", "images = 9"))
    done = study.run("open-study", "--study", str(changed))
    assert done.exit_code == 1
    assert "run `./manage.py generate-stimuli`" in done.stderr


def test_more_images_than_there_are_is_refused_with_how_many_there_are(study):
    changed = study.folder / "many.toml"
    changed.write_text(study.definition.read_text().replace("images = 8", "images = 6000"))
    done = study.run("generate-stimuli", "--study", str(changed))
    assert done.exit_code == 1
    assert "asks for 6000 images, but" in done.stderr


def test_a_server_that_is_not_there_is_a_message(study):
    done = study.run("simulate", "--study", str(study.definition), "--url", f"http://127.0.0.1:{free_port()}")
    assert done.exit_code == 1
    assert "is `./manage.py serve` running?" in done.stderr
