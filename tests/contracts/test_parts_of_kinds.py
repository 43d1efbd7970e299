"""Every kind of task brings all its parts; docs/reference/kinds.md says which."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.display.wording import Translation
from analysis.report.figures import task_figures
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics
from contracts.methods import CONTROLS, PHOTOGRAPH
from contracts.tasks import KINDS
from languages.read import languages
from stimuli.tasks.kinds import STIMULI_KINDS
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import lacking, words_of
from tests.drawing import drawn_only

ROOT = Path(__file__).parents[2]
COLUMNS = ("kind", "outcome", "unit", "null", "formula", "controls", "machine", "calibrated")
CATEGORIES = ("cat", "dog", "cow", "horse", "sheep", "bird")
NETWORKS = ("strong", "weak")
CUES = "network,cue,changed,scenes\nstrong,companion,1,100\nweak,companion,90,100\n"
SENTENCES = {"foil": "table", "foils": 'image,foil\na,"sky / sea|sea / sky"\n'}
AT_ALONE = ("at no explanation", "at advice alone")


def told() -> dict[str, SimpleNamespace]:
    """Kind → its row of the page's table."""
    page = (ROOT / "docs/reference/kinds.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in page.splitlines() if "| " in line][1:]
    found = [SimpleNamespace(**dict(zip(COLUMNS, row, strict=True))) for row in rows]
    return {re.search(r"`([a-z-]+)`", row.kind)[1]: row for row in found}


TOLD = told()


def needs_two(kind: str) -> bool:
    return KINDS[kind].compares_networks or KINDS[kind].asks_reliance_on_cue


def task(kind: str, **changes) -> TaskConfig:
    networks = NETWORKS if needs_two(kind) else NETWORKS[:1]
    cues = CUES if KINDS[kind].asks_reliance_on_cue else ""
    given = {"cues": cues} | {"name": "t", "kind": kind, "methods": ["grad-cam"], "networks": networks, "images": 8}
    given |= SENTENCES if KINDS[kind].offers_sentences else {}
    wordings = [*languages()["en"].tasks["kinds"][kind]["wordings"]]
    given |= {"ratings_per_item": 2, "trials_per_participant": 4, "practice": 2, "comprehension": True}
    return TaskConfig.model_validate(given | {"wording": wordings[0]} | changes)


def test_the_page_has_every_kind():
    assert list(TOLD) != []
    assert set(TOLD) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["en", "ko", "de"])
def test_every_wording_has_practice_and_comprehension_in_three_languages(kind, code):
    section = languages()["en"].tasks["kinds"][kind]
    for wording in section["wordings"]:
        for methods in (["grad-cam"], [PHOTOGRAPH])[: 1 + ("unexplained" in section)]:
            asked = task(kind, wording=wording, methods=methods)
            assert lacking(asked, code) == []
            words = words_of(asked, code)
            assert words.comprehension
            assert bool(words.right and words.wrong) == KINDS[kind].has_truth, "feedback where an answer is right"


@pytest.mark.parametrize("kind", KINDS)
def test_controls_of_simulated_people_are_exactly_where_the_page_says(kind):
    mean, world, facts = ANALYSIS_KINDS[kind].simulation.mean, Psychometrics(), KINDS[kind]
    assert float(TOLD[kind].null) == facts.null
    expected = mean(world, PHOTOGRAPH) if TOLD[kind].controls in AT_ALONE else float(TOLD[kind].controls)
    assert TOLD[kind].controls in AT_ALONE or expected == facts.null
    assert {mean(world, control) for control in CONTROLS} == {expected}
    scale = TOLD[kind].unit.replace("−", "-").split(" to ")
    assert [float(end) for end in scale] == [*facts.bounds] if len(scale) == 2 else facts.bounds == (0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_answers_where_the_page_says_and_else_it_gives_the_reason(kind):
    answers = STIMULI_KINDS[kind].machine_answer is not None
    assert TOLD[kind].machine.startswith("yes" if answers else "no: ")


@pytest.mark.parametrize("kind", KINDS)
def test_its_intervals_are_calibrated_with_at_least_800_draws_where_the_page_says(kind):
    source = (ROOT / TOLD[kind].calibrated.strip("`")).read_text(encoding="utf-8")
    assert "pytest.mark.calibration" in source
    assert "DRAWS" in source
    draws = re.search(r"^DRAWS = (\d+)$", source, re.M)
    if draws is None:
        from analysis.simulation.calibration import DRAWS

        assert DRAWS >= 800
    else:
        assert int(draws[1]) >= 800


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_previewed_before_anything_is_made(kind):
    asked = task(kind, comprehension=False, practice=0)
    rows = stand_ins((asked,), CATEGORIES)
    assert STUDY_KINDS[kind].items(asked, [SimpleNamespace(**vars(row), id=row.stimulus_id) for row in rows])


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_people_give_it_power_figures_and_a_sentence(kind):
    design = TaskDesign("t", kind, ("grad-cam", "blank"), 10, 6, NETWORKS if needs_two(kind) else NETWORKS[:1])
    export = simulate_export(np.random.default_rng(1), designs=[design], participants=24)
    (results,) = compute(export)
    rows = export.trials[export.trials["task"] == "t"]
    found = ANALYSIS_KINDS[kind].difference(rows, ("grad-cam", "blank"), "grad-cam", "blank", 0.95)
    assert pd.notna([found.value, found.low, found.high, found.p]).all()
    with drawn_only():
        figures = task_figures(results.tasks[0], results.observer_kind, Translation("en"))
    assert figures
    assert all(figure.caption and figure.alternative for figure in figures)
    assert ANALYSIS_KINDS[kind].finding(results.tasks[0], Translation("en"))
