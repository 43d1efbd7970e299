"""The worked examples of the instructions, and what kinds take for true."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from contracts.tasks import KINDS
from stimuli.rendering import RECIPES
from study.tasks.kinds import STUDY_KINDS

ROOT = Path(__file__).parents[3]
EXAMPLES = {name: kind.example for name, kind in STUDY_KINDS.items() if kind.example}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_its_pictures_and_points_into_each(name):
    example = EXAMPLES[name]
    for file in example.files:
        assert (ROOT / "study" / "static" / "examples" / file).is_file()
    assert {mark.picture for mark in example.marks} == set(range(KINDS[name].pictures))
    rings = [ring for mark in example.marks for ring in mark.rings]
    assert all(at - radius >= 0 and at + radius <= 100 for *place, radius in rings for at in place)
    assert all(0 <= at <= 100 for mark in example.marks for at in (mark.x, mark.y))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_looks_like_pictures_of_recipes_that_are_there(name):
    assert set(EXAMPLES[name].recipes) <= RECIPES.keys()


def test_examples_are_those_of_the_paper_s_two_tasks():
    assert EXAMPLES.keys() == {"class-discrimination", "trust"}
    assert STUDY_KINDS["class-discrimination"].balanced == "Correct option listed first"
    assert STUDY_KINDS["trust"].balanced == "First network on the left"


@pytest.mark.parametrize(("wrong", "right"), [("incorrect", ("4", "3")), ("correct", ("2", "1"))])
def test_agreement_has_two_degrees_of_each_answer(wrong, right):
    """From 4, fairly sure that the prediction is correct, to 1, fairly sure that it is not."""
    kind = STUDY_KINDS["agreement"]
    assert kind.foils == ("incorrect", "correct")
    assert kind.truth(SimpleNamespace(category="dog", foil=wrong)) == right
