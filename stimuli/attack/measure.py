"""Grad-CAM of the categories that are there, before and after a perturbation, with a random one beside it."""

import base64
import hashlib
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor, nn

from models.catalogue import LoadedNetwork
from models.image_files import read_image
from models.photographs import Photograph
from models.transform import fitted
from stimuli.attack.config import AttackConfig
from stimuli.attack.perturb import perturbed, shuffled
from stimuli.devices import ieee_float32
from stimuli.errors import AttackError
from stimuli.evaluate.box_energy import share_in_boxes
from stimuli.evaluate.resumed import in_parts
from stimuli.explain.engine import explain
from stimuli.produce.render import render
from stimuli.rendering import Rendering

METHOD = "grad-cam"
AFTER = ("attack", "random")
TOGETHER = 4  # photographs changed together, and a part that a stopped run does not do again
OVERLAY = Rendering("overlay-v1")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Attack:
    """One network under attack on a device."""

    network: LoadedNetwork
    categories: tuple[str, ...]  # of the study
    config: AttackConfig
    device: torch.device

    def target(self, image: Photograph) -> str:
        """The absent category that a photograph is pushed towards; `chosen` left one for each."""
        absent = [category for category in self.categories if category not in image.categories]
        if self.config.target:
            return self.config.target
        drawn = hashlib.sha256(f"{self.config.seed}\x1f{image.image_id}".encode()).digest()
        return absent[int.from_bytes(drawn[:8], "big") % len(absent)]

    def measured(self, images: Sequence[Photograph], shown: Collection[str] = ()) -> list[dict[str, Any] | None]:
        """A record for each photograph as JSON, None for one whose strongest category is not annotated.

        A record has `probabilities` of the target and the present categories before and after, and for each present
        one its resemblance before and after (`_resemblance`); those of the ids `shown` have pictures.
        """
        module = self.network.module.to(self.device)
        pictures = torch.stack([fitted(read_image(i.path), self.network.transform) for i in images])
        pictures = (pictures / 255).to(self.device)
        with ieee_float32(), torch.no_grad():
            tops = module(self._inputs(pictures))[:, self._studied].argmax(1).tolist()
        right = [n for n, image in enumerate(images) if self.categories[tops[n]] in image.categories]
        found: list[dict[str, Any] | None] = [None] * len(images)
        if right:
            records = self._attacked(module, [images[n] for n in right], pictures[right], shown)
            for place, record in zip(right, records, strict=True):
                found[place] = record
        return found

    @property
    def _studied(self) -> list[int]:
        return [self.network.categories.index(category) for category in self.categories]

    def _inputs(self, pictures: Tensor) -> Tensor:
        transform = self.network.transform
        mean, std = (pictures.new_tensor(of).view(3, 1, 1) for of in (transform.mean, transform.std))
        return (pictures - mean) / std

    def _attacked(
        self, module: nn.Module, images: Sequence[Photograph], pictures: Tensor, shown: Collection[str]
    ) -> list[dict[str, Any]]:
        asked = [(*(c for c in self.categories if c in i.categories), self.target(i)) for i in images]
        places = [[self.network.categories.index(category) for category in of_image] for of_image in asked]
        target = torch.tensor([of_image[-1] for of_image in places], device=self.device)
        present = torch.zeros(len(images), len(self.network.categories), device=self.device)
        for row, of_image in enumerate(places):
            present[row, of_image[:-1]] = 1
        with ieee_float32():
            changed = perturbed(
                lambda x: module(self._inputs(x)), pictures, target, present, self.network.single_label, self.config
            )
        versions = {"before": pictures, "attack": changed, "random": shuffled(pictures, changed, self.config.seed)}
        seen = {version: self._explained(module, of_version, places) for version, of_version in versions.items()}
        return [
            self._record(image, asked[row], {version: of[row] for version, of in seen.items()})
            | {"change": float((changed[row] - pictures[row]).abs().max() * 255)}
            | ({"pictures": _pictures({v: of[row] for v, of in seen.items()})} if image.image_id in shown else {})
            for row, image in enumerate(images)
        ]

    def _explained(self, module: nn.Module, pictures: Tensor, places: Sequence[Sequence[int]]) -> list["_Seen"]:
        network = self.network
        found = explain(module, self._inputs(pictures), places, [METHOD], network.target_layer, reshape=network.layout)
        logits = found.logits.double().cpu()
        probabilities = logits.softmax(1) if network.single_label else logits.sigmoid()
        maps = found.maps[METHOD][:, 0].cpu().split([len(of_image) for of_image in places])
        return [
            _Seen(picture, probabilities[row, places[row]].tolist(), maps[row])
            for row, picture in enumerate(pictures.cpu())
        ]

    def _record(self, image: Photograph, asked: Sequence[str], seen: dict[str, "_Seen"]) -> dict[str, Any]:
        *there, target = asked
        return {
            "image": image.image_id,
            "target": target,
            "probabilities": {v: dict(zip(asked, of.probabilities, strict=True)) for v, of in seen.items()},
            "present": {
                category: {
                    after: _resemblance(
                        seen["before"].maps[place], seen[after].maps[place], image, category, self.config.threshold
                    )
                    for after in AFTER
                }
                for place, category in enumerate(there)
            },
        }


@dataclass(frozen=True)
class _Seen:
    """A version of a photograph (3, H, W) in [0, 1], with probabilities and maps (K, H, W) of what is asked for."""

    picture: Tensor
    probabilities: list[float]
    maps: Tensor


def _resemblance(
    before: Tensor, after: Tensor, image: Photograph, category: str, threshold: float
) -> dict[str, float | None]:
    """Spearman's rank correlation (None where a map is constant), IoU of what is above the threshold, and whether the
    maximum is in a box of the category before and after (None without boxes)."""
    constant = any(bool(m.min() == m.max()) for m in (before, after))
    boxes = [found.box for found in image.objects if found.category == category and found.box is not None]
    return {
        "rank_correlation": None if constant else float(spearmanr(before.flatten(), after.flatten()).statistic),
        "iou": None if constant else overlap(before, after, threshold),
        "hit_before": _hit(before, image, boxes),
        "hit_after": _hit(after, image, boxes),
    }


def overlap(before: Tensor, after: Tensor, threshold: float) -> float:
    """IoU of the places where each map is at least `threshold` of its maximum."""
    first, second = (m >= threshold * m.max() for m in (before, after))
    return float((first & second).sum() / (first | second).sum())


def _hit(found: Tensor, image: Photograph, boxes: Sequence[Any]) -> float | None:
    """1 where the maximum is in a box, 0 where it is not or the map is empty."""
    if not boxes:
        return None
    where = torch.zeros(found.numel())
    where[found.argmax()] = float(found.max() > found.min())
    return float(share_in_boxes(where.view_as(found), boxes, image.width, image.height) > 0)


def _pictures(seen: dict[str, _Seen]) -> dict[str, str]:
    """PNG files as base64: the photograph before and after, the change about mid-grey, and the maps over them."""
    before, after = seen["before"].picture, seen["attack"].picture
    change = after - before
    found = {
        "before": before.permute(1, 2, 0) * 255,
        "attack": after.permute(1, 2, 0) * 255,
        "change": (128 + 127 * change / change.abs().max().clamp(min=1e-9)).permute(1, 2, 0),
    }
    for version, of in seen.items():
        drawn = render(of.maps[:, None], OVERLAY, of.picture.expand(len(of.maps), -1, -1, -1))
        found |= {f"{version} {place}": picture.float() for place, picture in enumerate(drawn)}
    return {name: _png(pixels) for name, pixels in found.items()}


def _png(pixels: Tensor) -> str:
    encoded = io.BytesIO()
    Image.fromarray(pixels.round().clamp(0, 255).to(torch.uint8).numpy()).save(encoded, "PNG")
    return base64.b64encode(encoded.getvalue()).decode()


def records(
    task: Attack, images: Sequence[Photograph], show: int, out: Path, progress: Progress = lambda done, total: None
) -> list[dict[str, Any] | None]:
    """`Attack.measured` of all `images`, the first `show` with pictures; kept beside `out` until it is written."""
    shown = {image.image_id for image in images[:show]}
    run = {
        "of": "attack",
        "network": task.network.sha256,
        "config": task.config.model_dump(),
        "categories": task.categories,
    }
    found = in_parts(
        out,
        run,
        [images[start : start + TOGETHER] for start in range(0, len(images), TOGETHER)],
        lambda job: [[str(image.path), image.path.stat().st_mtime_ns, image.image_id in shown] for image in job],
        lambda job: task.measured(job, shown),
        progress,
    )
    return [record for part in found for record in part]


def chosen(images: Sequence[Photograph], categories: Sequence[str], config: AttackConfig) -> list[Photograph]:
    """The photographs to attack: those with a category of the study, spread evenly over the split.

    Raises AttackError where there is none, or the target is no category of the study.
    """
    if config.target and config.target not in categories:
        raise AttackError(f"attack.target: no category {config.target!r} in the study; it has {', '.join(categories)}")
    shown = [image for image in images if set(image.categories) & set(categories)]
    fit = [
        image for image in shown if config.target not in image.categories and set(categories) - set(image.categories)
    ]
    if not fit:
        raise AttackError(
            f"none of {len(images)} photographs of the split has a category of the study and lacks the target; name"
            " another split or target"
        )
    count = min(config.images, len(fit))
    return [fit[place * len(fit) // count] for place in range(count)]
