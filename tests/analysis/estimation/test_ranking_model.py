"""Bradley–Terry tables in every field: statsmodels for two networks, the likelihood written out for three."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special, stats

from analysis.estimation import ranking
from analysis.notes import Note
from tests.analysis.estimation.fitted import slope_of

PAIRS = list(combinations(range(3), 2))


def preferences(strengths, seed=4, people=20, images=15, ties=0.8):
    """Trust trials over all pairs, sides at random, from Davidson's model."""
    rng, names, rows = np.random.default_rng(seed), list(strengths), []
    for p in range(people):
        for i in rng.choice(images, 10, replace=False):
            left, right = rng.permutation(names)[:2]
            a, b = np.exp(strengths[left]), np.exp(strengths[right])
            odds = np.array([a, ties * np.sqrt(a * b), b])
            outcome = rng.choice([1, 0, -1], p=odds / odds.sum())
            rows.append((f"p{p}", f"i{i}", left, right, str(outcome * rng.integers(1, 3))))
    return pd.DataFrame(rows, columns=["participant_id", "image_id", "left_network", "right_network", "response"])


def test_two_networks_without_ties_are_a_logit_model_with_its_clustered_error():
    """Oracle: statsmodels' Logit of an intercept, clustered by participant and image at once."""
    trials = preferences({"vgg": 0.6, "alex": 0.0}, ties=0.0)
    strengths, pairs = ranking.ranking(trials, ["vgg", "alex"], 0.9)
    left = trials["left_network"] == "vgg"
    wins = (np.sign(trials["response"].astype(int)) == np.where(left, 1, -1)).astype(float)
    groups = trials[["participant_id", "image_id"]].apply(lambda column: column.factorize()[0]).to_numpy()
    fitted = sm.GLM(wins, np.ones((len(wins), 1)), family=sm.families.Binomial()).fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}
    )
    row = pairs.iloc[0]
    assert (row["a"], row["b"]) == ("vgg", "alex")
    assert row["value"] == pytest.approx(np.log(wins.mean() / (1 - wins.mean())))
    # With a single parameter statsmodels' factor (n − 1)/(n − k) is 1.
    assert row["se"] == pytest.approx(fitted.bse.iloc[0] if hasattr(fitted.bse, "iloc") else fitted.bse[0], rel=1e-6)
    assert (row["df"], row["responses"], row["participants"], row["images"]) == (14, 200, 20, 15)
    assert strengths["network"].tolist() == ["vgg", "alex"]
    assert strengths["value"].tolist() == pytest.approx([row["value"] / 2, -row["value"] / 2])
    assert strengths["se"].tolist() == pytest.approx([row["se"] / 2] * 2)
    assert row["high"] - row["low"] == pytest.approx(2 * stats.t.ppf(0.95, 14) * row["se"])


def test_three_networks_without_ties_are_a_logit_model_of_their_differences():
    """Oracle: statsmodels' Logit of (first − second) in two strengths, the third being 0, clustered both ways."""
    names = ["vgg", "alex", "squeeze"]
    trials = preferences({"vgg": 0.2, "alex": 0.9, "squeeze": -0.7}, ties=0.0)
    strengths, pairs = ranking.ranking(trials, names, 0.95)
    left, right = (trials[f"{side}_network"].map(names.index).to_numpy() for side in ("left", "right"))
    design = (np.eye(3)[left] - np.eye(3)[right])[:, :2]
    wins = (trials["response"].astype(int) > 0).astype(float)
    groups = trials[["participant_id", "image_id"]].apply(lambda column: column.factorize()[0]).to_numpy()
    fitted = sm.GLM(wins.to_numpy(), design, family=sm.families.Binomial()).fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}
    )
    found = strengths.set_index("network")["value"]
    assert strengths["network"].tolist() == ["alex", "vgg", "squeeze"], "the strongest first"
    assert strengths["rank"].tolist() == [1, 2, 3]
    assert (found["vgg"] - found["squeeze"], found["alex"] - found["squeeze"]) == pytest.approx(tuple(fitted.params))
    ours = pairs.set_index(["a", "b"])["se"]
    correction = np.sqrt(
        (len(wins) - 1) / (len(wins) - 2)
    )  # statsmodels' for two parameters; ours counts clusters alone
    assert ours["vgg", "squeeze"] * correction == pytest.approx(fitted.bse[0], rel=1e-6)
    assert ours["alex", "squeeze"] * correction == pytest.approx(fitted.bse[1], rel=1e-6)
    won = [(wins[(left == i) & (right == j)].sum(), (1 - wins)[(left == j) & (right == i)].sum()) for i, j in PAIRS]
    assert pairs["first"].tolist() == [sum(both) for both in won]
    assert (pairs["first"] + pairs["second"]).sum() == len(wins)
    assert (pairs["equal"] == 0).all()


def test_three_networks_with_ties_have_the_sandwich_of_their_own_likelihood():
    """Oracle: the log-likelihood written out, its scores and its Hessian by numerical differences, clusters by pandas."""
    names = ["vgg", "alex", "squeeze"]
    trials = preferences({"vgg": 0.8, "alex": 0.0, "squeeze": -0.6}, seed=9)
    strengths, pairs = ranking.ranking(trials, names, 0.95)
    left, right = (trials[f"{side}_network"].map(names.index).to_numpy() for side in ("left", "right"))
    outcome = np.sign(trials["response"].astype(int)).to_numpy()

    def loglikelihoods(parameters):
        """Each trial's, at (strength of vgg, of alex, log ν); the third strength makes the sum 0."""
        s = np.array([parameters[0], parameters[1], -parameters[0] - parameters[1]])
        options = np.stack([s[left], parameters[2] + (s[left] + s[right]) / 2, s[right]])
        return options[1 - outcome, np.arange(len(outcome))] - special.logsumexp(options, axis=0)

    counts = {}
    for i, j in combinations(range(3), 2):
        here = ((left == i) & (right == j)) | ((left == j) & (right == i))
        towards = np.where(left[here] == i, outcome[here], -outcome[here])
        counts[i, j] = [(towards == k).sum() for k in (1, 0, -1)]
    model = ranking.fit(np.array(list(counts.values()), float), list(counts), 3)
    best = np.array([*model.strengths[:2], model.log_ties])
    assert strengths["value"].tolist() == pytest.approx(model.strengths)
    scores = slope_of(loglikelihoods, best).T
    assert scores.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-6)
    total = lambda p: loglikelihoods(p).sum()  # noqa: E731
    hessian = np.array([slope_of(lambda p, k=k: slope_of(total, p)[k], best) for k in range(3)])
    influence = scores @ np.linalg.inv(-hessian)

    def variance(weights):
        parts = []
        for by in (["participant_id"], ["image_id"], ["participant_id", "image_id"]):
            sums = pd.Series(influence @ weights).groupby([trials[c] for c in by]).sum()
            parts.append((sums**2).sum() * len(sums) / (len(sums) - 1))
        return max(parts[0] + parts[1] - parts[2], min(parts[:2]))

    in_parameters = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, -1.0, 0]])
    assert strengths["se"].tolist() == pytest.approx([np.sqrt(variance(w)) for w in in_parameters], rel=1e-3)
    differences = [in_parameters[i] - in_parameters[j] for i, j in combinations(range(3), 2)]
    assert pairs["se"].tolist() == pytest.approx([np.sqrt(variance(w)) for w in differences], rel=1e-3)
    assert pairs[["a", "b"]].values.tolist() == [[names[i], names[j]] for i, j in combinations(range(3), 2)]
    assert pairs["value"].tolist() == pytest.approx([w[:2] @ best[:2] for w in differences])


def test_a_network_that_nobody_compared_leaves_no_ranking():
    trials = preferences({"vgg": 0.5, "alex": 0.0})
    strengths, pairs = ranking.ranking(trials, ["vgg", "alex", "squeeze"], 0.95)
    note = Note("Some network was never preferred to, or never compared with, some of the others.")
    assert strengths["network"].tolist() == ["vgg", "alex", "squeeze"]
    assert pairs[["a", "b"]].values.tolist() == [["vgg", "alex"], ["vgg", "squeeze"], ["alex", "squeeze"]]
    assert strengths["note"].tolist() == pairs["note"].tolist() == [note] * 3
    assert strengths["value"].isna().all()
    assert strengths["rank"].isna().all()
    assert strengths["rank"].dtype == float
    assert {str(pairs[told].dtype) for told in ("first", "equal", "second")} == {"int64"}
    assert pairs["first"].tolist()[1:] == [0, 0]


@pytest.mark.parametrize(
    ("counts", "pairs", "networks"),
    [
        ([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]], [(0, 1), (1, 2), (0, 2)], 3),  # a circle of single wins
        ([[1.0, 1.0, 1.0], [0, 1.0, 0]], [(0, 1), (1, 2)], 3),  # the third by a tie alone
    ],
)
def test_a_path_of_wins_or_ties_from_each_to_each_is_enough(counts, pairs, networks):
    assert ranking.fit(np.array(counts), pairs, networks).strengths == pytest.approx(np.zeros(networks), abs=1e-9)


@pytest.mark.parametrize("counts", [[[5.0, 0, 0], [3.0, 0, 2.0]], [[0, 0, 5.0], [3.0, 0, 2.0]]])
def test_a_network_that_always_or_never_wins_has_no_strength(counts):
    with pytest.raises(ranking.RankingError, match="never preferred to"):
        ranking.fit(np.array(counts), [(0, 1), (1, 2)], 3)


def test_a_pair_s_counts_may_come_in_two_rows():
    in_two = ranking.fit(np.array([[3.0, 0, 0], [0, 0, 1.0]]), [(0, 1), (0, 1)], 2)
    assert in_two.strengths == pytest.approx([np.log(3) / 2, -np.log(3) / 2])
    turned = ranking.fit(np.array([[0, 0, 1.0], [3.0, 0, 0]]), [(0, 1), (0, 1)], 2)
    assert turned.strengths == pytest.approx(in_two.strengths)


def test_ties_alone_but_for_two_answers_have_their_closed_form():
    """ν = ties/√(wins·losses); the first whole step would go past it."""
    assert ranking.fit(np.array([[1.0, 9998.0, 1.0]]), [(0, 1)], 2).log_ties == pytest.approx(np.log(9998))


def test_strengths_of_many_networks_sum_to_nought():
    """Forty networks: the information matrix is singular only up to rounding."""
    pairs = list(combinations(range(40), 2))
    counts = np.random.default_rng(0).integers(1, 9, (len(pairs), 3)).astype(float)
    model = ranking.fit(counts, pairs, 40)
    assert model.strengths.sum() == pytest.approx(0, abs=1e-9)
    assert np.abs(model.inverse).max() < 1
    assert np.abs(np.einsum("po,pok->k", counts, model.gradients.reshape(len(pairs), 3, -1))).max() < 1e-6


@pytest.mark.parametrize(("logits", "is_finite"), [(29.9, True), (30.1, False)])
def test_a_strength_is_an_estimate_up_to_fifteen_logits(logits, is_finite):
    """Closed form: two networks lie half the log odds of their wins above and below 0."""
    counts = np.array([[np.exp(logits / 2), 0.0, np.exp(-logits / 2)]])
    if is_finite:
        assert ranking.fit(counts, [(0, 1)], 2).strengths == pytest.approx([logits / 2, -logits / 2], rel=1e-4)
        return
    with pytest.raises(ranking.RankingError, match=r"^The preferences are so one-sided"):
        ranking.fit(counts, [(0, 1)], 2)


def test_preferences_too_one_sided_for_a_double_are_refused():
    with pytest.raises(
        ranking.RankingError, match=r"^The preferences are so one-sided that the strengths have no finite"
    ):
        ranking.fit(np.array([[1e15, 0.0, 1.0]]), [(0, 1)], 2)


def test_an_image_of_one_side_only_is_turned_the_other_way():
    trials = pd.DataFrame(
        [("p", "i", "b", "a", "2"), ("p", "j", "a", "b", "2"), ("p", "k", "c", "a", "0")],
        columns=["participant_id", "image_id", "left_network", "right_network", "response"],
    )
    turned = ranking._turned(trials, ["a", "b", "c"])
    assert turned[["first", "second", "outcome"]].to_numpy().tolist() == [[0, 1, -1], [0, 1, 1], [0, 2, 0]]
