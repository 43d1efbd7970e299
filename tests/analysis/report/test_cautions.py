"""A reader of the first page learns that a study was extended, interrupted, looked at or is not finished."""

import re
from dataclasses import replace

import pytest

from analysis.data.turned_away import TurnedAway
from analysis.display.wording import ENGLISH, in_language
from analysis.report.cautions import cautions
from analysis.report.flow_figure import stations
from analysis.report.methods_text import methods_text
from analysis.report.summary import conclusion, interim
from analysis.results import compute
from tests.analysis.conftest import small_study
from tests.analysis.courses import extended
from tests.analysis.report.test_report import report_on
from tests.drawing import drawn_only


def people(export):
    tables = {name: getattr(export, name).assign(observer_kind="human") for name in ("participants", "trials")}
    return replace(export, **tables)


@pytest.fixture(scope="module")
def interrupted():
    """Extended, paused, exported twice before the end, six in ten of its ratings given, and people turned away."""
    away = [("human", "answer", "eyes", 3), ("human", "quota", "hand = left", 1), ("simulated", "test", "", 9)]
    study = replace(people(small_study()), turned_away=tuple(TurnedAway(*told) for told in away))
    return extended(study, share=0.6)


@pytest.fixture(scope="module")
def interim_report(interrupted, tmp_path_factory):
    with drawn_only():
        return report_on(interrupted, tmp_path_factory.mktemp("interim"))


def test_the_first_page_tells_all_that_did_not_go_as_planned(interrupted, interim_report):
    html, results = interim_report
    first_page = html[: html.index('id="contents-title"')]
    by_then = interrupted.trials.loc[interrupted.trials["task"] == "seeing", "answered_at"].dropna()
    n = int((by_then <= interrupted.history.amendments[0].at).sum())
    for sentence in (
        "These are interim results: “seeing” 59 of 96 (61.5%); “trusting” 42 of 72 (58.3%) of the planned ratings were in.",
        f"“seeing” was extended from 64 to 96 planned responses after {n} had been given (2026-01-05). Reason given: “the",
        "Data were exported or estimates looked at 2 times before all planned ratings were in, first after 25 responses.",
        "The study was paused or closed once before its last answer.",
        "4 people were turned away before joining: by the screening, a quota or an earlier study.",
        "12 people joined. Of them 0 withdrew, 5 did not finish, and 0 are excluded from the analysis.",
        "up to 7.7% of comparisons without a difference would have p below 0.05, instead of 5%.",
    ):
        assert sentence in first_page
    assert first_page.index("Interim, 60.1% of planned ratings") < first_page.index('class="summary"')
    assert re.search(r"<span>\d deviations from the plan: <a href=\"#table-\d\">Table \d</a></span>", first_page)
    assert first_page.count("The difference so far is") == 2
    assert not re.search("significant|inconclusive|equivalent", first_page), "no conclusion from interim results"
    assert "Course of the study</h3>" in html
    for reason, n in (("Answer to the screening question “eyes”", 3), ("Quota full: hand = left", 1)):
        assert re.search(rf"{reason}.{{1,60}}>{n}<", html, re.DOTALL)
    assert "Too few correct answers" not in html, "those were simulated"
    assert html.count(interrupted.earlier_sha256[0]) == html.count(interrupted.definition_sha256) == 1
    assert len(results["observers"]["human"]["course"]) == 6
    assert {row["verdict"] for row in results["observers"]["human"]["equivalence"]} == {"no verdict"}
    inflated = {c["task"]: c["inflated"] for c in results["observers"]["human"]["contrasts"]}
    assert inflated == {"seeing": pytest.approx(0.0770, abs=1e-4), "trusting": None}


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_every_table_of_interim_results_is_headed_so(interim_report, small, tmp_path):
    html, _ = interim_report
    captions = re.findall(r"<caption>(.*?)</caption>", html)
    assert len(captions) > 15
    of_others = [caption for caption in captions if "interim results" not in caption]
    known = ("An independent replication of the trust study", "What the paper tells")
    assert [any(words in caption for words in known) for caption in of_others] == [True, True]
    whole, _ = report_on(people(small), tmp_path)
    assert "interim results" not in whole
    assert 'class="cautions"' not in whole


def test_the_methods_text_tells_which_task_had_one_scale(small):
    tasks = [task | {"joint_scale": task["kind"] == "trust"} for task in small.definition["tasks"]]
    sentence = "In the task “trusting”, the networks' pictures of an image by one method were drawn on one scale."
    told = replace(small, definition=small.definition | {"tasks": tasks})
    assert sentence in methods_text(told, ENGLISH)[0]
    assert "one scale" not in methods_text(small, ENGLISH)[0]


def test_the_methods_text_tells_which_predictions_a_task_chose(small):
    half = "Half of the wrong predictions are of a class in the group of the correct class, half of a class in another group."
    told = replace(
        small,
        definition=small.definition | {"tasks": [t | {"error_groups": "a.csv"} for t in small.definition["tasks"]]},
    )
    assert methods_text(told, ENGLISH)[0].count(half) == len(small.definition["tasks"])
    assert half not in methods_text(small, ENGLISH)[0]


def test_the_methods_text_tells_the_planned_size_and_the_extension(interrupted, small):
    design, *_, comparisons, _further = methods_text(interrupted, ENGLISH)
    assert (
        "The plan was 64 responses: 8 images, the methods Guided Backpropagation, Guided Grad-CAM, 2 ratings" in design
    )
    assert "“seeing” was extended from 64 to 96 planned responses after" in design
    assert "Only this was amended afterwards: ratings per item." in comparisons
    assert "exported or estimates looked at 2 times before" in comparisons
    assert "No look" not in comparisons
    plain = methods_text(people(small), ENGLISH)[-2]
    assert plain.endswith("was planned. Whether results were looked at before the end is not recorded in the export.")
    told = replace(small, history=replace(interrupted.history, amendments=(), happenings=()))
    assert methods_text(told, ENGLISH)[-2].endswith(
        "The study's audit log records no look at the results before the end."
    )


def test_the_cautions_are_said_in_korean_and_the_flow_adds_up(interrupted):
    (results,) = compute(interrupted)
    joined, analysed = stations(results, ENGLISH)
    left_out = results.included.flow["participants_out"].sum()
    assert (joined.people, joined.people - left_out) == (12, analysed.people)
    assert joined.notes == ("did not finish: 5",)
    assert analysed.notes[0] == "101 responses"
    said = cautions(results, 0.95, in_language("ko"))
    assert len(said) == len(cautions(results, 0.95, ENGLISH)) == 7
    assert all(re.search("[가-힣]", sentence) for sentence in said)


def test_results_of_machine_observers_are_not_interim_because_the_planned_ratings_are_people_s(interrupted):
    tables = {name: getattr(interrupted, name).assign(observer_kind="machine:x") for name in ("participants", "trials")}
    (results,) = compute(replace(interrupted, **tables))
    assert results.reached == ()
    assert interim(results, ENGLISH) == ""
    assert not any("interim" in caution for caution in cautions(results, 0.95, ENGLISH))
    assert {conclusion(row, results) for row in results.contrasts.itertuples()} != {"interim"}
    assert "analysed before all planned" not in methods_text(replace(interrupted, **tables), ENGLISH)[-2]
