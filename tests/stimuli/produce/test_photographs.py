"""Agreement's set holds each photograph beside its explanations, as the network sees it; controls tell nothing."""

import numpy as np
import pytest
import torch
from PIL import Image

from contracts.methods import CONTROLS, PHOTOGRAPH
from contracts.stimulus_set import read_stimuli
from models.catalogue import preprocess
from models.image_files import read_image
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.evaluate.observers import Question, answers
from stimuli.explain.engine import explain
from stimuli.produce.generate import generate
from tests.stimuli.networks import pictures as noise
from tests.stimuli.networks import vgg_like
from tests.stimuli.sample_set import CATEGORIES, loaded_networks, pictures


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    images, networks = pictures(folder), loaded_networks()
    config = StimuliConfig(output=folder / "set", recipe="overlay-v1", device="cpu")
    request = StimulusRequest("agreeing", "agreement", 2, ("grad-cam", "blank"), ("strong",))
    generate(config, [request], images, networks, CATEGORIES, "r")
    return folder / "set", read_stimuli(folder / "set"), images, networks["strong"]


def test_every_item_has_its_photograph_as_the_network_sees_it(made):
    folder, rows, images, network = made
    by_id = {image.image_id: image for image in images}
    assert {(row.image_id, row.method) for row in rows} == {
        (row.image_id, method) for row in rows for method in ("grad-cam", "blank", PHOTOGRAPH)
    }
    for row in (row for row in rows if row.method == PHOTOGRAPH):
        shown = np.asarray(Image.open(folder / row.file).convert("RGB"))
        seen = preprocess(read_image(by_id[row.image_id].path), network.transform)
        mean, std = (torch.tensor(of).view(3, 1, 1) for of in (network.transform.mean, network.transform.std))
        wanted = ((seen * std + mean) * 255).round().permute(1, 2, 0).numpy()
        assert np.abs(shown - wanted).max() <= 1


def test_half_of_the_predictions_are_right_and_the_rows_say_what_would_be_wrong_to_say(made):
    _, rows, images, _ = made
    annotated = {image.image_id: image.categories for image in images}
    for row in rows:
        assert row.foil == ("incorrect" if row.category in annotated[row.image_id] else "correct")
    assert len({row.foil for row in rows}) == 2


def test_a_machine_that_sees_a_control_alone_is_at_chance(made):
    """All evidence is equal, so its answers do not depend on the prediction: a coin, right for half of them."""
    _, rows, *_ = made
    shown = [row for row in rows if row.method == "blank"]
    questions = [Question(f"{i}-{row.stimulus_id}", "p", (row,), "agreement") for i in range(400) for row in shown]
    given = answers(
        questions, lambda *_: dict.fromkeys(CATEGORIES, 0.5), lambda _: torch.zeros(1), np.random.default_rng(1)
    )
    right = [(given[q.trial_id] in "43") == (q.shown[0].foil == "incorrect") for q in questions]
    assert abs(np.mean(right) - 0.5) < 3 * 0.5 / np.sqrt(len(right))
    assert set(given.values()) == {"3", "2"}


@pytest.fixture(scope="module")
def checked(made, tmp_path_factory):
    """The same images as labels to check."""
    _, _, images, _ = made
    folder = tmp_path_factory.mktemp("checked")
    config = StimuliConfig(output=folder / "set", recipe="overlay-v1", device="cpu")
    request = StimulusRequest("checking", "ai-check", 2, ("grad-cam", "blank"), ("strong",))
    generate(config, [request], images, loaded_networks(), CATEGORIES, "r")
    return read_stimuli(folder / "set")


def test_labels_to_check_come_with_the_network_s_own_confidence_half_of_them_right(made, checked):
    _, _, images, network = made
    by_id = {image.image_id: image for image in images}
    for row in checked:
        image = by_id[row.image_id]
        logits = network.module(preprocess(read_image(image.path), network.transform)[None])[0].double()
        of = logits.softmax(0) if network.single_label else logits.sigmoid()
        assert row.probability == pytest.approx(of.max().item(), abs=1e-5)
        assert row.category == network.categories[int(logits.argmax())]
        assert row.foil == ("no" if row.category in image.categories else "yes")
    assert len({row.foil for row in checked}) == 2


def test_a_machine_accepts_what_it_has_most_evidence_for_and_tosses_a_coin_at_a_control(checked):
    shown = [row for row in checked if row.method == "blank"]
    questions = [Question(f"{i}-{row.stimulus_id}", "p", (row,), "ai-check") for i in range(400) for row in shown]
    nothing, rng = torch.zeros(1), np.random.default_rng(2)
    given = answers(questions, lambda *_: dict.fromkeys(CATEGORIES, 0.5), lambda _: nothing, rng)
    right = [given[q.trial_id] != q.shown[0].foil for q in questions]
    assert abs(np.mean(right) - 0.5) < 3 * 0.5 / np.sqrt(len(right))
    for category in (shown[0].category, next(c for c in CATEGORIES if c != shown[0].category)):
        evidence = dict.fromkeys(CATEGORIES, 0.1) | {category: 0.9}
        (said,) = answers(
            [Question("t", "p", shown[:1], "ai-check")], lambda *_, e=evidence: e, lambda _: nothing, rng
        ).values()
        assert said == ("yes" if category == shown[0].category else "no")


def test_controls_do_not_depend_on_what_is_explained():
    model, images = vgg_like(), noise(3)
    layer = [name for name, part in model.named_modules() if isinstance(part, torch.nn.Conv2d)][-1]
    found = explain(model, images, [[0], [1], [0]], (*sorted(CONTROLS), "grad-cam"), layer).maps
    assert not found["blank"].any()
    blob = found["centred-blob"]
    assert torch.equal(blob[0], blob[1])
    assert blob[0, 0].argmax() == blob[0, 0].numel() // 2


def test_a_shuffled_map_has_the_values_in_other_places_whatever_is_computed_with_it():
    head = (torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 2))
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), *head).double().eval()
    images, both = noise(3), ("grad-cam", "shuffled-grad-cam")
    found = explain(model, images, [[0], [1], [0]], both, "1").maps
    plain, mixed = (found[name].flatten(1) for name in both)
    assert plain.any()
    assert torch.allclose(mixed.sort(1).values, plain.sort(1).values)
    assert (mixed == plain).float().mean() < 0.9
    alone = explain(model, images[1:2], [[1]], both, "1").maps["shuffled-grad-cam"]
    assert torch.allclose(alone[0], found["shuffled-grad-cam"][1])
