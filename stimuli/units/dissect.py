"""Network Dissection (Bau et al. 2017): a unit is named by the category whose masks its strongest places overlap most.

A unit's threshold T is passed by half a percent of its places over all photographs. IoU is |M ∩ L| / |M ∪ L| over all
photographs, M the places above T of the enlarged map and L the mask.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.masks import mask_labels, mask_names
from models.photographs import Photograph
from stimuli.errors import UnitsError
from stimuli.explain.engine import explain
from stimuli.explain.methods import Method
from stimuli.explain.trace import Trace

TOP, LEAST = 0.005, 0.05  # share of places above a unit's threshold; IoU above which it gets a name
GRID, TOGETHER = 56, 8  # cells a side in which masks and maps are compared; photographs of a batch
UNLABELLED = 0  # index of a mask's pixels that show nothing named

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Unit:
    """A unit of the layer with the category that fits it best; it counts as named above LEAST."""

    number: int
    name: str
    iou: float

    @property
    def is_named(self) -> bool:
        """Whether the overlap is large enough for a name."""
        return self.iou > LEAST


def dissect(
    network: LoadedNetwork,
    images: Sequence[Photograph],
    device: torch.device,
    progress: Progress = lambda done, total: None,
) -> tuple[Unit, ...]:
    """Name the units of the network's target layer by the masks of `images`; those without masks are left out.

    Raises UnitsError where none has masks, PhotographError and ExplanationError.
    """
    names = mask_names(images)
    labelled = [(image, labels) for image in images if (labels := mask_labels(image, names)) is not None]
    if not labelled:
        raise UnitsError(
            f"none of {len(images)} photographs has masks; units are named by masks, which VOC layout keeps in"
            " SegmentationClass/<id>.png and COCO's in `segmentation` (docs/how-to/real-photographs.md)"
        )
    masks = torch.stack([_seen(labels, image, network) for image, labels in labelled])
    found: list[Tensor] = []
    for batch in _activations(network, [image for image, _ in labelled], device):
        found.append(batch)
        progress(sum(map(len, found)), len(labelled))
    return named_units(torch.cat(found), masks, names)


def named_units(activations: Tensor, masks: Tensor, names: Sequence[str]) -> tuple[Unit, ...]:
    """From a layer's `activations` (N, K, u, v) and the `masks` (N, S, S) of indices of `names` to its units.

    Index UNLABELLED names nothing.
    """
    thresholds = _thresholds(activations)
    units = len(thresholds)
    overlap, area, size = torch.zeros(units, len(names)), torch.zeros(units), torch.zeros(len(names))
    for maps, mask in zip(activations, masks, strict=True):
        large = F.interpolate(maps[None], mask.shape, mode="bilinear", align_corners=False)[0]
        above = (large > thresholds[:, None, None]).flatten(1).float()
        labels = F.one_hot(mask.flatten().long(), len(names)).float()
        overlap += above @ labels
        area, size = area + above.sum(1), size + labels.sum(0)
    ious = overlap / (area[:, None] + size - overlap).clamp(min=1)
    ious[:, UNLABELLED] = -1
    best = ious.max(1)
    return tuple(
        Unit(number, names[place], max(iou, 0.0))
        for number, (iou, place) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True))
    )


def _thresholds(activations: Tensor) -> Tensor:
    """(K,): the value above which TOP of a unit's places are."""
    places = activations.transpose(0, 1).flatten(1)
    rank = max(1, round((1 - TOP) * places.shape[1]))
    return places.kthvalue(rank, 1).values


def _seen(labels: Tensor, image: Photograph, network: LoadedNetwork) -> Tensor:
    """What the network sees of a mask, in GRID² cells, by the nearest pixel."""
    left, top, width, height = network.transform.seen(image.width, image.height)
    rows = (top + (torch.arange(GRID) + 0.5) * height / GRID).long().clamp(0, image.height - 1)
    columns = (left + (torch.arange(GRID) + 0.5) * width / GRID).long().clamp(0, image.width - 1)
    return labels[rows][:, columns]


def _activations(network: LoadedNetwork, images: Sequence[Photograph], device: torch.device) -> Iterator[Tensor]:
    module, layer = network.module.to(device), network.target_layer
    for start in range(0, len(images), TOGETHER):
        batch = [preprocess(read_image(image.path), network.transform) for image in images[start : start + TOGETHER]]
        inputs = torch.stack(batch).to(device)
        asked = {"activations": Method(_outputs, at_picture=())}
        yield (
            explain(module, inputs, [[0]] * len(batch), asked, layer, reshape=network.layout).maps["activations"].cpu()
        )


def _outputs(trace: Trace) -> Tensor:
    return trace.activations.detach()
