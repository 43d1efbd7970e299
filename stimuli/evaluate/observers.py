"""Machine observers: programs that answer a study's own trials from the pictures that participants would see.

An observer says of a picture how strongly it speaks for each category, from 0 to 1. In class discrimination the option
with the stronger evidence is chosen; in trust the side whose picture speaks more strongly for the predicted category is
called more reliable, by how much being read off fixed steps. Equal evidence is a tie: a coin, and in trust "equally".

Their controls must come out at chance, whatever the observer does:

- **blank**: every picture is plain grey, so all evidence is equal or depends on the options alone. Both of an image's
  categories are asked with the same options, so one of the two answers is right: 50 %. Trust is always a tie.
- **shuffled-category**: the picture is, by a coin, that of the category asked or of the other one: 50 % in expectation.
  Tiles that show several categories are exchanged at random: one of four is right in expectation.
- **identical-maps**: both sides of a trust trial show the left picture: always a tie, 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from contracts.tiles import TILES, Tiled
from models.boxes import Box
from models.photographs import AnnotatedObject, Photograph
from stimuli.errors import ObserverError
from stimuli.evaluate.box_energy import energy, share_in_boxes
from stimuli.evaluate.classifier import probabilities, train
from stimuli.evaluate.other_images import Lessons
from stimuli.produce.render import MID_GREY
from stimuli.produce.tiling import cut, tiled
from stimuli.rendering import RenderingOf
from stimuli.tasks.kinds import STIMULI_KINDS


@dataclass(frozen=True)
class Question:
    """One trial: who answers it, and the stimuli shown (one, or left and right)."""

    trial_id: str
    participant_id: str
    shown: tuple[Stimulus, ...]
    kind: str  # name of the kind of task
    other: Stimulus | None = None  # the same of the image's other category, where there is one

    @property
    def is_pair(self) -> bool:
        return len(self.shown) > 1


# (who observes, the stimulus and its picture (H, W, 3) uint8) → category → evidence
Observer = Callable[[str, Stimulus, Tensor], Mapping[str, float]]
Pictures = Callable[[Stimulus], Tensor]
CONTROLS = ("blank", "shuffled-category", "identical-maps")


def box_energy_observer(images: Mapping[str, Photograph], rendering: RenderingOf) -> Observer:
    """Evidence for a category: the share of the picture's energy in its boxes. An oracle: it knows the annotation.

    Of a picture with tiles: the energy of the category's tile.
    """

    def observe(_participant: str, stimulus: Stimulus, picture: Tensor) -> dict[str, float]:
        image, energies = images[stimulus.image_id], energy(picture, stimulus.method, rendering(stimulus.method))
        if shown := Tiled.found(stimulus.foil):
            return dict(zip(shown.names, cut(energies).sum((1, 2)).tolist(), strict=True))
        boxes = {c: [_known_box(o, image) for o in image.objects if o.category == c] for c in image.categories}
        return {c: share_in_boxes(energies, of_it, image.width, image.height) for c, of_it in boxes.items()}

    return observe


def _known_box(found: AnnotatedObject, image: Photograph) -> Box:
    if found.box is None:
        raise ObserverError(
            f"the box of {found.category} in {image.path} is unknown, and machine:box-energy needs it;"
            " annotate it on the upright picture, or name the other observers with --observers"
        )
    return found.box


def classifier_observer(
    taught: Mapping[str, Lessons],
    categories: Sequence[str],
    participants: Sequence[str],
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Observer:
    """Evidence for a category: the probability that a small network gives it, one network a participant and method,
    trained on `taught`: visualizations by this method of images that the study does not show.
    """
    models: dict[tuple[str, str], nn.Module] = {}
    total = len(participants) * len(taught)
    for place, participant in enumerate(participants):
        for method, lesson in sorted(taught.items()):
            stream = int(np.random.SeedSequence([seed, place, len(models)]).generate_state(1)[0])
            models[participant, method] = train(lesson.inputs, lesson.labels, len(categories), stream)
            progress(len(models), total)

    def observe(participant: str, stimulus: Stimulus, picture: Tensor) -> dict[str, float]:
        found = probabilities(models[participant, stimulus.method], picture[None])[0]
        return dict(zip(categories, found.tolist(), strict=True))

    return observe


def answers(
    questions: Sequence[Question],
    observe: Observer,
    pictures: Pictures,
    rng: np.random.Generator,
    control: str | None = None,
) -> dict[str, str]:
    """trial_id → the option's value, as a browser would post it. A control answers only the kind of trial it is for."""
    given = {}
    for question in questions:
        if (shown := _shown(question, pictures, rng, control)) is None:
            continue
        if (answer := STIMULI_KINDS[question.kind].machine_answer) is None:
            continue
        evidence = [observe(question.participant_id, s, p) for s, p in zip(question.shown, shown, strict=True)]
        given[question.trial_id] = answer(evidence, question.shown, rng)
    return given


def _shown(
    question: Question, pictures: Pictures, rng: np.random.Generator, control: str | None
) -> tuple[Tensor, ...] | None:
    """The pictures that the observer meets; None where the control is not for this kind of trial."""
    shown = tuple(map(pictures, question.shown))
    match control:
        case None:
            return shown
        case "blank":
            return tuple(torch.full_like(picture, MID_GREY) for picture in shown)
        case "shuffled-category" if KINDS[question.kind].tiles:
            order = torch.from_numpy(rng.permutation(TILES))
            return (tiled(cut(shown[0])[order].permute(0, 3, 1, 2))[0].permute(1, 2, 0),)
        case "shuffled-category" if question.other:
            return (shown[0] if rng.random() < 0.5 else pictures(question.other),)
        case "identical-maps" if question.is_pair:
            return shown[0], shown[0]
    return None
