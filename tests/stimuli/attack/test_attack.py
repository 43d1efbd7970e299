"""Perturbations are those of the closed form where there is one, and the figures are those of hand-computed maps."""

import csv
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.catalogue import LoadedNetwork, Transform
from models.photographs import AnnotatedObject, Photograph
from stimuli.attack.config import AttackConfig
from stimuli.attack.measure import Attack, chosen, overlap, records
from stimuli.attack.perturb import is_reached, losses, perturbed, shuffled
from stimuli.attack.write import Attacked, lines, reached, summary, write_attack
from stimuli.errors import AttackError
from tests.stimuli.networks import gap_like
from tests.stimuli.sample_set import CATEGORIES

CPU, STRICT = torch.device("cpu"), 1 - 1e-15
EPSILON = 8 / 255


@pytest.fixture(scope="module")
def linear():
    """A network whose scores are linear in the picture: the best perturbation is known."""
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 3)).double().eval()


def pictures(count=5):
    return torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def attack(network, found, present=None, single_label=True, **config):
    target = torch.tensor([1, 2, 0, 1, 2])[: len(found)]
    present = torch.zeros(len(found), 3) if present is None else present
    return perturbed(network, found, target, present, single_label, AttackConfig(confidence=STRICT, **config)), target


@pytest.mark.parametrize("single_label", [True, False])
@pytest.mark.parametrize("algorithm", ["fgsm", "pgd"])
def test_of_a_linear_network_the_best_perturbation_in_reach_is_found(linear, algorithm, single_label):
    """Of two categories a linear score is extreme in a corner of the box round the picture, cut to [0, 1]."""
    x = pictures()
    weight = linear[1].weight.detach()
    two = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).double()
    two[1].weight.data, two[1].bias.data = weight[:2].clone(), torch.zeros(2).double()
    target, present = torch.ones(5, dtype=torch.long), torch.zeros(5, 2)
    config = AttackConfig(algorithm=algorithm, confidence=STRICT, steps=20, step=1)
    towards = weight[1] - weight[0] if single_label else weight[1]
    expected = (x + EPSILON * towards.view(1, 3, 4, 4).sign()).clamp(0, 1)
    found = perturbed(two, x, target, present, single_label, config)
    assert torch.allclose(found, expected, atol=1e-12)


def test_pgd_is_the_slow_loop_of_madry(linear):
    x = pictures()
    found, target = attack(linear, x, steps=7, step=2.5)
    for row in range(len(x)):
        slow = x[row].clone()
        for _ in range(7):
            slow.requires_grad_()
            loss = -torch.log(torch.exp(linear(slow[None]))[0, target[row]] / torch.exp(linear(slow[None])).sum())
            (gradient,) = torch.autograd.grad(loss, slow)
            slow = slow.detach() - 2.5 / 255 * gradient.sign()
            slow = torch.minimum(torch.maximum(slow, x[row] - EPSILON), x[row] + EPSILON).clamp(0, 1)
        assert torch.allclose(found[row], slow, atol=1e-12)


def test_a_picture_that_is_far_enough_is_left_alone_and_others_go_on(linear):
    x = pictures()
    with torch.no_grad():
        p = linear(x).softmax(1)
    target = torch.tensor([1, 2, 0, 1, 2])
    sure = p.gather(1, target[:, None])[:, 0]
    config = AttackConfig(confidence=float(sure.median()), gone=0.99, steps=3)
    found = perturbed(linear, x, target, torch.zeros(5, 3), True, config)
    changed = (found != x).flatten(1).any(1)
    assert torch.equal(changed, sure < sure.median())


def test_what_is_there_must_be_gone(linear):
    logits = torch.tensor([[0.0, 20, -20], [6, 20, -20]], dtype=torch.float64)
    target, there = torch.tensor([1, 1]), torch.tensor([[1.0, 0, 0], [1, 0, 0]])
    config = AttackConfig(confidence=0.99, gone=0.6)
    assert is_reached(logits, target, there, False, config).tolist() == [True, False]
    assert is_reached(logits, target, there, True, config).tolist() == [True, True]
    by_hand = np.log1p(np.exp(-20)) + np.log1p(np.exp(6))
    assert losses(logits, target, there, False)[1].item() == pytest.approx(by_hand)


def test_a_random_change_has_the_size_of_the_attack_s(linear):
    x = pictures() * 0.8 + 0.1  # so that nothing is cut
    found, _ = attack(linear, x, algorithm="fgsm", epsilon=4)
    random = shuffled(x, found, 3)
    for row in range(len(x)):
        assert torch.allclose((random - x)[row].flatten().sort().values, (found - x)[row].flatten().sort().values)
    assert not torch.equal(random, found)


def test_overlap_is_that_of_a_hand_computed_pair():
    first = torch.tensor([[1.0, 0.2], [0.1, 0]])
    second = torch.tensor([[0.1, 2.0], [0.5, 0]])
    assert overlap(first, second, 0.15) == pytest.approx(1 / 3)  # two and two cells, one of them shared


@pytest.fixture(scope="module")
def network():
    transform = Transform(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    module = gap_like().float().requires_grad_(False)
    return LoadedNetwork("strong", "gap-like", module, transform, CATEGORIES, "3", "a" * 64, 0.5)


@pytest.fixture(scope="module")
def images(tmp_path_factory, network):
    """Seven photographs: the network is right about all but the last."""
    folder, random = tmp_path_factory.mktemp("attack"), np.random.default_rng(4)
    made = []
    for number in range(7):
        path = folder / f"picture{number}.png"
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
        pixels = torch.from_numpy(np.asarray(Image.open(path)).copy()).permute(2, 0, 1)[None] / 255
        top = int(network.module((pixels - 0.5) / 0.25).argmax())
        name = CATEGORIES[top if number < 6 else (top + 1) % 5]
        made.append(Photograph(path.stem, path, 32, 32, (AnnotatedObject(name, (1, 1, 16, 32) if number else None),)))
    return made


def test_a_page_has_the_numbers_of_its_table_and_an_earlier_one_is_replaced(network, images, tmp_path, monkeypatch):
    config = AttackConfig(steps=3, epsilon=16, step=8, images=7)
    task, out = Attack(network, CATEGORIES, config, CPU), tmp_path / "page"
    chosen_ones = chosen(images, CATEGORIES, config)
    assert chosen_ones == images
    done = records(task, chosen_ones, 2, out)
    assert [record is None for record in done] == [False] * 6 + [True]
    monkeypatch.setattr("stimuli.attack.measure.perturbed", None)
    assert records(task, chosen_ones, 2, out) == done  # a stopped run attacks none again
    found = Attacked("strong", tuple(filter(None, done)), done.count(None))
    for _ in range(2):
        write_attack(out, "A <b>", [found], config)
    page = (out / "index.html").read_text()
    assert "A &lt;b&gt;" in page
    named = set(re.findall(r'src="([^"]+)"', page))
    assert len(named) == 2 * (3 + 3 + 1)
    assert all((out / name).is_file() for name in named)
    with (out / "attack.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    attacked = [row for row in rows if row["after"] == "attack"]
    assert len(attacked) == 6
    assert {row["hit_before"] for row in rows if row["image"] == "picture0"} == {""}  # it has no box
    assert all(float(row["p_target_after"]) > 0 for row in rows)
    correlations = [float(row["rank_correlation"]) for row in attacked if row["rank_correlation"]]
    shown = f"{np.mean(correlations):.2f}"
    assert any(shown in line for line in summary([found], config) if "rank correlation" in line)
    assert reached(found, config).n == 6
    pointing = next(line for line in lines(found) if line.name.startswith("pointing before"))
    bounds = re.fullmatch(r"[\d.]+ \(([\d.]+) to ([\d.]+)\)", pointing.attack)
    assert 0 <= float(bounds[1]) < float(bounds[2]) <= 1  # a share's interval stays on its scale, and is not empty
    assert all(record["change"] <= 16.001 for record in found.records)


def test_what_cannot_be_attacked_is_told(images):
    with pytest.raises(AttackError, match="no category 'zebra' in the study"):
        chosen(images, CATEGORIES, AttackConfig(target="zebra"))
    with pytest.raises(AttackError, match="none of 7 photographs"):
        chosen(images, ("tree", "house"), AttackConfig())
    only = images[0].categories[0]
    assert images[0] not in chosen(images, CATEGORIES, AttackConfig(target=only))


def test_fewer_photographs_are_spread_over_the_split(images):
    assert chosen(images, CATEGORIES, AttackConfig(images=2)) == [images[0], images[3]]
