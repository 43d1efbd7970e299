"""Bradley–Terry with ties, against Davidson's own example, the closed form for two networks, and a known truth."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.ranking import RankingError, fit, ranking

# Davidson (1970), JASA 65(329), example 2: chocolate puddings, brands i and j, i preferred, j preferred, neither.
PUDDINGS = """
1 2 19 22 16   1 3 16 19 12   2 3 19 19 10   1 4 18 23 13   2 4 23 19 9
3 4 19 20 15   1 5 13 19 18   2 5 16 20 12   3 5 16 15 17   4 5 17 14 16
1 6 18 21 12   2 6 22 20 12   3 6 13 18 10   4 6 14 19 18   5 6 11 21 12
"""
PUBLISHED = [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855]
# Standard errors of the log strengths around their mean, and of log ν: R package PlackettLuce, vignette, § 2.2.
ERRORS = [0.121949, 0.121818, 0.126823, 0.122003, 0.127054, 0.126594, 0.082499]


@pytest.fixture
def puddings():
    table = np.array(PUDDINGS.split(), int).reshape(-1, 5)
    return table[:, [2, 4, 3]].astype(float), [tuple(pair) for pair in table[:, :2] - 1]


def test_strengths_ties_and_errors_are_the_published_ones(puddings):
    model = fit(*puddings, 6)
    strengths = np.exp(model.strengths)
    assert strengths / strengths.sum() == pytest.approx(PUBLISHED, abs=5e-5)
    assert np.exp(model.log_ties) == pytest.approx(0.7468147, abs=5e-5)
    assert np.sqrt(np.diag(model.inverse)) == pytest.approx(ERRORS, abs=2e-6)


def test_two_networks_have_the_odds_of_their_wins_and_the_ties_between():
    """Closed form: log(π₁/π₂) = log(wins/losses), ν = ties/√(wins·losses)."""
    model = fit(np.array([[30.0, 12.0, 10.0]]), [(0, 1)], 2)
    assert model.strengths[0] - model.strengths[1] == pytest.approx(np.log(3))
    assert np.exp(model.log_ties) == pytest.approx(12 / np.sqrt(300))
    assert fit(np.array([[30.0, 0.0, 10.0]]), [(0, 1)], 2).log_ties == -np.inf


def comparisons(rng, strengths, people=40, images=30):
    """Trust trials over all pairs, sides at random, from Davidson's model with ν = 0.8."""
    names, rows = list(strengths), []
    for p in range(people):
        for i in rng.choice(images, 12, replace=False):
            left, right = rng.permutation(names)[:2]
            a, b = np.exp(strengths[left]), np.exp(strengths[right])
            odds = np.array([a, 0.8 * np.sqrt(a * b), b])
            outcome = rng.choice([1, 0, -1], p=odds / odds.sum())
            rows.append((f"p{p}", f"i{i}", left, right, str(outcome * rng.integers(1, 3))))
    return pd.DataFrame(rows, columns=["participant_id", "image_id", "left_network", "right_network", "response"])


def test_the_truth_lies_in_the_intervals_and_the_strengths_sum_to_nought():
    truth, covered = {"vgg": 0.8, "alex": 0.0, "squeeze": -0.8}, []
    for seed in range(12):
        strengths, pairs = ranking(comparisons(np.random.default_rng(seed), truth), list(truth), 0.95)
        assert strengths["value"].sum() == pytest.approx(0, abs=1e-9)
        assert pairs[["a", "b"]].apply(tuple, axis=1).tolist() == list(combinations(truth, 2))
        covered += [row.low <= truth[row.a] - truth[row.b] <= row.high for row in pairs.itertuples()]
    assert np.mean(covered) >= 0.85  # 36 intervals at 95 %: fewer than 31 has a chance of 0.7 %


def test_the_order_of_the_networks_turns_nothing_but_signs():
    trials = comparisons(np.random.default_rng(1), {"vgg": 0.5, "alex": 0.0, "squeeze": -0.5})
    one, other = (ranking(trials, names, 0.95)[1] for names in (["vgg", "alex", "squeeze"], ["squeeze", "alex", "vgg"]))
    first, last = one.iloc[0], other.iloc[2]
    assert (first["a"], first["b"]) == (last["b"], last["a"])
    assert (first["value"], first["low"], first["se"]) == pytest.approx((-last["value"], -last["high"], last["se"]))


@pytest.mark.parametrize("counts", [[[5.0, 0.0, 0.0], [3.0, 0.0, 2.0]], [[0.0, 0.0, 0.0], [3.0, 1.0, 2.0]]])
def test_a_network_that_always_wins_or_was_never_compared_is_said_to_have_no_strength(counts):
    with pytest.raises(RankingError, match="never preferred to, or never compared with"):
        fit(np.array(counts), [(0, 1), (1, 2)], 3)


def test_a_report_says_why_there_is_no_ranking():
    trials = comparisons(np.random.default_rng(1), {"vgg": 0.5, "alex": 0.0})
    strengths, pairs = ranking(trials, ["vgg", "alex", "squeeze"], 0.95)
    assert strengths["note"].str.contains("never compared").all()
    assert len(pairs) == 3
