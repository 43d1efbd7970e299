"""Rating: every network's own prediction is explained, whatever it is."""

from models.labels import has_name
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.tasks.kind import Eligibility, Predictions, StimuliKind


def own_predictions(request: StimulusRequest, predictions: Predictions) -> Eligibility:
    """Images for which each of the task's networks predicts something that has a name, and none of which shows what a
    network out of distribution knows."""

    def tops(image: Photograph) -> tuple[str, ...]:
        return tuple(sorted({predictions[network][image.image_id].top for network in request.networks}))

    known = {category for categories in request.foreign.values() for category in categories}
    strange = "no object that a network out of distribution knows"
    return Eligibility(
        explained=tops,
        conditions={
            **({strange: lambda image: known.isdisjoint(image.categories)} if known else {}),
            "a prediction of each network": lambda image: all(tops(image)),
            "a name for each prediction": lambda image: all(map(has_name, tops(image))),
        },
        explains=lambda image, category, network: predictions[network][image.image_id].top == category,
        in_study=False,
    )


KIND = StimuliKind(
    own_predictions,
    lambda _request, _predictions, _images: lambda _image, _category, _network: "",
    "at most {n} that fit",
    machine_answer=None,
)
