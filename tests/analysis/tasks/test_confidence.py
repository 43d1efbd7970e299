"""Stated confidence against accuracy, by plain counting, and a figure where people were asked."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.display.wording import in_language
from analysis.report.write import analyze
from analysis.tasks.class_discrimination.confidence import by_confidence, overconfidence
from tests.analysis.exports import write_export

METHODS = ("guided-backprop", "guided-grad-cam")


@pytest.fixture
def asked(small):
    """The small study where the second task's people were not asked and the first task's always were."""
    seeing = small.trials["task"] == "seeing"
    steps = np.random.default_rng(2).integers(1, 5, len(small.trials)).astype(float)
    return replace(small, trials=small.trials.assign(confidence=np.where(seeing, steps, np.nan)))


def test_accuracy_by_confidence_and_over_confidence_are_what_counting_gives(asked):
    seeing = asked.trials[asked.trials["task"] == "seeing"]
    table = by_confidence(seeing, 0.95).set_index("step")
    counted = seeing.groupby("confidence")["correct"].mean()
    assert table["value"].to_numpy() == pytest.approx(counted.to_numpy())
    assert table["stated"].tolist() == pytest.approx([0.5, 2 / 3, 5 / 6, 1])
    gaps = overconfidence(seeing, METHODS, 0.95).set_index("method")
    stated = 0.5 + (seeing["confidence"] - 1) / 6
    assert gaps.loc["all", "value"] == pytest.approx(stated.mean() - seeing["correct"].mean())
    one = seeing["method"] == METHODS[0]
    assert gaps.loc[METHODS[0], "value"] == pytest.approx((stated - seeing["correct"])[one].mean())
    assert (gaps["low"] < gaps["value"]).all()


def test_people_who_are_certain_and_guess_are_half_a_scale_over_confident(asked):
    seeing = asked.trials[asked.trials["task"] == "seeing"].assign(confidence=4.0)
    seeing = seeing.assign(correct=np.arange(len(seeing)) % 2)
    assert overconfidence(seeing, METHODS, 0.95).set_index("method").loc["all", "value"] == 0.5
    assert by_confidence(seeing, 0.95)["responses"].tolist() == [0, 0, 0, len(seeing)]


def test_where_nobody_was_asked_there_is_no_table(small):
    seeing = small.trials[small.trials["task"] == "seeing"]
    assert by_confidence(seeing, 0.95).empty
    assert overconfidence(seeing, METHODS, 0.95).empty


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_report_shows_it_only_where_people_were_asked(asked, small_report, tmp_path):
    with_it = analyze(write_export(asked, tmp_path / "asked"), tmp_path / "with")
    assert "Accuracy by stated confidence" in with_it.read_text()
    assert "Accuracy by stated confidence" not in small_report.html
    assert (tmp_path / "with" / "figures" / "simulated" / "seeing-confidence.svg").is_file()
    task = json.loads((tmp_path / "with" / "results.json").read_text())["observers"]["simulated"]["tasks"]["seeing"]
    assert [row["step"] for row in task["confidence"]] == [1, 2, 3, 4]
    assert [row["method"] for row in task["overconfidence"]] == [*METHODS, "all"]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_step_that_nobody_chose_is_named_once(asked, tmp_path):
    certain = replace(asked, trials=asked.trials.assign(confidence=asked.trials["confidence"].clip(lower=3)))
    folder = write_export(certain, tmp_path / "in")
    html = analyze(folder, tmp_path / "ko", translate=in_language("ko")).read_text()
    assert '2단계 <span class="note">이 단계를 고른 사람이 없습니다.</span>' in html
    assert "2에 응답이 없습니다" not in html
