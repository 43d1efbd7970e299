"""Which photographs are guessed about, and between which labels: wrong predictions, and labels that nothing annotated has."""

import pytest

from contracts.foil_text import LONGEST_FOIL
from contracts.label_choice import LabelChoice
from contracts.tasks import KINDS
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.select import at_most_eligible, select
from stimuli.tasks.kind import Predicted

KIND = next(kind.name for kind in KINDS.values() if kind.labels)
LEADING = ("ant", "bee", "cat", "output 7", "dog", "a;b", "elk", "fox")


def photograph(image_id: str, *names: str) -> Photograph:
    return Photograph(image_id, f"{image_id}.png", 9, 9, tuple(AnnotatedObject(name, None, False) for name in names))


def foils(images, predicted, wanted=1, **told) -> dict[str, str]:
    """Image → its foil, of the images that a task of this number takes."""
    request = StimulusRequest("t", KIND, wanted, ("cam",), ("n",), **told)
    (found,) = select([request], images, ("cat", "dog"), {"n": predicted}, seed=1)
    assert {category for _, category, _ in found.foils} == {"ant"}, "the prediction is explained"
    return {image: foil for (image, _, _), foil in found.foils.items()}


@pytest.mark.parametrize(
    ("annotated", "foil"),
    [
        ("dog", "dog|bee|cat|elk|fox"),  # neither what is there, nor outputs without a name, nor what cannot be stored
        ("gnu", "gnu|bee|cat|dog|elk"),
        ("fox cat", "cat|bee|dog|elk|gnu"),  # told is what the network rates highest
    ],
)
def test_the_labels_are_the_strongest_that_the_photograph_does_not_have(annotated, foil):
    told = Predicted("ant", ("cat", "dog"), 0.6, (*LEADING, "gnu"))
    assert foils([photograph("a", *annotated.split())], {"a": told}) == {"a": foil}
    assert LabelChoice.read(foil).options("ant") == tuple(sorted(("ant", *foil.split("|")[1:])))


def test_only_wrong_predictions_are_shown_and_too_few_are_counted():
    images = [photograph("right", "ant"), photograph("wrong", "dog"), photograph("bare")]
    predicted = dict.fromkeys(("right", "wrong", "bare"), Predicted("ant", ("cat", "dog"), 0.6, LEADING))
    assert set(foils(images, predicted)) == {"wrong"}
    with pytest.raises(SelectionError, match="shows 2 images predicted wrongly, and network n has 1 images predicted"):
        foils(images, predicted, wanted=2)


def test_a_network_with_too_few_classes_is_told_so():
    few = Predicted("ant", ("cat", "dog"), 0.6, LEADING[:3])
    with pytest.raises(SelectionError, match="the network knows 3 classes, and more than 5 are needed"):
        foils([photograph("a", "dog")], {"a": few})


def test_a_table_tells_the_labels_where_no_scores_are_known():
    images, told = [photograph("a", "dog")], {"a": Predicted("ant", ())}
    with pytest.raises(SelectionError, match="no scores are known, so name four labels of each photograph in foils"):
        foils(images, told)
    named = {"foil": "table", "foils": {"a": "yak|owl|hen|pig"}}
    assert foils(images, told, **named) == {"a": "dog|yak|owl|hen|pig"}
    with pytest.raises(SelectionError, match="'four further labels' removed 1"):
        foils(images, told, foil="table", foils={"a": "dog|owl|hen|pig"})  # it shows a dog
    with pytest.raises(SelectionError, match="'four further labels' removed 1"):
        foils(images, told, foil="table", foils={"a": "yak|owl|hen|" + "o" * (LONGEST_FOIL - 15)})  # with dog: 501


def test_before_anything_is_computed_every_annotated_photograph_may_do():
    images = [photograph("a", "dog"), photograph("b", "cat")]
    request = StimulusRequest("t", KIND, 1, ("cam",), ("n",))
    assert at_most_eligible([request], images, ("cat", "dog"))["t"][0] == 2
