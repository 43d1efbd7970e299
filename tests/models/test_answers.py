"""Drawn questions and the networks that answer them."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.answers.networks import SHIPPED, Answerer, read_answerer, write_answerer
from models.answers.shapes import ANSWERS, COLORS, SHAPES, bag_of_words, draw_asked, same_sort
from models.answers.train import train_answerer
from models.errors import NetworkError


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(5)
    return [draw_asked(rng) for _ in range(200)]


def accuracy(answerer: Answerer, asked) -> float:
    with torch.inference_mode():
        logits = answerer.network(**answerer.inputs([a.picture for a in asked], [a.question for a in asked]))
    return float(np.mean([answerer.answers[best] == a.answer for best, a in zip(logits.argmax(1), asked, strict=True)]))


def test_the_same_seed_draws_the_same_picture_and_question():
    one, other = (draw_asked(np.random.default_rng(3)) for _ in range(2))
    assert (one.picture == other.picture).all()
    assert one.question == other.question


def test_answers_are_true_of_the_pixels(drawn):
    """Colours are read from the pixels, and a box holds all pixels of its shape's colour."""
    for one in drawn:
        seen = {name for name, rgb in COLORS.items() if (one.picture == rgb).all(2).any()}
        assert {shape.color for shape in one.shapes} == seen
        for shape in one.shapes:
            rows, columns = np.nonzero((one.picture == COLORS[shape.color]).all(2))
            left, top, right, bottom = shape.box
            assert left <= columns.min() <= columns.max() < right
            assert top <= rows.min() <= rows.max() < bottom
        named = [name for name in (*COLORS, *SHAPES) if name in one.question.rstrip("?").split()]
        if one.answer in ("yes", "no"):
            there = {name for shape in one.shapes for name in (shape.color, shape.form)}
            assert (one.answer == "yes") == (named[0] in there) == (one.about is not None)
        else:
            assert {one.answer, named[0]} == {one.about.color, one.about.form}


def test_no_sort_of_question_and_no_answer_prevails(drawn):
    sorts = [same_sort(one.answer)[0] for one in drawn]
    assert all(sorts.count(name) > 45 for name in ("circle", "black", "yes"))
    assert 30 < 100 * np.mean([o.answer == "yes" for o in drawn if same_sort(o.answer)[0] == "yes"]) < 70


def test_a_bag_of_words_counts_words_and_ignores_others():
    assert bag_of_words(["is the the red shape?"], ("the", "shape", "blue", "")).tolist() == [[2, 1, 0, 0]]


def test_the_network_that_comes_with_discern_answers_most_questions(drawn):
    assert SHIPPED.stat().st_size < 1_500_000
    assert accuracy(read_answerer(), drawn) > 0.98


def test_it_errs_where_there_are_more_shapes_than_it_was_trained_on():
    """A study needs wrong answers."""
    rng = np.random.default_rng(1)
    assert 0.9 < accuracy(read_answerer(), [draw_asked(rng, shapes=3) for _ in range(200)]) < 1


@pytest.mark.shared
def test_the_network_of_easy_vqa_answers_pictures_with_one_shape(shared):
    """A network that others trained on their own pictures: ours are like these."""
    rng = np.random.default_rng(1)
    asked = [draw_asked(rng, shapes=1) for _ in range(200)]
    assert accuracy(read_answerer(shared / "vqa" / "easy_vqa.safetensors"), asked) > 0.9


def test_training_is_repeatable_and_its_file_answers_alike(tmp_path, drawn):
    one, other = (train_answerer(1, seed=4) for _ in range(2))
    write_answerer(tmp_path / "one.safetensors", one)
    read = read_answerer(tmp_path / "one.safetensors")
    assert read.answers == ANSWERS
    inputs = one.inputs([drawn[0].picture], [drawn[0].question])
    with torch.inference_mode():
        first, second, third = (a.network(**inputs) for a in (one, other, read))
    assert torch.equal(first, second)
    assert torch.equal(first, third)


@pytest.mark.parametrize("content", ["missing", "text", "foreign", "other answers"])
def test_a_file_that_is_no_answering_network_is_refused_by_name(tmp_path, content):
    path = tmp_path / "network.safetensors"
    if content == "text":
        path.write_text("nothing")
    elif content == "foreign":
        save_file({"weight": torch.zeros(2, 2)}, path)
    elif content == "other answers":
        found = read_answerer()
        write_answerer(path, Answerer(found.network, found.words, tuple(f"a{n}" for n in range(len(ANSWERS)))))
    with pytest.raises(NetworkError, match=r"network\.safetensors.*; ?name a|is missing; name a file") as refused:
        read_answerer(path)
    assert str(path) in str(refused.value)
