"""Trust: images on which all networks have the same, annotated top category, which is explained."""

from collections.abc import Sequence
from itertools import combinations
from operator import eq

import numpy as np

from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, Predictions, StimuliKind

STEPS = (1.1, 2.0)  # times as much evidence: from here "slightly", from here "clearly" more reliable


def agreed_prediction(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """The same top category for all the task's networks, and that category annotated."""

    def explained(image: Photograph) -> tuple[str, ...]:
        return tuple(sorted({predictions[network][image.image_id].top for network in request.networks}))

    listed = " and ".join(filter(None, (", ".join(request.networks[:-1]), request.networks[-1])))
    return Eligibility(
        explained,
        {
            f"the same top category for {listed}": lambda image: len(explained(image)) == 1,
            "the top category annotated": lambda image: set(explained(image)) <= set(image.categories),
        },
        counts=lambda images: _agreements(request.networks, predictions, images),
    )


def _agreements(networks: Sequence[str], predictions: Predictions, images: Sequence[Photograph]) -> str:
    """How many images each pair of three networks or more agrees on."""
    pairs = list(combinations(networks, 2))
    tops = {name: [predictions[name][image.image_id].top for image in images] for name in networks}
    agreed = [f"{a} and {b} agree on {sum(map(eq, tops[a], tops[b]))}" for a, b in pairs]
    return f"; of {len(images)} images {', '.join(agreed)}" if len(pairs) > 1 else ""


def preferred_side(evidence: Sequence[Evidence], shown: Sequence[Stimulus], _rng: np.random.Generator) -> str:
    """Towards the left side, −2 … 2, by how many times more strongly its picture speaks for the predicted category."""
    left, right = (of_picture[shown[0].category] for of_picture in evidence)
    less, more = sorted((left, right))
    size = sum(more >= step * less for step in STEPS) if more > less else 0
    return str(size if left > right else -size)


KIND = StimuliKind(
    agreed_prediction,
    lambda _request, _predictions, _images: lambda _image, _category, _network: "",
    "at most {n} that fit (the networks must agree on them)",
    preferred_side,
)
