"""Captions that a network wrote, explained."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from PIL import Image

import manage
from models.answers.captioner import END, START, new_captioner, read_captioner, write_captioner
from models.answers.captions import captioned, captions_of, draw_captioned, vocabulary_of, words_of
from models.answers.shapes import COLORS, SHAPES
from models.answers.train_captions import inputs, train_on_photographs, train_on_shapes
from models.errors import NetworkError, PhotographError
from models.photographs import AnnotatedObject, Photograph
from stimuli.answers.captions import explained, figures, log_probability


@pytest.fixture(scope="module")
def captioner():
    return read_captioner()


@pytest.fixture(scope="module")
def found(captioner):
    rng = np.random.default_rng(2)
    return explained(captioner, [draw_captioned(rng) for _ in range(20)], ("grad-cam",))


def test_the_network_that_comes_with_discern_names_the_shapes_that_are_there(captioner, found):
    right = [one.caption == one.of.captions[0] for one in found]
    assert np.mean(right) > 0.7
    for one in found:
        for word in one.words:
            assert set(word.boxes) == set(one.of.boxes_of(word.text))
    assert all(word.text in (*SHAPES, *COLORS) for one in found for word in one.words)


def test_the_target_is_the_log_probability_of_the_words(captioner):
    """Oracle: the product of the probabilities of each word in turn, computed one word at a time."""
    one = draw_captioned(np.random.default_rng(7))
    seen, words = inputs(captioner, [one.picture]), captioner.encoded([one.captions[0]])
    total = 0.0
    with torch.inference_mode():
        logits = captioner.network(seen, words)[0]
        for place, word in enumerate(words[0].tolist()):
            alone = captioner.network(seen, words[:, : place + 1])[0, place].softmax(0)[word].log().item()
            assert log_probability(words[0].tolist(), place)(logits).item() == pytest.approx(alone, abs=1e-4)
            total += alone
        assert log_probability(words[0].tolist())(logits).item() == pytest.approx(total, abs=1e-4)


def test_grad_cam_of_a_caption_is_the_papers_formula(captioner, found):
    """Oracle: gradients of torch at a layer that is cut out by hand."""
    network = captioner.network
    for one in found[:3]:
        maps = network.features(inputs(captioner, [one.of.picture])).detach().requires_grad_()
        words = captioner.encoded([one.caption])
        y = -F.cross_entropy(network.words_from(maps, words)[0], words[0], reduction="sum")
        cells = (torch.autograd.grad(y, maps)[0].mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
        wanted = F.interpolate(cells, (64, 64), mode="bilinear", align_corners=True)[0, 0].detach().numpy()
        assert np.allclose(one.heat["grad-cam"], wanted, atol=1e-4)


def test_a_greedy_caption_is_the_likeliest_word_each_time(captioner):
    one = draw_captioned(np.random.default_rng(8))
    seen = inputs(captioner, [one.picture])
    written = captioner.captions(seen)[0]
    with torch.inference_mode():
        logits = captioner.network(seen, captioner.encoded([written]))[0]
    assert [captioner.vocabulary[n] for n in logits.argmax(1).tolist()] == [*written, END]


def test_figures_are_means_over_pictures_that_name_something(found):
    rows = {(row.label.split(":")[0], row.method): row.mean for row in figures(found)}
    naming = [one for one in found if one.words]
    assert rows["caption", "grad-cam"].count + rows["caption", "grad-cam"].undefined == len(naming)
    assert 0 <= rows["word", ""].value < 0.3 < rows["word", "grad-cam"].value  # better than a random point


def test_the_page_is_written_and_photographs_are_asked_of_the_network_that_needs_them(tmp_path):
    call = ["captions", "explain", "--pictures", "3", "--out", str(tmp_path / "page")]
    done = CliRunner().invoke(manage.cli, call)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page" / "index.html").read_text()
    assert all(number in page for number in ("3.27", "2.32", "6.38", "0.30"))
    done = CliRunner().invoke(manage.cli, [*call, "--photographs", str(tmp_path)])
    assert (done.exit_code, "was trained on drawn pictures; leave out --photographs" in done.output) == (1, True)
    done = CliRunner().invoke(
        manage.cli, ["captions", "train", "--photographs", str(tmp_path), "--out", str(tmp_path / "n")]
    )
    assert (done.exit_code, "--photographs needs --captions" in done.output) == (1, True)


def photograph(folder, name: str) -> Photograph:
    Image.new("RGB", (100, 50), "green").save(folder / f"{name}.png")
    objects = (AnnotatedObject("dog", (11, 6, 50, 25)), AnnotatedObject("sofa", None))
    return Photograph(name, folder / f"{name}.png", 100, 50, objects)


def test_boxes_of_photographs_are_squashed_with_them(tmp_path):
    one = captioned(photograph(tmp_path, "a"), [("a", "puppy")], 224)
    assert one.boxes_of("puppy") == [(22, 22, 112, 112)]
    assert (one.boxes_of("couch"), one.boxes_of("cat"), one.picture.shape) == ([], [], (224, 224, 3))


def test_a_captioner_learns_from_photographs_with_its_convolutions_frozen(tmp_path):
    from torchvision.models import mobilenet_v2

    torch.manual_seed(0)
    weights = mobilenet_v2().state_dict()
    torch.save(weights, tmp_path / "weights.pt")
    seen = [captioned(photograph(tmp_path, name), [("a", "dog")] * 4, 224) for name in ("a", "b")]
    found = train_on_photographs(seen, str(tmp_path / "weights.pt"), 2, 1)
    assert found.vocabulary[3:] == ("a", "dog")
    assert torch.equal(found.network.features.state_dict()["0.0.weight"], weights["features.0.0.weight"])
    write_captioner(tmp_path / "own.safetensors", found)
    read = read_captioner(tmp_path / "own.safetensors")
    assert (read.vocabulary, read.backbone) == (found.vocabulary, "mobilenet_v2")


def test_training_on_shapes_takes_the_convolutions_of_the_answering_network():
    from models.answers.networks import read_answerer

    found, answerer = train_on_shapes(1, 0), read_answerer().network
    pictures = torch.rand(1, 3, 64, 64) - 0.5
    with torch.inference_mode():
        assert torch.equal(found.network.features(pictures), answerer.wide(answerer.pool(answerer.features(pictures))))


def test_captions_become_words_and_rare_words_are_unknown():
    assert words_of("A dog's, White-cat!") == ("a", "dog", "s", "white", "cat")
    assert vocabulary_of([("a", "b")] * 2 + [("b",)], least=2) == ("b", "a")
    found = new_captioner("shapes", ("a",))
    assert found.vocabulary[0] == START
    assert found.encoded([("a", "horse"), ("a",)]).tolist() == [[3, 2, 1], [3, 1, 1]]


def test_faulty_files_are_refused_by_name(tmp_path):
    (tmp_path / "captions.csv").write_text("image,text\n")
    with pytest.raises(
        PhotographError, match=r"captions\.csv lacks the columns image_id and caption; columns found: image, text"
    ):
        captions_of(tmp_path / "captions.csv")
    with pytest.raises(PhotographError, match=r"none\.csv cannot be read"):
        captions_of(tmp_path / "none.csv")
    (tmp_path / "n.safetensors").write_text("no")
    for name, words in (("n", "is no network that writes captions"), ("missing", "is missing; write it with")):
        with pytest.raises(NetworkError, match=words):
            read_captioner(tmp_path / f"{name}.safetensors")
