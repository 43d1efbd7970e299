"""Sentence fit: a network's decision among the study's categories is explained; a table has two sentences for it."""

from collections.abc import Sequence

from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predictions, StimuliKind


def with_sentences(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images of which the table has sentences; the strongest of the study's categories is explained."""
    of_network = predictions[request.networks[0]]
    return Eligibility(
        explained=lambda image: of_network[image.image_id].strongest[:1],
        conditions={
            "two sentences in the table of foils": lambda image: image.image_id in request.foils,
            "a prediction": lambda image: any(of_network[image.image_id].strongest[:1]),
        },
        in_study=False,
    )


def both_sentences(request: StimulusRequest, _predictions: Predictions, _images: Sequence[Photograph]) -> FoilOf:
    """The wrong and the right sentence, as the table has them."""
    return lambda image, _category, _network: request.foils[image.image_id]


# A machine observer knows what is annotated in the photograph, so it would choose without looking at the explanation.
KIND = StimuliKind(with_sentences, both_sentences, "at most {n} that fit", machine_answer=None)
