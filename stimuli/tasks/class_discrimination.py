"""Class discrimination: images with exactly two annotated categories, both explained."""

from collections.abc import Sequence

import numpy as np

from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, Predictions, StimuliKind


def two_annotated(_request: StimulusRequest, _predictions: Predictions) -> Eligibility:
    """Exactly two annotated categories; difficult objects count."""
    return Eligibility(
        lambda image: image.categories, {"exactly two annotated categories": lambda image: len(image.categories) == 2}
    )


def other_category(image: Photograph, category: str) -> str:
    """The image's other annotated category."""
    return next(other for other in image.categories if other != category)


def stronger_option(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """The option with the stronger evidence; a coin where both are equal."""
    of_picture, options = evidence[0], (shown[0].category, shown[0].foil)
    best = max(of_picture[option] for option in options)
    strongest = [option for option in sorted(options) if of_picture[option] == best]
    return strongest[rng.integers(len(strongest))]


KIND = StimuliKind(two_annotated, other_category, "{n} that fit", stronger_option)
