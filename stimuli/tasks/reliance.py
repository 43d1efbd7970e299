"""Reliance: the network's own prediction is the advice, and it is right for half of the images."""

from collections.abc import Sequence
from dataclasses import replace

from contracts.foil_text import BETWEEN
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predicted, Predictions, StimuliKind
from stimuli.tasks.predictions import AT_MOST, predicted


def advised(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """As where a prediction is judged, and with a second option."""
    found, of_network = predicted(request, predictions), predictions[request.networks[0]]

    def has_other(image: Photograph) -> bool:
        told = of_network[image.image_id]
        return len(told.strongest) < 2 or bool(other_option(image, told))

    return replace(found, conditions={**found.conditions, "a second option": has_other})


def other_option(image: Photograph, told: Predicted) -> str:
    """What people can choose in place of the prediction; empty where there is nothing.

    Where the prediction is right, the network's strongest category that is not in the image. Where it is wrong, what is
    in the image, of several the one that the network rates highest.
    """
    if told.top in image.categories:
        return next((name for name in told.strongest if name not in image.categories), "")
    return next((name for name in (*told.strongest, *image.categories) if name in image.categories), "")


def both(_request: StimulusRequest, predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """The wrong and the right option."""
    by_id = {image.image_id: image for image in images}

    def options(image: Photograph, category: str, network: str) -> str:
        known = by_id[image.image_id]
        other = other_option(known, predictions[network][image.image_id])
        return BETWEEN.join((other, category) if category in known.categories else (category, other))

    return options


KIND = StimuliKind(advised, both, AT_MOST, machine_answer=None)
