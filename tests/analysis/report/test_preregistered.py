"""What was preregistered and what happened: counted from the export, and told as a deviation only where it is one."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.config import AnalysisConfig, ExclusionsConfig, SequentialConfig
from analysis.data.completeness import people, reached
from analysis.data.course import course
from analysis.data.exclusions import apply_exclusions
from analysis.data.history import Amendment, History
from analysis.display.wording import ENGLISH, in_language
from analysis.report.preregistered import followed, opened_sha256
from analysis.results import ObserverResults
from languages.read import languages
from tests.analysis.courses import OPENED, extended


def points(export, translate=ENGLISH):
    """Without estimates, which do not matter here."""
    included = apply_exclusions(export, export.config.exclusions)
    who = people(export, len(included.excluded))
    results = ObserverResults("human", included, (), pd.DataFrame(), {}, reached(export), course(export), who)
    return followed(export, results, translate)


def told(export):
    return replace(export, history=History(is_told=True))


def test_a_study_that_went_as_planned_has_no_deviation(small):
    found = points(told(small))
    assert [point.differs for point in found] == [False] * 5
    assert [(point.planned, point.happened) for point in found] == [
        ("Responses in “seeing”: 96.", "Planned at the end: 96. Given: 96."),
        ("Responses in “trusting”: 72.", "Planned at the end: 72. Given: 72."),
        (
            "No look at the data before all planned ratings were in.",
            "The study's audit log records no look at the results before the end.",
        ),
        (
            "The definition has no exclusion rule.",
            "Excluded by rules of the definition: 0 participants.",
        ),
        ("The definition stays as it is.", "No amendment."),
    ]
    assert opened_sha256(small) == small.definition_sha256


def test_a_report_before_the_end_is_a_look(small):
    export = told(small)
    looks = points(replace(export, trials=export.trials.iloc[:-1]))[2]
    assert looks.differs
    assert looks.happened.endswith("This report is a look: not all planned ratings were in.")


def test_an_extended_study_differs_in_size_looks_and_amendments(small):
    export = extended(small)
    seeing, trusting, looks, exclusions, amendments = points(export)
    assert (seeing.planned, seeing.happened) == (
        "Responses in “seeing”: 64.",
        "Planned at the end: 96. Given: 96.",
    )
    assert [p.differs for p in (seeing, trusting, looks, exclusions, amendments)] == [True, False, True, False, True]
    assert "looked at once before all planned ratings were in" in looks.happened
    assert amendments.happened == (
        "2026-01-05, Amended, “seeing”: ratings per item 2 → 3: the intervals were too wide."
    )
    assert opened_sha256(export) == export.history.amendments[0].previous_sha256 != export.definition_sha256


def test_an_unfinished_study_differs_in_size(small):
    early = small.trials["task"].eq("trusting") | (small.trials.groupby("task").cumcount() < 24)
    seeing, trusting, *_ = points(replace(small, trials=small.trials[early]))
    assert (seeing.happened, seeing.differs) == ("Planned at the end: 96. Given: 24.", True)
    assert not trusting.differs


@pytest.mark.parametrize(("looks", "differs"), [((0.5, 1.0), False), ((0.2, 0.5, 1.0), False), (None, True)])
def test_planned_looks_are_no_deviation(small, looks, differs):
    rule = SequentialConfig(rule="group-sequential", looks=looks) if looks else None
    export = replace(extended(small), config=AnalysisConfig(sequential=rule))
    assert points(export)[2].differs is differs


def test_an_export_that_does_not_tell_looks_leaves_it_open(small):
    assert points(replace(small, history=History()))[2].differs is None


def test_people_excluded_by_hand_are_told_with_their_reasons(small):
    who = small.participants.assign(
        excluded=[True, True, True] + [False] * 9,
        exclusion_reason=["asked to", "asked to", "a colleague"] + [None] * 9,
        completed=[True] * 11 + [False],
    )
    config = AnalysisConfig(exclusions=ExclusionsConfig(incomplete=True))
    *_, exclusions, _ = points(replace(told(small), participants=who, config=config))
    assert exclusions.planned == "The definition excludes people who did not finish."
    assert exclusions.happened == (
        "Excluded by rules of the definition: 1 participant. Excluded by the researchers, with these reasons:"
        " “asked to” (2); “a colleague” (1)."
    )
    assert exclusions.differs


def test_a_raised_limit_is_told_with_the_first_one(small):
    document = small.definition | {"participants": {"limit": 14}}
    change = Amendment(OPENED, {"limit": [10, 14]}, "eight were excluded", "a" * 64, small.definition_sha256)
    (point,) = [p for p in points(replace(small, definition=document)) if "at most" in p.planned]
    assert (point.planned, point.happened, point.differs) == ("Participants at most: 14.", "12 people joined.", False)
    export = replace(small, definition=document, history=History((change,)))
    (point,) = [p for p in points(export) if "at most" in p.planned]
    assert (point.planned, point.differs) == ("Participants at most: 10.", True)


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_no_sentence_is_left_in_english(small, code):
    english, translated = points(extended(small)), points(extended(small), in_language(code))
    assert len(english) == len(translated)
    for one, other in zip(english, translated, strict=True):
        assert one.planned != other.planned
        assert one.happened != other.happened


def test_results_json_names_the_definition_that_was_opened_and_each_point(small_report):
    found = small_report.results["preregistration"]
    assert found["opened_sha256"] == small_report.results["definition_sha256"]
    assert [point["differs"] for point in found["points"]] == [False, False, None, False, False]
