"""Faithfulness by hand-computed tiny pictures, scipy, captum and slow loops over the publications' formulas."""

from itertools import count, product
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import Occlusion
from scipy.stats import spearmanr
from torch import Tensor, nn

from models.photographs import Photograph
from stimuli.evaluate.dissection import dissected
from stimuli.evaluate.filling import imputed, noisily_imputed, taken_away
from stimuli.evaluate.metrics import counterfactual, deletion, occlusion_correlation, road, sensitivity
from stimuli.evaluate.metrics.metric import Sample
from stimuli.evaluate.removal import area, first_of, mixed, removal_order
from stimuli.evaluate_config import EvaluateConfig
from stimuli.explain import explain
from tests.stimuli import networks

SIDE = 24


class Asked:
    """A network as metrics ask it. Oracle-free: each method is one call of torch."""

    def __init__(self, module: nn.Module) -> None:
        self.name, self.device, self.module = "net", torch.device("cpu"), module
        self.asked, self._once = count(), {}

    def scores(self, pictures: Tensor) -> Tensor:
        return self.module(pictures).detach()

    def probabilities(self, pictures: Tensor) -> Tensor:
        next(self.asked)
        return self.scores(pictures).softmax(1)

    def heat(self, pictures: Tensor, targets, method: str) -> Tensor:
        found = explain(self.module, pictures, [[target] for target in targets], [method], None)
        return found.maps[method].abs().sum(1)

    def once(self, key, make):
        if key not in self._once:
            self._once[key] = make()
        return self._once[key]


class Bright(nn.Module):
    """Scores: the sum of the left half and the sum of the right half, so that hands can compute them."""

    def forward(self, pictures: Tensor) -> Tensor:
        half = pictures.shape[3] // 2
        return torch.stack((pictures[..., :half].sum((1, 2, 3)), pictures[..., half:].sum((1, 2, 3))), 1)


def sample(module: nn.Module, heat: Tensor, picture: Tensor, target: int = 0, method: str = "gradient") -> Sample:
    return Sample(
        image=Photograph("id", Path("id.jpg"), heat.shape[1], heat.shape[0], ()),
        category="c",
        method=method,
        target=target,
        heat=heat,
        picture=picture,
        scores=module(picture[None])[0].detach(),
        boxes=(),
        boxes_by_place={},
        difficult=False,
        mask=None,
        predicted={},
        annotated=frozenset({target}),
        network=Asked(module),
        of_image={},
    )


@pytest.fixture(scope="module")
def picture() -> Tensor:
    return networks.pictures(1, SIDE, SIDE)[0]


@pytest.fixture(scope="module")
def heat() -> Tensor:
    return torch.rand(SIDE, SIDE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def options(metric: str, **told: object):
    return EvaluateConfig(**{metric: told}).options_of(metric)


def ranks(values: np.ndarray) -> np.ndarray:
    """One by one: how many are smaller, and half of those that are equal."""
    return np.array([(values < one).sum() + ((values == one).sum() + 1) / 2 for one in values])


def test_rank_correlation_is_that_of_average_ranks(heat):
    other = (heat * 5).round() + heat.flip(0)
    for cells in (4, 12, SIDE):
        width = SIDE // cells
        small = [
            m.unfold(0, width, width).unfold(1, width, width).mean((2, 3)).flatten().numpy() for m in (heat, other)
        ]
        found = occlusion_correlation.rank_correlation(heat, other, cells)
        assert found == pytest.approx(np.corrcoef(*map(ranks, small))[0, 1], abs=1e-9)
        assert found == pytest.approx(spearmanr(*small).statistic, abs=1e-9)
    steps = (heat * 3).round()  # ties
    expected = np.corrcoef(ranks(steps.flatten().numpy()), ranks(other.flatten().numpy()))[0, 1]
    assert occlusion_correlation.rank_correlation(steps, other, SIDE) == pytest.approx(expected, abs=1e-9)


def test_a_constant_map_has_no_rank_correlation(heat):
    assert occlusion_correlation.rank_correlation(torch.full_like(heat, 0.3), heat, 6) is None
    assert occlusion_correlation.rank_correlation(heat, torch.zeros_like(heat), 6) is None


def test_the_occlusion_map_is_captums_and_is_made_once(picture, heat):
    network = networks.vgg_like().double()
    chosen = options("occlusion_correlation", patch=9, stride=5, fill=0.5, resolution=6, curve=(6, SIDE))
    one = sample(network, heat, picture, 1)
    found = occlusion_correlation.measure(one, chosen)
    oracle = Occlusion(network).attribute(picture[None], (3, 9, 9), (3, 5, 5), 0.5, 1)[0, 0]
    assert (occlusion_correlation.occlusion_map(one, chosen) - oracle).abs().max() <= 1e-6
    expected = occlusion_correlation.rank_correlation(heat, oracle, 6)
    assert found.values["occlusion_correlation"] == pytest.approx(expected, abs=1e-6)
    assert found.curves["occlusion_correlation_by_cells"][0] == found.values["occlusion_correlation"]
    assert occlusion_correlation.occlusion_map(one, chosen) is occlusion_correlation.occlusion_map(one, chosen)


def test_pixels_go_in_the_order_of_the_map_and_ties_at_random():
    heat = torch.tensor([[0.0, 3.0], [1.0, 2.0]])
    assert removal_order(heat).tolist() == [1, 3, 2, 0]
    assert first_of(removal_order(heat), 0.5, (2, 2)).tolist() == [[False, True], [False, True]]
    flat = removal_order(torch.zeros(40, 40))
    assert sorted(flat.tolist()) == list(range(1600))
    assert abs(float((flat[:800] < 800).double().mean()) - 0.5) < 0.1
    assert torch.equal(flat, removal_order(torch.zeros(40, 40)))


def test_areas_are_trapezoids():
    assert area([1, 1, 1]) == 1
    assert area([1, 0]) == 0.5
    assert area([1, 0, 0, 0, 0]) == pytest.approx(1 / 8)


def test_deletion_and_insertion_are_those_of_a_slow_loop(picture, heat):
    network = networks.vgg_like().double()
    one = sample(network, heat, picture, 2)
    found = deletion.measure(one, options("deletion", steps=4))
    order = heat.flatten().argsort(descending=True)  # no ties
    for fill in ("mean", "blur"):
        nothing = taken_away(picture, torch.ones(SIDE, SIDE, dtype=torch.bool), fill)
        for name, start, end in (("deletion", picture, nothing), ("insertion", nothing, picture)):
            curve = []
            for step in range(5):
                changed = start.clone().flatten(1)
                chosen = order[: round(step / 4 * SIDE**2)]
                changed[:, chosen] = end.flatten(1)[:, chosen]
                curve.append(one.network.scores(changed.view(1, 3, SIDE, SIDE)).softmax(1)[0, 2].item())
            assert found.curves[f"{name}_{fill}_curve"] == pytest.approx(curve, abs=1e-9)
            assert found.values[f"{name}_{fill}"] == pytest.approx(np.trapezoid(curve) / 4, abs=1e-9)


def test_deletion_by_hand():
    """Only the left half is not 0: with all of it deleted both scores are 0, so each category has 1/2."""
    picture = torch.zeros(3, 8, 16, dtype=torch.float64)
    picture[..., :8] = 0.01
    found = deletion.measure(sample(Bright(), picture[0].clone(), picture), options("deletion", steps=2)).curves
    whole = 1 / (1 + np.exp(-3 * 64 * 0.01))
    assert found["deletion_mean_curve"] == pytest.approx([whole, 0.5, 0.5])
    assert found["insertion_mean_curve"] == pytest.approx([0.5, whole, whole])


def test_what_methods_share_is_asked_once(picture, heat):
    one = sample(networks.vgg_like().double(), heat, picture)
    for _ in range(2):
        deletion.measure(one, options("deletion", steps=3))
    assert next(one.network.asked) == 6  # two fills and their ends, then two fills


def slow_imputation(picture: Tensor, missing: Tensor) -> Tensor:
    """Gauss–Seidel over the authors' equations: each missing pixel is the mean of its neighbours by weight."""
    found = torch.where(missing, 0, picture)
    height, width = missing.shape
    for _ in range(150):
        for y, x in missing.nonzero().tolist():
            total, weights = torch.zeros(3, dtype=picture.dtype), 0.0
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width:
                        weight = 1 / 6 if dy == 0 or dx == 0 else 1 / 12
                        total, weights = total + weight * found[:, y + dy, x + dx], weights + weight
            found[:, y, x] = total / weights
    return found


def dense_imputation(picture: Tensor, missing: Tensor) -> Tensor:
    """By a matrix over all pixels: a known one is itself, a missing one times its weights is the sum about it."""
    height, width = missing.shape
    matrix, right = torch.eye(height * width, dtype=torch.float64), picture.double().flatten(1).clone()
    for y, x in missing.nonzero().tolist():
        row = matrix[y * width + x]
        row.zero_()
        for j, i in product(range(max(y - 1, 0), min(y + 2, height)), range(max(x - 1, 0), min(x + 2, width))):
            weight = 1 / 6 if (j == y) != (i == x) else 1 / 12
            if (j, i) != (y, x):
                row[j * width + i] = -weight
                row[y * width + x] += weight
        right[:, y * width + x] = 0
    return torch.linalg.solve(matrix, right.T).T.view(3, height, width).to(picture)


def test_imputation_solves_the_equations_of_its_publication():
    picture = networks.pictures(1, 6, 7)[0]
    missing = torch.zeros(6, 7, dtype=torch.bool)
    missing[0:2, 0:3] = missing[3, 2:5] = missing[5, 6] = True
    expected = slow_imputation(picture, missing)
    assert (imputed(picture, missing) - expected).abs().max() <= 1e-9
    noise = torch.full_like(picture, 0.25)
    assert (noisily_imputed(picture, missing, noise) - expected - 0.25 * missing).abs().max() <= 1e-9
    assert not imputed(picture, torch.ones_like(missing)).any()


def test_road_counts_what_is_still_recognised(picture, heat):
    network = networks.vgg_like().double()
    one = sample(network, heat, picture, 1)
    found = road.measure(one, options("road", removed=(0.25, 0.5)))
    order = heat.flatten().argsort(descending=True)
    noise = torch.from_numpy(np.random.default_rng(0).normal(0, 0.01, picture.shape))
    for name, ordered in (("morf", order), ("lerf", order.flip(0))):
        curve, right = [], []
        for share in (0.25, 0.5):
            missing = torch.zeros(SIDE * SIDE, dtype=torch.bool)
            missing[ordered[: int(share * SIDE**2)]] = True
            changed = noisily_imputed(picture, missing.view(SIDE, SIDE), noise)
            scores = one.network.scores(changed[None])[0]
            curve.append(float(scores.softmax(0)[1]))
            right.append(float(scores.argmax() == 1))
        assert found.values[f"road_{name}_probability"] == pytest.approx(np.mean(curve), abs=1e-9)
        assert found.curves[f"road_{name}_curve"] == right
        assert found.values[f"road_{name}"] == np.mean(right)


def test_the_centres_equations_are_solved_once_for_all_pictures(picture, heat):
    one = sample(networks.vgg_like().double(), heat, picture, 1, method="centre")
    first = road.measure(one, options("road"))
    assert road.measure(one, options("road")) == first
    assert sum(key[0] == "imputed" for key in one.network._once) == 6


def test_the_order_of_elimination_has_each_cell_once_and_parts_the_grid_by_its_middle_row():
    order = dissected(13, 11)
    assert sorted(order) == list(range(13 * 11))
    middle = [6 * 11 + x for x in range(11)]
    assert order[-11:].tolist() == middle
    assert set(order[:66]) == set(range(66)), "the upper half comes before the lower one"


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_scattered_and_whole_regions_of_any_shape_fulfil_the_equations(share):
    """Oracle: dense linear algebra on equations written pixel by pixel."""
    picture = networks.pictures(1, 19, 26)[0]
    for values in (torch.rand(19, 26, generator=torch.Generator().manual_seed(1)), torch.arange(19 * 26).view(19, 26)):
        missing = values < values.flatten().double().quantile(share)
        assert (imputed(picture, missing) - dense_imputation(picture, missing)).abs().max() <= 1e-9


def test_max_sensitivity_is_the_largest_relative_change(picture):
    asked = Asked(networks.vgg_like().double())
    heat = asked.heat(picture[None], [1], "gradient")[0]
    one = sample(asked.module, heat, picture, 1)
    found = sensitivity.measure(one, options("sensitivity", samples=4, radius=0.1)).values["max_sensitivity"]
    changes = []
    for moved in sensitivity.nearby(picture, 4, 0.1):
        other = asked.heat(moved[None], [1], "gradient")[0]
        changes.append(np.linalg.norm((other - heat).numpy().ravel()) / np.linalg.norm(heat.numpy().ravel()))
    assert found == pytest.approx(max(changes), abs=1e-6)
    assert 0.09 < (sensitivity.nearby(picture, 4, 0.1) - picture).abs().max() <= 0.1
    assert sensitivity.max_sensitivity(torch.zeros(2, 2), torch.ones(1, 2, 2)) is None


def test_the_largest_region_of_a_map():
    heat = torch.tensor([[1.0, 0, 0.4, 0.5], [0, 0, 0.6, 0.7], [0.2, 0, 0, 0]])
    expected = [[False, False, False, True], [False, False, True, True], [False] * 4]
    assert counterfactual.largest_region(heat, 0.5).tolist() == expected
    assert counterfactual.largest_region(torch.zeros(3, 3), 0.5) is None
    assert counterfactual.largest_region(torch.ones(3, 3), 0.5) is None


def test_a_random_region_has_the_same_size_and_shape_anywhere():
    region = torch.zeros(9, 9, dtype=torch.bool)
    region[2:4, 5:8] = region[4, 5] = True
    found = [counterfactual.moved(region, np.random.default_rng(seed)) for seed in range(60)]
    assert {int(one.sum()) for one in found} == {7}
    assert {tuple(np.ptp(np.argwhere(one.numpy()), axis=0)) for one in found} == {(2, 2)}
    assert torch.stack(found).any(0).double().mean() > 0.9


def test_a_score_rises_without_what_speaks_against_it():
    """By hand: 6 pixels of −1 in three channels speak against the left half; without them its score rises by 18."""
    picture = torch.zeros(3, 10, 20, dtype=torch.float64)
    picture[:, 1:3, 1:4] = -1
    chosen = options("counterfactual", regions=30)
    found = counterfactual.measure(sample(Bright(), -picture[0], picture), chosen).values
    assert found["without_region_mean"] == found["without_region_inpaint"] == pytest.approx(18)
    assert found["without_rises_mean"] == found["without_rises_blur"] == 1
    assert 0 <= found["without_random_mean"] < 6
    assert found["without_difference_mean"] == found["without_region_mean"] - found["without_random_mean"]
    assert counterfactual.measure(sample(Bright(), torch.zeros(10, 20), picture), chosen).values == {}


def test_a_picture_is_mixed_of_two():
    inside, outside = torch.ones(3, 2, 2), torch.zeros(3, 2, 2)
    mask = torch.tensor([[True, False], [False, False]])
    assert mixed(inside, outside, [mask, ~mask]).sum((1, 2, 3)).tolist() == [3, 9]
