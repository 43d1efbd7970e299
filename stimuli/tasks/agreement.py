"""Agreement: the network's own prediction is explained, and it is right for half of the images."""

from collections.abc import Sequence

import numpy as np

from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from models.labels import has_name
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, FoilOf, Predictions, StimuliKind

RIGHT, WRONG = "correct", "incorrect"
BINS = 5  # of the network's confidence, equally wide
SURE = 0.5  # the share of all evidence from which a machine observer is "fairly" confident
DEGREES = KINDS["agreement"].questions[0].values


def predicted(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images of the study's categories, whatever is predicted for them; equally many right and wrong predictions."""
    of_network = predictions[request.networks[0]]

    def is_right(image: Photograph) -> bool:
        return of_network[image.image_id].top in image.categories

    def confidence(image: Photograph) -> str:
        sure = of_network[image.image_id].confidence
        return "not told" if sure is None else f"{min(int(sure * BINS), BINS - 1) / BINS:.0%} and more"

    return Eligibility(
        explained=lambda image: (of_network[image.image_id].top,),
        conditions={
            "a prediction": lambda image: bool(of_network[image.image_id].top),
            "a name for the prediction": lambda image: has_name(of_network[image.image_id].top),
        },
        in_study=False,
        sorts={"predicted rightly": is_right, "predicted wrongly": lambda image: not is_right(image)},
        matched_by=confidence if request.matched else None,
    )


def other_verdict(_request: StimulusRequest, predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """What is wrong to say of the prediction."""
    by_id = {image.image_id: image for image in images}
    return lambda image, category, _network: WRONG if category in by_id[image.image_id].categories else RIGHT


def by_strength(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """That the prediction is right where no category has more evidence; a coin where all have the same."""
    of_picture, category = evidence[0], shown[0].category
    own, others = of_picture.get(category, 0.0), [e for name, e in of_picture.items() if name != category] or [0.0]
    total = own + sum(others)
    if not total or own == max(others):
        return DEGREES[1:3][rng.integers(2)]
    is_sure = max(own, *others) >= SURE * total
    return (DEGREES[0] if is_sure else DEGREES[1]) if own > max(others) else (DEGREES[3] if is_sure else DEGREES[2])


KIND = StimuliKind(
    predicted, other_verdict, "at most {n} that fit (half of them must be predicted wrongly)", by_strength
)
