"""Agreement: the network's own prediction is explained, and it is right for half of the images."""

from collections.abc import Sequence

import numpy as np

from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Evidence, FoilOf, Predictions, StimuliKind
from stimuli.tasks.predictions import AT_MOST, predicted, strengths, wrong_verdict

RIGHT, WRONG = "correct", "incorrect"
SURE = 0.5  # the share of all evidence from which a machine observer is "fairly" confident
DEGREES = KINDS["agreement"].questions[0].values


def other_verdict(_request: StimulusRequest, _predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """What is wrong to say of the prediction."""
    return wrong_verdict(images, WRONG, RIGHT)


def by_strength(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """That the prediction is right where no category has more evidence; a coin where all have the same."""
    own, other, total = strengths(evidence, shown)
    if not total or own == other:
        return DEGREES[1:3][rng.integers(2)]
    is_sure = max(own, other) >= SURE * total
    return (DEGREES[0] if is_sure else DEGREES[1]) if own > other else (DEGREES[3] if is_sure else DEGREES[2])


KIND = StimuliKind(predicted, other_verdict, AT_MOST, by_strength)
