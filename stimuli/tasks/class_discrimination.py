"""Class discrimination: two categories are on offer, and the picture explains one of them.

Either both are annotated in the image and each is explained, or one is annotated and explained, and the other is chosen
as the task's `foil` says.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from contracts.foils import ANNOTATED, FOILS, TABLE
from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, FoilOf, Predictions, StimuliKind


def annotated(request: StimulusRequest, _predictions: Predictions) -> Eligibility:
    """Exactly two annotated categories, or exactly one where the other option comes from elsewhere."""
    conditions: dict[str, Callable[[Photograph], bool]] = {
        "exactly two annotated categories": lambda image: len(image.categories) == 2
    }
    if FOILS[request.foil].single_label:
        conditions = {"exactly one annotated category": lambda image: len(image.categories) == 1}
    if request.foil == TABLE:
        conditions["another category in the table of foils"] = lambda image: (
            request.foils.get(image.image_id, image.categories[0]) != image.categories[0]
        )
    return Eligibility(lambda image: image.categories, conditions)


def foil_of(request: StimulusRequest, predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """The wrong option of an image, by the task's `foil`. Of equally frequent runners-up the first by its name."""

    def runner_up(image: Photograph, category: str, network: str) -> str:
        return predictions[network][image.image_id].runner_up(category)

    def confusable(_image: Photograph, category: str, network: str) -> str:
        counts = Counter(runner_up(i, category, network) for i in images if i.categories == (category,))
        return min(counts, key=lambda other: (-counts[other], other))

    found: dict[str, FoilOf] = {
        ANNOTATED: lambda image, category, _network: next(o for o in image.categories if o != category),
        "runner-up": runner_up,
        "confusable": confusable,
        TABLE: lambda image, _category, _network: request.foils[image.image_id],
    }
    return found[request.foil]


def stronger_option(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """The option with the stronger evidence; a coin where both are equal."""
    of_picture, options = evidence[0], (shown[0].category, shown[0].foil)
    best = max(of_picture.get(option, 0.0) for option in options)
    strongest = [option for option in sorted(options) if of_picture.get(option, 0.0) == best]
    return strongest[rng.integers(len(strongest))]


KIND = StimuliKind(annotated, foil_of, "{n} that fit", stronger_option)
