"""AI check: the network's label is explained, and it is right for half of the images."""

from collections.abc import Sequence

import numpy as np

from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Evidence, FoilOf, Predictions, StimuliKind
from stimuli.tasks.predictions import AT_MOST, predicted, strengths, wrong_verdict

YES, NO = KINDS["ai-check"].questions[0].values


def other_verdict(_request: StimulusRequest, _predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """What is wrong to say of the label."""
    return wrong_verdict(images, NO, YES)


def accepts(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """Yes where no category has more evidence than the label; a coin where all have the same."""
    own, other, total = strengths(evidence, shown)
    if not total or own == other:
        return (YES, NO)[rng.integers(2)]
    return YES if own > other else NO


KIND = StimuliKind(predicted, other_verdict, AT_MOST, accepts)
