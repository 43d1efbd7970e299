"""Cascading randomisation tells methods that read the weights from those that read the picture."""

import csv

import pytest
import torch
from torch import nn

from contracts.own_files import NotOwnFileError
from models.catalogue import LoadedNetwork, Transform
from stimuli.errors import ExplanationError
from stimuli.evaluate.asked_network import AskedNetwork
from stimuli.evaluate.metrics.sanity import SANITY
from stimuli.evaluate.sanity import (
    cascading_randomisation,
    layers_from_the_scores,
    structural_similarity,
    summary,
    write_rows,
)
from stimuli.evaluate_config import SanityOptions
from stimuli.explain.methods import METHODS, Method
from tests.stimuli import networks
from tests.stimuli.evaluate.metrics.samples import sample


def randomised(network, methods):
    images = networks.pictures().float()
    return cascading_randomisation("small", network.float(), images, [[0, 2], [1], [4]], methods, "4", seed=3)


def test_layers_are_made_random_from_the_scores_towards_the_picture():
    assert layers_from_the_scores(networks.alexnet_like(), networks.pictures(1)) == ["11", "9", "3", "0"]


def test_a_method_that_shows_the_picture_does_not_change_and_a_gradient_does(monkeypatch):
    monkeypatch.setitem(METHODS, "edges", Method(lambda trace: trace.images - trace.images.roll(1, 3)))
    monkeypatch.setitem(METHODS, "gradient", Method(lambda trace: trace.input_gradient()))
    rows = randomised(networks.alexnet_like(), ["edges", "gradient"])
    assert [(row.step, row.layer, row.method) for row in rows[::2]] == [
        (1, "11", "edges"),
        (2, "9", "edges"),
        (3, "3", "edges"),
        (4, "0", "edges"),
    ]
    for row in rows[::2]:
        assert (row.rank_correlation, row.absolute_rank_correlation, row.ssim) == pytest.approx((1, 1, 1))
    assert abs(rows[-1].rank_correlation) < 0.2
    assert rows[-1].pairs == 4


def test_the_trained_network_stays_as_it_is():
    network = networks.alexnet_like().float()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    randomised(network, ["grad-cam"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_the_same_seed_gives_the_same_rows_and_disturbs_no_other_random_numbers():
    networks_alike = networks.alexnet_like(), networks.alexnet_like()  # building them draws numbers too
    before = torch.random.get_rng_state()
    first, second = (randomised(network, ["guided-backprop"]) for network in networks_alike)
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before)


def test_constant_maps_have_no_rank_correlation(monkeypatch, tmp_path):
    monkeypatch.setitem(METHODS, "nothing", Method(lambda trace: torch.zeros_like(trace.images)))
    rows = randomised(networks.alexnet_like(), ["nothing"])
    assert rows[0].rank_correlation is None
    for _ in range(2):  # an earlier table is replaced
        write_rows(rows, tmp_path / "sanity" / "rows.csv")
    with (tmp_path / "sanity" / "rows.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["rank_correlation"] == ""
    assert len(list(summary(rows))) == 3
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(NotOwnFileError, match=r"mine\.csv exists, and Discern did not write it"):
        write_rows(rows, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_structural_similarity_is_one_for_the_same_and_by_its_formula_for_constant_pictures():
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert structural_similarity(pictures, pictures) == pytest.approx([1, 1])
    dark, light = torch.full_like(pictures, 0.2), torch.full_like(pictures, 0.6)
    by_hand = (2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4)  # no variance: luminance alone
    assert structural_similarity(dark, light) == pytest.approx([by_hand, by_hand])


def test_a_network_without_weights_is_refused():
    with pytest.raises(ExplanationError, match="no layers with weights"):
        layers_from_the_scores(nn.Flatten(), networks.pictures(1))


def test_the_metric_is_the_cascade_s_first_and_last_step_for_each_map():
    network = LoadedNetwork(
        "n", "gap-like", networks.gap_like().float(), Transform(16), ("a",) * 5, "3", "0" * 64, None
    )
    asked = AskedNetwork(network, network.module, METHODS, "fp32")
    picture = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(3))
    rows = cascading_randomisation("n", network.module, picture, [[1]], ["grad-cam"], "3", 4)
    heat = asked.heat(picture, [1], "grad-cam")[0]
    one = sample(heat, network=asked, picture=picture[0], target=1)
    found = SANITY.measure(one, SanityOptions(seed=4)).values
    told = [rows[0].absolute_rank_correlation, rows[-1].absolute_rank_correlation]
    assert list(found.values()) == [pytest.approx(abs(value)) for value in told]
    none = sample(torch.zeros(16, 16), network=asked, picture=picture[0])
    assert SANITY.measure(none, SanityOptions()).values["sanity_all"] is None
