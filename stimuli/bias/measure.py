"""What a network that learnt with a cue does on photographs in which the cue tells nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from models.boxes import Box
from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from models.scene_drawing import BACKGROUND
from models.transform import as_seen
from stimuli.bias.marked import Marked
from stimuli.devices import ieee_float32
from stimuli.evaluate.box_energy import share_in_boxes
from stimuli.evaluate.intervals import Interval, of_mean, of_share
from stimuli.explain.engine import explain

METHOD, TOGETHER = "grad-cam", 16


@dataclass(frozen=True)
class Decision:
    """What a network made of a test photograph. `energy` is the share of Grad-CAM for its decision on the cue, and
    `area` the cue's share of the picture; None where no cue is there, or where it is is not known."""

    image_id: str
    twin: str
    of_class: int
    has_cue: bool
    decided: int
    energy: float | None
    area: float | None

    @property
    def is_right(self) -> bool:
        """Whether the decision is the class."""
        return self.decided == self.of_class

    @property
    def agrees(self) -> bool:
        """Whether the cue speaks for the class: it goes with the first one."""
        return self.has_cue == (self.of_class == 0)


@dataclass(frozen=True)
class Outcome:
    """Figures of one network, intervals over scenes or photographs; None where there is nothing to count."""

    accuracy: Interval | None
    agreeing: Interval | None  # accuracy where the cue speaks for the class
    contradicting: Interval | None
    swapped: Interval | None  # decisions that change when the cue is swapped; of scenes alone
    energy: Interval | None
    area: Interval | None


def decisions(
    network: LoadedNetwork, classes: Sequence[str], cue: str, found: Sequence[Marked], device: torch.device
) -> list[Decision]:
    """Decide between the classes for each photograph, and see where Grad-CAM looks. Raises as `explain`."""
    module, places = network.module.to(device), [network.categories.index(name) for name in classes]
    made = []
    for start in range(0, len(found), TOGETHER):
        batch = found[start : start + TOGETHER]
        inputs = torch.stack([preprocess(read_image(m.image.path), network.transform) for m in batch]).to(device)
        with torch.inference_mode(), ieee_float32():
            decided = module(inputs)[:, places].argmax(1).tolist()
        maps = explain(
            module, inputs, [[places[d]] for d in decided], [METHOD], network.target_layer, reshape=network.layout
        ).maps[METHOD]
        for marked, choice, energies in zip(batch, decided, maps[:, 0].clamp(min=0).cpu(), strict=True):
            seen = as_seen(marked.image, network.transform)
            energy, area = on_cue(energies, seen, classes, cue) if marked.has_cue else (None, None)
            made.append(
                Decision(marked.image.image_id, marked.twin, marked.of_class, marked.has_cue, choice, energy, area)
            )
    return made


def on_cue(
    energies: Tensor, image: Photograph, classes: Sequence[str], cue: str
) -> tuple[float, float] | tuple[None, None]:
    """Share of `energies` (H, W) on the cue and the cue's share of the picture: the boxes of a companion, or all that
    is outside of the objects' boxes for the background. None without boxes, or where the map is empty."""
    names = set(classes) if cue == BACKGROUND else {cue}
    boxes: list[Box] = [o.box for o in image.objects if o.category in names and o.box is not None]
    if not boxes or not energies.any():
        return None, None
    shares = [share_in_boxes(of, boxes, image.width, image.height) for of in (energies, torch.ones_like(energies))]
    energy, area = [1 - share for share in shares] if cue == BACKGROUND else shares
    return energy, area


def swaps(made: Sequence[Decision]) -> tuple[int, int]:
    """How many decisions change when the cue is swapped, and of how many scenes that are there in both versions."""
    return _counts(_changes(_by_twin(made)))


def _by_twin(made: Sequence[Decision]) -> dict[str, list[Decision]]:
    twins: dict[str, list[Decision]] = defaultdict(list)
    for decision in made:
        twins[decision.twin].append(decision)
    return twins


def _changes(twins: Mapping[str, Sequence[Decision]]) -> list[bool]:
    return [len({d.decided for d in both}) > 1 for both in twins.values() if len({d.has_cue for d in both}) == 2]


def outcome(made: Sequence[Decision]) -> Outcome:
    """The figures of a balanced test; a scene that is tested twice counts once."""
    twins = _by_twin(made)
    looked = [d for d in made if d.energy is not None]
    return Outcome(
        of_mean([fmean(d.is_right for d in both) for both in twins.values()], 0, 1),
        of_share(*_counts(d.is_right for d in made if d.agrees)),
        of_share(*_counts(d.is_right for d in made if not d.agrees)),
        of_share(*swaps(made)),
        of_mean([d.energy for d in looked if d.energy is not None], 0, 1),
        of_mean([d.area for d in looked if d.area is not None], 0, 1),
    )


def _counts(found: Iterable[bool]) -> tuple[int, int]:
    hits = list(found)
    return sum(hits), len(hits)
