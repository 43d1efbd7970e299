"""Reliance: the network's own prediction is the advice, and it is right for half of the images."""

from collections.abc import Sequence

from contracts.tasks import BETWEEN
from models.labels import has_name
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predicted, Predictions, StimuliKind

BINS = 5  # of the network's confidence, equally wide


def advised(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images with a prediction and a second option, both with names; equally many right and wrong predictions."""
    of_network = predictions[request.networks[0]]

    def told(image: Photograph) -> Predicted:
        return of_network[image.image_id]

    def is_right(image: Photograph) -> bool:
        return told(image).top in image.categories

    def confidence(image: Photograph) -> str:
        sure = told(image).confidence
        return "not told" if sure is None else f"{min(int(sure * BINS), BINS - 1) / BINS:.0%} and more"

    return Eligibility(
        explained=lambda image: (told(image).top,),
        conditions={
            "a prediction": lambda image: bool(told(image).top),
            "a name for the prediction": lambda image: has_name(told(image).top),
            "a second option": lambda image: len(told(image).strongest) < 2 or bool(other_option(image, told(image))),
        },
        in_study=False,
        sorts={"predicted rightly": is_right, "predicted wrongly": lambda image: not is_right(image)},
        matched_by=confidence if request.matched else None,
    )


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


KIND = StimuliKind(advised, both, "at most {n} that fit (half of them must be predicted wrongly)", machine_answer=None)
