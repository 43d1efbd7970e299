"""AI check: the network's label is explained, and it is right for half of the images."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from contracts.stimulus_set import DEFERRED, Stimulus
from contracts.tasks import KINDS
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, FoilOf, Predicted, Predictions, StimuliKind
from stimuli.tasks.predictions import AT_MOST, predicted, strengths, wrong_verdict

YES, NO = KINDS["ai-check"].questions[0].values


def checked(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """As where a prediction is judged; with a deferral only what the network is less sure of."""
    found, of_network = predicted(request, predictions), predictions[request.networks[0]]
    if (limit := request.deferral) is None:
        return found

    def is_unsure(image: Photograph) -> bool:
        told = of_network[image.image_id]
        is_computed_later = told.confidence is None and bool(told.strongest)
        return is_computed_later or (told.confidence is not None and told.confidence < limit)

    return replace(
        found,
        conditions={**found.conditions, f"a confidence below {limit:.4g}": is_unsure},
        counts=lambda images: _unknown(images, of_network),
        remedy="raise its deferral",
        recorded=lambda images: {**found.recorded(images), "deferral": _divided(images, found, of_network, limit)},
    )


def _unknown(images: Sequence[Photograph], of_network: Mapping[str, Predicted]) -> str:
    told = (of_network[image.image_id] for image in images)
    is_known = any(each.confidence is not None or each.strongest for each in told)
    return (
        "" if is_known else "; deferral needs the confidence of a network in [networks], so remove it or describe one"
    )


def _divided(
    images: Sequence[Photograph], found: Eligibility, of_network: Mapping[str, Predicted], limit: float
) -> dict[str, int]:
    """How many right and wrong labels are accepted without asking, and how many are below `limit`."""
    labelled = [image for image in images if all(holds(image) for holds in found.conditions.values())]
    told = [(of_network[image.image_id], image) for image in labelled]
    counts = Counter((each.top in image.categories, (each.confidence or 0) >= limit) for each, image in told)
    sorts = ((True, True), (True, False), (False, True), (False, False))
    return {name: counts[sort] for name, sort in zip(DEFERRED, sorts, strict=True)}


def other_verdict(_request: StimulusRequest, _predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """What is wrong to say of the label."""
    return wrong_verdict(images, NO, YES)


def accepts(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """Yes where no category has more evidence than the label; a coin where all have the same."""
    own, other, total = strengths(evidence, shown)
    if not total or own == other:
        return (YES, NO)[rng.integers(2)]
    return YES if own > other else NO


KIND = StimuliKind(checked, other_verdict, AT_MOST, accepts)
