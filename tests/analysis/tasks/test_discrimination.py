"""Accuracy, d′ and criterion, against plain counting and the textbook's formulae."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.data.export import ExportError
from analysis.estimation.estimates import wilson
from analysis.tasks.class_discrimination.estimates import (
    accuracy,
    accuracy_difference,
    accuracy_table,
    discriminability,
)

METHODS = ("guided-backprop", "guided-grad-cam")


def seeing(export):
    return export.trials[export.trials["task"] == "seeing"]


def table_of_choices(counts):
    """Trials of one method with the given counts: (truth first?, chose first?) → n; every row its own participant/image."""
    rows = []
    for (truth_first, chose_first), n in counts.items():
        options = ("a", "b")
        category, response = options[not truth_first], options[not chose_first]
        rows += [(category, response, float(category == response))] * n
    frame = pd.DataFrame(rows, columns=["category", "response", "correct"])
    ids = np.arange(len(frame)).astype(str)
    return frame.assign(option_order="a;b", method="cam", participant_id=ids, image_id=ids)


def test_accuracy_is_the_share_of_right_answers_in_each_cell(small):
    trials = seeing(small)
    expected = trials.groupby("method")["correct"].agg(["mean", "sum", "size"])
    table = accuracy_table(trials, {"method": METHODS}, 0.95).set_index("method")
    for method in METHODS:
        row = table.loc[method]
        assert (row["value"], row["correct"], row["responses"]) == pytest.approx(tuple(expected.loc[method]))
        assert (row["naive_low"], row["naive_high"]) == wilson(row["value"], int(row["responses"]), 0.95)
        assert row["low"] < row["value"] < row["high"]


def test_cells_may_be_crossed_and_empty(small):
    table = accuracy_table(seeing(small), {"method": METHODS, "network": ("strong", "weak")}, 0.95)
    assert table[["method", "network"]].apply(tuple, axis=1).tolist() == [
        (m, n) for m in METHODS for n in ("strong", "weak")
    ]
    empty = table[table["network"] == "weak"]
    assert empty["value"].isna().all()
    assert empty["note"].map(str).tolist() == [f"No responses in {m} × weak." for m in METHODS]


def test_a_difference_of_accuracies_is_the_difference_of_the_means(small):
    means = seeing(small).groupby("method")["correct"].mean()
    got = accuracy_difference(seeing(small), METHODS, "guided-grad-cam", "guided-backprop", 0.95)
    assert got.value == pytest.approx(means["guided-grad-cam"] - means["guided-backprop"])


def test_d_prime_and_criterion_are_the_textbook_s():
    """H = 40/50, F = 15/50; log-linear: 40.5/51, 15.5/51 (Hautus 1995)."""
    trials = table_of_choices({(True, True): 40, (True, False): 10, (False, True): 15, (False, False): 35})
    table = discriminability(trials, ("cam",), 0.95).set_index("measure")
    zh, zf = stats.norm.ppf(40.5 / 51), stats.norm.ppf(15.5 / 51)
    assert table.loc["d-prime", "value"] == pytest.approx(zh - zf)
    assert table.loc["criterion", "value"] == pytest.approx(-(zh + zf) / 2)


def test_the_error_of_d_prime_is_gourevitch_and_galanter_s_when_responses_are_independent():
    """Var d′ = H(1−H)/(n φ(zH)²) + F(1−F)/(n φ(zF)²), up to the small-sample corrections."""
    scale = 40
    trials = table_of_choices(
        {(True, True): 40 * scale, (True, False): 10 * scale, (False, True): 15 * scale, (False, False): 35 * scale}
    )
    n = 50 * scale
    expected = sum(r * (1 - r) / (n * stats.norm.pdf(stats.norm.ppf(r)) ** 2) for r in (0.8, 0.3))
    table = discriminability(trials, ("cam",), 0.95).set_index("measure")
    assert table.loc["d-prime", "se"] == pytest.approx(np.sqrt(expected), rel=2e-3)


def test_someone_who_always_takes_the_first_option_has_no_sensitivity_and_all_the_bias():
    trials = table_of_choices({(True, True): 30, (False, True): 30})
    table = discriminability(trials, ("cam",), 0.95).set_index("measure")
    assert table.loc["d-prime", "value"] == pytest.approx(0)
    assert table.loc["criterion", "value"] < -2
    assert str(table.loc["d-prime", "note"]) == "No interval: no variation between participants or between images."


def test_d_prime_is_not_computed_where_the_truth_was_always_first():
    table = discriminability(table_of_choices({(True, True): 5, (True, False): 5}), ("cam",), 0.95)
    assert table["value"].isna().all()
    assert table["note"].map(str).str.contains("one of the two places").all()


def test_an_export_s_accuracy_is_that_of_the_primary_analysis_by_any_factor(small):
    late = replace(small, trials=small.trials.assign(is_overflow=small.trials["trial_index"] == 0))
    kept = seeing(late)[~seeing(late)["is_overflow"]]
    expected = kept.groupby(["category", "method"])["correct"].mean()
    table = accuracy(late, by=("category", "method")).set_index(["category", "method"])["value"]
    assert table.to_dict() == pytest.approx(expected.to_dict())
    assert accuracy(small).equals(accuracy_table(seeing(small), {"method": METHODS}, 0.95))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"task": "hearing"}, "name one class-discrimination task of the study (there are: seeing)"),
        ({"observer_kind": "human"}, "name one observer_kind of those that took part (there are: simulated)"),
        ({"by": ("mood",)}, "accuracy by mood is not known"),
    ],
)
def test_what_an_export_does_not_have_is_refused_by_name(small, arguments, words):
    with pytest.raises(ExportError, match=re.escape(words)):
        accuracy(small, **arguments)
