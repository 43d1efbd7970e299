"""What the report says of rows that are not the planned comparisons, and of the smallest effect of interest."""

import re

import numpy as np
import pytest

from analysis.config import AnalysisConfig
from analysis.report.write import analyze
from analysis.results import as_json, compute
from analysis.simulation.simulated_study import simulate_export
from tests.analysis.conftest import CONFIG, SMALL, pages_of
from tests.analysis.exports import write_export


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """(caption, headings, cells) of each table in the report of a study with a smallest effect of interest."""
    folder = tmp_path_factory.mktemp("smallest")
    config = AnalysisConfig(contrasts=CONFIG.contrasts, smallest_effect=0.05)
    export = simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.report.write._figures", lambda *_: {"flow": (), "multiverse": ()} | NO_FIGURES)
        page = pages_of(analyze(write_export(export, folder / "export"), folder / "report").parent)
    found = re.findall(r"<table[^>]*>\s*<caption>(.*?)</caption>(.*?)</table>", page, re.DOTALL)
    return [(caption, re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", body), body) for caption, body in found]


NO_FIGURES = {f"{place} {task}": () for place in ("task", "quality") for task in ("seeing", "trusting")}


def test_rows_by_category_and_network_and_of_bias_are_exploratory_and_carry_no_p(tables):
    exploratory = [(caption, heads) for caption, heads, _ in tables if "Exploratory; nothing is tested." in caption]
    captions = " ".join(caption for caption, _ in exploratory)
    for words in ("Accuracy by category shown.", "Response bias and order effects", "by category shown and method"):
        assert words in captions
    assert not any(head.startswith("p") for _, heads in exploratory for head in heads)


def test_only_what_is_tested_has_a_p_in_the_files_too():
    export = simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=CONFIG)
    found = as_json(compute(export)[0])
    named = {name: rows for task in found["tasks"].values() for name, rows in task.items()} | found
    with_p = {name for name, rows in named.items() if isinstance(rows, list) and rows and "p" in rows[0]}
    assert with_p == {"accuracy", "scores", "contrasts", "multiverse", "odds-ratios"}


def test_every_p_says_what_it_is_against_or_whether_it_is_corrected(tables):
    bare = [caption for caption, heads, _ in tables if "p" in heads]
    assert all("Intervals are not adjusted" in caption for caption in bare)
    assert len(bare) == 1, "the planned comparisons, whose corrected p is in the next column"


def test_the_smallest_effect_and_its_test_stand_beside_each_difference(tables):
    ((_, heads, body),) = [table for table in tables if "Intervals are not adjusted" in table[0]]
    assert heads[-2:] == ["smallest effect of interest", "p of equivalence, Holm"]
    assert "±5.0" in body, "points of accuracy"
    assert "±0.20" in body, "of a score"


def test_the_spreads_of_the_random_effects_are_printed(tables):
    ((_, heads, body),) = [table for table in tables if "standard deviations of the random-effects model" in table[0]]
    assert heads[-1] == "share of the variance (ICC)"
    assert all(source in body for source in ("participants, by method", "images, the same for all methods"))


def test_other_analyses_say_what_they_assume(tables):
    rows = [body for _, heads, body in tables if "p, uncorrected" in heads]
    assert any("assumes that images do not differ" in body for body in rows)
    assert any("assumes normal effects of people and images" in body for body in rows)
