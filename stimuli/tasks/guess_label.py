"""Guessing a label: the network's wrong prediction is explained, and it is one of five labels.

The other four are the network's next strongest categories that are not in the image, or those that a table of the
researcher's tells. Both are fixed for an image, so that its items differ in their explanations alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.foil_text import BETWEEN, LONGEST_FOIL
from contracts.foils import TABLE
from contracts.label_choice import LABELS, LabelChoice, can_be_offered, is_choice
from models.labels import has_name
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predicted, Predictions, StimuliKind
from stimuli.tasks.predictions import correct, predicted


def misnamed(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images of a known content for which the network predicts something else, and four further labels."""
    of_network = predictions[request.networks[0]]
    found = predicted(request, predictions)

    def has_labels(image: Photograph) -> bool:
        told = of_network[image.image_id]
        is_unknown = request.foil != TABLE and len(told.strongest) == 1  # nothing is computed yet
        return is_unknown or _is_possible(image, told, further_labels(request, image, told))

    return replace(
        found,
        conditions={
            **found.conditions,
            "an annotated category": lambda image: bool(image.categories),
            "four further labels": has_labels,
        },
        sorts={"predicted wrongly": lambda image: of_network[image.image_id].top not in image.categories},
        matched_by=None,
        counts=lambda images: _remedy(request, images, of_network),
    )


def _is_possible(image: Photograph, told: Predicted, labels: Sequence[str]) -> bool:
    fits = is_choice(labels) and not {*labels} & {told.top, *image.categories}
    choice = LabelChoice(correct(image, told), tuple(labels))
    can_be_told = can_be_offered(choice.shown) and len(str(choice)) <= LONGEST_FOIL
    return fits and can_be_offered(told.top) and can_be_told


def _remedy(request: StimulusRequest, images: Sequence[Photograph], of_network: Mapping[str, Predicted]) -> str:
    """What gives an image its labels, where the network's scores are not known or it has too few categories."""
    if request.foil == TABLE:
        return ""
    known = max((len(of_network[image.image_id].leading) for image in images), default=0)
    if not known and not any(of_network[image.image_id].strongest for image in images):
        return f'; no scores are known, so name four labels of each photograph in foils, with foil = "{TABLE}"'
    lacks = 0 < known <= LABELS
    return f"; the network knows {known} classes, and more than {LABELS} are needed" if lacks else ""


def further_labels(request: StimulusRequest, image: Photograph, told: Predicted) -> tuple[str, ...]:
    """Those that the network did not give, of the strongest first; fewer than four where there are none."""
    if request.foil == TABLE:
        return tuple(request.foils.get(image.image_id, "").split(BETWEEN))
    taken = (told.top, *image.categories)
    others = (name for name in told.leading if name not in taken and has_name(name) and can_be_offered(name))
    return tuple(dict.fromkeys(others))[: LABELS - 1]


def shown_and_further(request: StimulusRequest, predictions: Predictions, images: Sequence[Photograph]) -> FoilOf:
    """What is in the image, of several categories the one that the network rates highest, and the four labels."""
    by_id = {image.image_id: image for image in images}

    def of_image(image: Photograph, _category: str, network: str) -> str:
        known, told = by_id[image.image_id], predictions[network][image.image_id]
        return str(LabelChoice(correct(known, told), further_labels(request, known, told)))

    return of_image


# A machine observer knows what is annotated in the photograph, and the label that the network gave never is.
KIND = StimuliKind(
    misnamed, shown_and_further, "at most {n} that fit (all of them must be predicted wrongly)", machine_answer=None
)
