"""Distinction: four classes are explained side by side; the network predicts one, rightly for half of the images.

The classes of a right prediction are the network's four strongest; those of a wrong one its three strongest and the
correct class (Kim et al., 2022, HIVE, supplement, section B). Of further annotated categories none is offered, so that
one class alone is correct.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from contracts.tiles import TILES, Tiled
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, FoilOf, Predicted, Predictions, StimuliKind
from stimuli.tasks.predictions import AT_MOST, correct, predicted

PLACES = KINDS["distinction"].questions[0].values


def offered(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """As where a prediction is judged, of images with a correct class and enough others."""
    found, of_network = predicted(request, predictions, is_told=False), predictions[request.networks[0]]

    def has_classes(image: Photograph) -> bool:
        told = of_network[image.image_id]
        return not told.leading or len(classes(image, told)) == TILES

    return replace(
        found,
        conditions={
            **found.conditions,
            "an annotated category": lambda image: bool(image.categories),
            "four classes to choose from": has_classes,
        },
        tiles=lambda image, network: tiled(image, predictions[network][image.image_id]).names,
        counts=lambda images: _too_few_classes(max((len(of_network[i.image_id].leading) for i in images), default=0)),
    )


def _too_few_classes(known: int) -> str:
    """Of a network that cannot fill the tiles; 0: what it predicts is not known yet."""
    lacks = 0 < known < TILES
    return f"; the network knows {known} classes, and the tiles need {TILES}: take another network" if lacks else ""


def classes(image: Photograph, told: Predicted) -> tuple[str, ...]:
    """The predicted class, the correct one, and the network's strongest that are not in the image: at most four."""
    others = (name for name in told.leading if name not in image.categories)
    return tuple(dict.fromkeys((told.top, correct(image, told), *others)))[:TILES]


def tiled(image: Photograph, told: Predicted) -> Tiled:
    """What the tiles of an image explain."""
    return Tiled.of(told.top, correct(image, told), classes(image, told))


def all_four(_request: StimulusRequest, predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """The four classes, which of them is predicted and which is correct."""
    by_id = {image.image_id: image for image in images}
    return lambda image, _category, network: str(tiled(by_id[image.image_id], predictions[network][image.image_id]))


def most_energy(evidence: Sequence[Evidence], shown: Sequence[Stimulus], rng: np.random.Generator) -> str:
    """The tile with the strongest evidence; a random one of equals."""
    of_picture, names = evidence[0], Tiled.read(shown[0].foil).names
    strengths = [of_picture.get(name, 0.0) for name in names]
    best = [place for place, strength in zip(PLACES, strengths, strict=True) if strength == max(strengths)]
    return best[int(rng.integers(len(best)))]


KIND = StimuliKind(offered, all_four, AT_MOST, most_energy)
