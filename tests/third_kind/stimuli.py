"""Images in which all objects of one category are in one half; that category is explained."""

from collections.abc import Sequence

from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predictions, StimuliKind
from tests.third_kind.facts import HALVES


def half_of(image: Photograph, category: str) -> str:
    """The half with the middle of every box of the category; empty where they are in both."""
    middles = [(o.box[1] + o.box[3]) / 2 for o in image.objects if o.category == category]
    found = {HALVES[int(middle > image.height / 2)] for middle in middles}
    return found.pop() if len(found) == 1 else ""


def in_one_half(_request: StimulusRequest, _predictions: Predictions) -> Eligibility:
    def explained(image: Photograph) -> tuple[str, ...]:
        return tuple(category for category in image.categories if half_of(image, category))[:1]

    return Eligibility(explained, {"a category in one half": lambda image: bool(explained(image))})


def other_half(_request: StimulusRequest, _predictions: Predictions, _images: Sequence[Photograph]) -> FoilOf:
    upper, lower = HALVES
    return lambda image, category, _network: lower if half_of(image, category) == upper else upper


KIND = StimuliKind(in_one_half, other_half, "{n} with a category in one half", machine_answer=None)
