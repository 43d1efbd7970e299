"""Right and wrong predictions: which images show them, and what a picture says of one to a machine observer."""

from collections import Counter
from collections.abc import Callable, Sequence

from contracts.class_groups import OUTSIDE, WITHIN
from contracts.stimulus_set import Stimulus
from models.labels import has_name
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Evidence, FoilOf, Predicted, Predictions

AT_MOST = "at most {n} that fit (half of them must be predicted wrongly)"
BINS = 5  # of the network's confidence, equally wide


def predicted(request: StimulusRequest, predictions: Predictions, is_told: bool = True) -> Eligibility:
    """Images of the study's categories, whatever is predicted for them; equally many right and wrong predictions.

    A prediction that people are told needs a name.
    """
    of_network = predictions[request.networks[0]]

    def is_right(image: Photograph) -> bool:
        return of_network[image.image_id].top in image.categories

    def confidence(image: Photograph) -> str:
        sure = of_network[image.image_id].confidence
        return "not told" if sure is None else f"{min(int(sure * BINS), BINS - 1) / BINS:.0%} and more"

    group_of = request.error_groups

    def has_groups(image: Photograph) -> bool:
        top = of_network[image.image_id].top
        return top in group_of and any(name in group_of for name in image.categories)

    def error(image: Photograph) -> str:
        if is_right(image):
            return ""
        groups = {group_of[name] for name in image.categories if name in group_of}
        return WITHIN if group_of[of_network[image.image_id].top] in groups else OUTSIDE

    groups = {"a group for the prediction and an annotated category": has_groups} if group_of else {}
    return Eligibility(
        explained=lambda image: (of_network[image.image_id].top,),
        conditions={
            "a prediction": lambda image: bool(of_network[image.image_id].top),
            **(
                {"a name for the prediction": lambda image: has_name(of_network[image.image_id].top)} if is_told else {}
            ),
            **groups,
        },
        in_study=False,
        sorts={"predicted rightly": is_right, "predicted wrongly": lambda image: not is_right(image)},
        matched_by=confidence if request.matched else None,
        error=error if group_of else None,
        recorded=lambda images: _errors(images, has_groups, error) if group_of else {},
    )


def _errors(
    images: Sequence[Photograph], has_groups: Callable[[Photograph], bool], error: Callable[[Photograph], str]
) -> dict[str, dict[str, int]]:
    """How many wrong predictions of each kind there are, for the provenance."""
    counts = Counter(error(image) for image in images if has_groups(image))
    return {"wrong_predictions": {name: counts[name] for name in (WITHIN, OUTSIDE)}}


def correct(image: Photograph, told: Predicted) -> str:
    """The predicted class where it is annotated, else the annotated one that the network rates highest."""
    rated = (told.top, *told.leading, *told.strongest, *image.categories)
    return next(name for name in rated if name in image.categories)


def wrong_verdict(images: Sequence[Photograph], of_right: str, of_wrong: str) -> FoilOf:
    """What is wrong to say of a prediction: `of_right` where it is right, `of_wrong` where it is wrong."""
    by_id = {image.image_id: image for image in images}
    return lambda image, category, _network: of_right if category in by_id[image.image_id].categories else of_wrong


def strengths(evidence: Sequence[Evidence], shown: Sequence[Stimulus]) -> tuple[float, float, float]:
    """The evidence for the prediction, the most for another category, and that for all together."""
    of_picture, category = evidence[0], shown[0].category
    own, others = of_picture.get(category, 0.0), [e for name, e in of_picture.items() if name != category] or [0.0]
    return own, max(others), own + sum(others)
