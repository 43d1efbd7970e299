"""Simulatability: the network predicts one of two classes, each for half of the images; people predict which."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, FoilOf, Predictions, StimuliKind


def predicted_class(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images for which one of the two classes is predicted; of a matched task half of each class rightly."""
    of_network = predictions[request.networks[0]]

    def top(image: Photograph) -> str:
        return of_network[image.image_id].top

    return Eligibility(
        explained=lambda image: (top(image),),
        conditions={f"a prediction of {' or '.join(request.classes)}": lambda image: top(image) in request.classes},
        in_study=False,
        sorts=_sorts(request, top),
        counts=lambda images: _most_predicted(Counter(map(top, images))),
    )


def _sorts(request: StimulusRequest, top: Callable[[Photograph], str]) -> Mapping[str, Callable[[Photograph], bool]]:
    if not request.matched:
        return {f"predicted {name}": partial(_is, name, None, top) for name in request.classes}
    how = {"rightly": True, "wrongly": False}
    return {
        f"predicted {name} {word}": partial(_is, name, is_right, top)
        for name in request.classes
        for word, is_right in how.items()
    }


def _is(name: str, is_right: bool | None, top: Callable[[Photograph], str], image: Photograph) -> bool:
    """Whether `name` is predicted, and rightly or wrongly where that is asked."""
    return top(image) == name and is_right in (None, name in image.categories)


def _most_predicted(counts: Counter[str]) -> str:
    """What the network predicts most often, for people who must name two classes."""
    return f"; predicted are {', '.join(f'{name} {n}' for name, n in counts.most_common(5))}"


def other_class(request: StimulusRequest, _predictions: Predictions, _images: Sequence[Photograph]) -> FoilOf:
    """The class that is not predicted."""
    return lambda _image, category, _network: next(name for name in request.classes if name != category)


KIND = StimuliKind(
    predicted_class,
    other_class,
    "at most {n} that fit (half of them must be predicted as either class)",
    machine_answer=None,  # it would have to learn from the examples
)
