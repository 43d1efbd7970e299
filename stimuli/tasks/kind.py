"""What stimuli/ must know of a kind of task in addition to the facts of contracts/tasks.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.config import StimulusRequest


@dataclass(frozen=True)
class Predicted:
    """A network's top category for an image, and the strongest two of the study's categories, the strongest first.

    `confidence`: the probability of the top category; None where it is not told. `leading`: the strongest of all its
    categories, the first of them the top one; empty where they are not told.
    """

    top: str
    strongest: tuple[str, ...]
    confidence: float | None = None
    leading: tuple[str, ...] = ()

    def runner_up(self, category: str) -> str:
        """The strongest category of the study but for `category`."""
        return next(other for other in self.strongest if other != category)


Predictions = Mapping[str, Mapping[str, Predicted]]
"""Network → image id → what the network predicts."""

FoilOf = Callable[[Photograph, str, str], str]
"""(image, explained category, network) → the wrong option; empty where there is none."""


@dataclass(frozen=True)
class Eligibility:
    """Which images a task may show. `conditions` are tried in their order; each says in words what it asks for.

    `explains`: whether an explained category of an image is explained of a network. `sorts`: in words the sorts of
    image of which a task shows equally many. `matched_by`: in each of them equally many images have each of its
    values; None: each explained category is used equally as far as that reaches. `error`: the kind of error of a wrong
    prediction, empty of a right one, of which a task shows equally many; None: any. `tiles`: what a picture of an image
    explains for a network side by side, in the order of its tiles; empty: the explained category alone. `remedy`:
    what the kind's own keys can do where too few images are left.
    """

    explained: Callable[[Photograph], tuple[str, ...]]  # the categories that an image's visualizations explain
    conditions: Mapping[str, Callable[[Photograph], bool]]
    explains: Callable[[Photograph, str, str], bool] = lambda _image, _category, _network: True
    in_study: bool = True  # all explained categories must be the study's; else the network's names for them
    sorts: Mapping[str, Callable[[Photograph], bool]] = field(default_factory=dict)
    matched_by: Callable[[Photograph], str] | None = None
    error: Callable[[Photograph], str] | None = None
    tiles: Callable[[Photograph, str], tuple[str, ...]] = lambda _image, _network: ()
    counts: Callable[[Sequence[Photograph]], str] = lambda _images: ""  # told of all images where too few are eligible
    remedy: str = ""
    recorded: Callable[[Sequence[Photograph]], Mapping[str, Any]] = lambda _images: {}  # of all, for the provenance


Evidence = Mapping[str, float]
"""Category → how strongly a picture speaks for it, to a machine observer."""

Answer = Callable[[Sequence[Evidence], Sequence[Stimulus], np.random.Generator], str]
"""From the evidence of each picture shown, and what it is of, to the value that the observer answers."""


@dataclass(frozen=True)
class StimuliKind:
    """A kind of task: its eligible images, an image's wrong option, how a machine observer answers.

    `at_most` describes, for `check`, how many images fit before anything is computed. `machine_answer` is None where no
    machine observer makes sense.
    """

    eligible: Callable[[StimulusRequest, Predictions], Eligibility]
    foil: Callable[[StimulusRequest, Predictions, Sequence[Photograph]], FoilOf]  # with all images of the split
    at_most: str
    machine_answer: Answer | None
