"""Equivalence of a comparison within its smallest effect of interest, from the definition to the report's sentence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from analysis.config import AnalysisConfig, ContrastConfig, SequentialConfig
from analysis.display.wording import ENGLISH
from analysis.report.methods_text import methods_text, references
from analysis.report.summary import summarize
from analysis.results import compute
from analysis.robustness.smallest_effect import equivalence_tests
from tests.analysis.conftest import CONFIG


def contrasts(*rows, kind="class-discrimination"):
    columns = ["task", "kind", "a", "b", "value", "se", "df", "look"]
    return pd.DataFrame(
        [("t", kind, "a", b, *row, np.nan) for b, row in zip("bcdef", rows, strict=False)], columns=columns
    )


def rules(*effects, **keys):
    named = [ContrastConfig(task="t", a="a", b=b, smallest_effect=e) for b, e in zip("bcdef", effects, strict=False)]
    return AnalysisConfig(contrasts=named, **keys)


def test_p_is_the_larger_of_two_one_sided_t_tests():
    """Oracle: statsmodels' one-sample TOST of eight differences."""
    given = np.array([0.02, -0.01, 0.03, 0.00, 0.05, -0.04, 0.01, 0.02])
    described = DescrStatsW(given)
    table = contrasts((given.mean(), described.std_mean, len(given) - 1))
    expected, *_ = described.ttost_mean(-0.05, 0.05)
    found = equivalence_tests(table, rules(0.05)).iloc[0]
    assert found["p_equivalence"] == pytest.approx(expected)
    assert (found["smallest"], found["equivalent"]) == (0.05, expected < 0.05)


def test_the_effect_of_a_comparison_goes_before_that_of_all_and_is_a_share_of_its_scale():
    table = contrasts((0.0, 0.1, 40), (0.0, 0.1, 40), kind="trust")
    assert equivalence_tests(table, rules(0.1, None, smallest_effect=0.05))["smallest"].tolist() == [0.4, 0.2]


def test_by_task_the_effect_is_in_the_unit_of_its_task():
    one = contrasts((0.0, 0.1, 40))
    two = contrasts((0.0, 0.1, 40), kind="trust").assign(task="u")
    named = [ContrastConfig(task=task, a="a", b="b") for task in "tu"]
    config = AnalysisConfig(contrasts=named, smallest_effect={"t": 10.0, "u": 0.3})
    found = equivalence_tests(pd.concat([one, two]), config)["smallest"]
    assert found.tolist() == pytest.approx([0.1, 0.3])  # a share of correct answers; points from −2 to 2
    assert config.names_smallest_effect
    only = config.model_copy(update={"smallest_effect": {"other": 1.0}})
    assert not only.names_smallest_effect
    assert equivalence_tests(two, only)["smallest"].isna().all()


def test_without_an_effect_a_standard_error_or_the_last_look_nothing_is_tested():
    table = contrasts((0.0, 0.01, 40), (0.0, np.nan, 40))
    found = equivalence_tests(table, rules(None, 0.05))
    assert found["p_equivalence"].isna().all()
    assert not found["equivalent"].any()
    looks = rules(0.05, 0.05, sequential=SequentialConfig(rule="group-sequential", looks=(0.5, 1.0)))
    one, two = (
        contrasts((0.0, 0.01, 40), (0.0, 0.01, 40))
        .assign(look=[1.0, 2.0])
        .pipe(equivalence_tests, looks)["p_equivalence"]
    )
    assert np.isnan(one)
    assert two < 0.05


def test_the_tests_are_a_family_of_their_own():
    table = contrasts((0.0, 0.02, 40), (0.0, 0.025, 40))
    found = equivalence_tests(table, rules(0.05, 0.05))
    raw = [stats.t.sf(0.05 / se, 40) for se in (0.02, 0.025)]
    assert found["p_equivalence_holm"].tolist() == pytest.approx([2 * raw[0], max(2 * raw[0], raw[1])])


@pytest.mark.parametrize("effect", [0, 1, -0.1])
def test_an_effect_that_no_scale_holds_is_refused(effect):
    with pytest.raises(ValueError, match="smallest_effect"):
        AnalysisConfig(smallest_effect=effect)


@pytest.mark.parametrize(
    ("rejected", "equivalent", "words"),
    [
        (True, True, "statistically significant, but smaller than the smallest effect of interest, ±5.0 percentage"),
        (True, False, "This difference is statistically significant: "),
        (False, True, "equivalent within the smallest effect of interest, ±5.0 percentage points (two one-sided"),
        (False, False, "The data on this difference are inconclusive: "),
    ],
)
def test_the_sentence_tells_equivalence_from_inconclusive_data(small, rejected, equivalent, words):
    results = compute(replace(small, config=AnalysisConfig(contrasts=CONFIG.contrasts[:1], smallest_effect=0.05)))[0]
    table = results.contrasts.assign(rejected=rejected, equivalent=equivalent, p_equivalence_holm=0.01)
    assert words in summarize(replace(results, contrasts=table), 0.95, ENGLISH).findings[0]


def test_the_methods_name_the_tests_and_their_source_only_where_there_are_any(small):
    without = replace(small, config=AnalysisConfig(contrasts=CONFIG.contrasts))
    tested = replace(small, config=AnalysisConfig(contrasts=CONFIG.contrasts, smallest_effect=0.05))
    for export, is_said in ((without, False), (tested, True)):
        assert ("smallest effect of interest" in " ".join(methods_text(export, ENGLISH))) is is_said
        assert any("Schuirmann" in str(work) for work in references(export)) is is_said
        assert not any("Selvaraju" in str(work) for work in references(export))
