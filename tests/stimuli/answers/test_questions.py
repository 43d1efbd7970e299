"""Explained answers, their page and their study."""

import csv

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import manage
from models.answers.networks import read_answerer
from models.answers.shapes import draw_asked
from models.image_files import stored_picture
from stimuli.answers.questions import OCCLUSION, answered, figures, methods_for
from stimuli.answers.study import choose_items, foil
from stimuli.errors import GenerationError


@pytest.fixture(scope="module")
def answerer():
    return read_answerer()


@pytest.fixture(scope="module")
def found(answerer):
    rng = np.random.default_rng(2)
    return answered(answerer, [draw_asked(rng) for _ in range(40)], ("grad-cam",))


def test_grad_cam_of_an_answer_is_the_papers_formula(answerer, found):
    """Oracle: gradients of torch at a layer that is cut out by hand."""
    network = answerer.network
    for one in found[:4]:
        inputs = answerer.inputs([one.asked.picture], [one.asked.question])
        maps = network.features(inputs["pictures"]).detach().requires_grad_()
        joined = network.joined(
            network.wide(network.pool(maps)) * network.question(inputs["questions"])[:, :, None, None]
        )
        logit = network.answer(joined)[0, answerer.answers.index(one.answer)]
        weights = torch.autograd.grad(logit, maps)[0].mean((2, 3), keepdim=True)
        cells = (weights * maps).sum(1, keepdim=True).relu()
        wanted = torch.nn.functional.interpolate(cells, (64, 64), mode="bilinear", align_corners=True)[0, 0]
        assert np.allclose(one.heat["grad-cam"], wanted.detach().numpy(), atol=1e-5)


def test_a_batch_of_pictures_and_questions_is_as_each_alone(answerer, found):
    alone = [answered(answerer, [one.asked], ("grad-cam",))[0] for one in found[:3]]
    for one, other in zip(alone, found, strict=False):
        assert (one.answer, one.runner_up) == (other.answer, other.runner_up)
        assert np.allclose(one.heat["grad-cam"], other.heat["grad-cam"], atol=1e-5)


def test_another_question_about_the_same_picture_moves_the_map(answerer, found):
    """The map follows the question, not only the picture."""
    one = next(o for o in found if o.asked.question.startswith("what is the"))
    other = next(shape for shape in one.asked.shapes if shape != one.asked.about)
    asked = type(one.asked)(one.asked.picture, one.asked.shapes, f"what is the {other.color} shape?", other.form, other)
    first, second = one.heat["grad-cam"], answered(answerer, [asked], ("grad-cam",))[0].heat["grad-cam"]
    assert np.abs(first / first.max() - second / second.max()).max() > 0.1


def test_the_page_has_each_number_and_what_others_changed_is_left_alone(tmp_path):
    out = tmp_path / "page"
    call = ["answers", "explain", "--pictures", "5", "--out", str(out)]
    done = CliRunner().invoke(manage.cli, call)
    assert done.exit_code == 0, done.output
    page = (out / "index.html").read_text()
    assert all(
        words in page for words in ("rank correlation with occlusion", "0.60", "0.42", "Guided Grad", "of 5 questions")
    )
    assert len(list((out / "pictures").glob("*.png"))) == 3 * 5
    (out / "index.html").write_text("mine")
    done = CliRunner().invoke(manage.cli, call)
    assert (done.exit_code, "holds index.html" in done.output) == (1, True)


def test_guided_methods_are_left_out_where_they_are_not_defined(answerer):
    assert methods_for(answerer) == ("grad-cam", "guided-backprop", "guided-grad-cam")


def test_figures_count_what_is_undefined(answerer, found):
    for one in found:
        one.heat[OCCLUSION] = np.zeros((64, 64), np.float32)
    rows = {(row.label, row.method): row.mean for row in figures(found)}
    assert rows["rank correlation with occlusion", "grad-cam"].undefined == len(found)
    there = [one for one in found if one.asked.about]
    assert rows["points at the shape asked for", "grad-cam"].count + rows[
        "points at the shape asked for", "grad-cam"
    ].undefined == len(there)


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_half_of_a_studys_items_are_wrong_and_checks_pass(tmp_path):
    out = tmp_path / "study"
    done = CliRunner().invoke(manage.cli, ["answers", "study", "--items", "4", "--pictures", "240", "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = table(out / "finished.csv")
    assert {row["method"] for row in rows} == {"picture-only", "with-map"}
    assert len({stored_picture(out / row["file"]).upright for row in rows}) == 1
    foils = {row["image"]: row["foil"] for row in table(out / "foils.csv")}
    assert all(foils[row["image"].removesuffix(".png")] != row["category"] for row in rows)
    done = CliRunner().invoke(manage.cli, ["check", "--study", str(out / "study.toml")])
    assert "'answer' shows 4 of 4 that fit" in done.output
    assert "cannot be used" not in done.output
    again = CliRunner().invoke(manage.cli, ["answers", "study", "--out", str(out)])
    assert (again.exit_code, "not empty" in again.output) == (1, True)


def test_the_other_option_is_the_right_answer_where_the_network_is_wrong(found):
    for one in found:
        assert foil(one) == (one.runner_up if one.is_right else one.asked.answer)
        assert foil(one) != one.answer


def test_too_few_wrong_answers_are_told_with_the_remedy(found):
    with pytest.raises(GenerationError, match="wrong answers to 40 questions, and 60 items need 30; raise --pictures"):
        choose_items([*found, *[one for one in found if one.is_right]][:40], 60)
