"""Cue detection: pictures with explanations of several photographs of one network, which relies on a cue or not."""

from collections.abc import Sequence

from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predictions, StimuliKind


def of_one_category(_request: StimulusRequest, _predictions: Predictions) -> Eligibility:
    """Pictures of exactly one category."""
    return Eligibility(
        explained=lambda image: image.categories[:1],
        conditions={"exactly one annotated category": lambda image: len(image.categories) == 1},
    )


def as_measured(request: StimulusRequest, _predictions: Predictions, _images: Sequence[Photograph]) -> FoilOf:
    """What is wrong, and right, to say of the network, which swapping the cue told."""
    return lambda _image, _category, network: request.relied_on[network]


KIND = StimuliKind(of_one_category, as_measured, "at most {n} that fit", machine_answer=None)
