"""Machine observers take a real study's trials, by the command: an export like any other, the same for one seed."""

import csv
import json
from collections import Counter, defaultdict

import pytest

from tests.contracts.test_whole_study import Study

RUNS = 16  # of 4 and 2 trials: each of the 64 class-discrimination items once, each of the 16 trust items twice


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A small study with stimuli, and what its observers answered: once sixteen runs, twice a single one of one seed."""
    study = Study(tmp_path_factory.mktemp("observed"))
    study.of_study("make-scenes", "--train-images", "1", "--val-images", "120")
    study.of_study("generate-stimuli")
    for name, runs in {"observed": RUNS, "first": 1, "again": 1}.items():
        options = ("--runs", str(runs), "--training-images", "24", "--out", str(study.folder / name))
        study.of_study("observe", *options)
    return study


@pytest.fixture
def observed(study):
    return study.folder


def trials(folder):
    (file,) = (folder / "data").glob("*trials_data.csv")
    with file.open(newline="") as rows:
        return list(csv.DictReader(rows))


def test_one_seed_gives_the_same_bytes(observed):
    files = [p.relative_to(observed / "first") for p in (observed / "first").rglob("*") if p.is_file()]
    assert len(files) == 13
    for file in files:
        assert (observed / "first" / file).read_bytes() == (observed / "again" / file).read_bytes(), file


def test_all_observers_take_the_trials_that_the_survey_s_assignment_deals(observed):
    by_kind = defaultdict(list)
    for row in trials(observed / "observed"):
        by_kind[row["observer_kind"]].append(row)
    assert set(by_kind) == {"simulated"} | {
        f"machine:{name}{control}"
        for name in ("classifier", "box-energy")
        for control in ("", "+blank", "+shuffled-category", "+identical-maps")
    }
    for kind in ("simulated", "machine:classifier", "machine:box-energy"):
        ratings = Counter((row["task"], row["item_id"]) for row in by_kind[kind])
        assert Counter(n for (task, _), n in ratings.items() if task == "seeing") == {1: 64}
        assert Counter(n for (task, _), n in ratings.items() if task == "trusting") == {2: 16}
        seen = Counter((row["participant_id"], row["task"], row["image_id"]) for row in by_kind[kind])
        assert set(seen.values()) == {1}


def test_identical_pictures_score_nothing_and_blank_ones_are_ties(observed):
    for row in trials(observed / "observed"):
        if row["observer_kind"].endswith(("+identical-maps", "+blank")) and row["task"] == "trusting":
            assert row["score"] == "0.0"


def test_analyze_reads_it_has_no_headline_and_draws_no_control(study, tmp_path):
    study.manage("analyze", str(study.folder / "observed"), "--out", str(tmp_path / "report"))
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["headline"] is None
    assert len(results["observers"]) == 9
    drawn = {path.name for path in (tmp_path / "report" / "figures").iterdir()}
    assert drawn == {"simulated", "machine-classifier", "machine-box-energy"}
