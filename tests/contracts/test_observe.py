"""Machine observers take a real study's trials, by the command: an export like any other, the same for one seed."""

import csv
import json
from collections import Counter, defaultdict

import pytest

from stimuli.evaluate import classifier

pytestmark = pytest.mark.slow

RUNS = 16  # of 4 and 2 trials: each of the 64 class-discrimination items once, each of the 16 trust items twice


@pytest.fixture(scope="module")
def study(made_study):
    """A small study with stimuli, and what its observers answered, twice from one seed. They need not have learnt much."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "EPOCHS", 1)
        for name in ("observed", "again"):
            options = ("--runs", str(RUNS), "--training-images", "10", "--out", str(made_study.folder / name))
            made_study.of_study("observe", *options)
    return made_study


@pytest.fixture
def observed(study):
    return study.folder


def trials(folder):
    (file,) = (folder / "data").glob("*trials_data.csv")
    with file.open(newline="") as rows:
        return list(csv.DictReader(rows))


def test_one_seed_gives_the_same_bytes(observed):
    files = [p.relative_to(observed / "observed") for p in (observed / "observed").rglob("*") if p.is_file()]
    assert len(files) == 19
    for file in files:
        assert (observed / "observed" / file).read_bytes() == (observed / "again" / file).read_bytes(), file


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


@pytest.mark.usefixtures("undrawn")
def test_analyze_reads_it_has_no_headline_and_draws_no_control(study, tmp_path):
    study.manage("analyze", str(study.folder / "observed"), "--out", str(tmp_path / "report"), "--no-pdf")
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["headline"] is None
    assert len(results["observers"]) == 9
    drawn = {path.name for path in (tmp_path / "report" / "figures").iterdir()}
    assert drawn == {"simulated", "machine-classifier", "machine-box-energy"}
