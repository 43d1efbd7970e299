"""The job of `evaluate` and the worker that does it: photographs explained once, then measured by every metric."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.masks import masks_sha256
from models.photographs import Photograph
from stimuli.config import StimuliConfig
from stimuli.errors import ExplanationError, GenerationError
from stimuli.evaluate.asked_network import AskedNetwork
from stimuli.evaluate.baselines import BASELINE_MAPS
from stimuli.evaluate.metrics.metric import BASELINES, BOXES, MASK, NETWORK, PREDICTIONS, Metric, Sample
from stimuli.evaluate.metrics.registry import METRICS
from stimuli.evaluate.small_maps import small_map
from stimuli.evaluate.truth import boxes_of, is_difficult, mask_of
from stimuli.evaluate_config import EvaluateConfig
from stimuli.explain.own import methods_of_study
from stimuli.produce.method_sources import MethodSources

MAPS = "maps"  # in the place of a metric: what the page shows of each map
PREDICTED = 5  # categories, the strongest ones
Row = dict[str, Any]
"""JSON: image, category, method, and either values and curves or the reason why they are missing."""


@dataclass(frozen=True)
class Evaluation:
    """Some photographs whose maps one network makes, and the `metrics` that are computed of them."""

    network: str
    images: tuple[Photograph, ...]
    categories: tuple[tuple[str, ...], ...]  # of each image
    methods: tuple[str, ...]
    metrics: tuple[str, ...]

    @property
    def networks(self) -> tuple[str, ...]:
        """Those that it needs."""
        return (self.network,)

    @property
    def units(self) -> int:
        """What it counts in the progress."""
        return len(self.images)

    def part(self, metric: str, choices: EvaluateConfig) -> dict[str, Any]:
        """Everything that decides what comes of one metric, as JSON."""
        options = {} if metric == MAPS else choices.options_of(metric).model_dump(mode="json")
        objects = [
            [i.image_id, i.width, i.height, [[o.category, o.box, o.difficult] for o in i.objects]] for i in self.images
        ]
        told = {"network": self.network, "methods": self.methods, "metric": metric, "options": options}
        return told | {
            "images": objects,
            "masks": [*map(masks_sha256, self.images)],
            "categories": self.categories,
            "seed": choices.seed,
        }

    def __str__(self) -> str:
        return f"network {self.network!r}, images {', '.join(image.image_id for image in self.images)}"


@dataclass(frozen=True)
class EvaluatorOf:
    """Makes the worker of a network; a launcher may send it elsewhere."""

    choices: EvaluateConfig

    def __call__(
        self, network: LoadedNetwork, device: torch.device, config: StimuliConfig, sources: MethodSources
    ) -> "Evaluator":
        return Evaluator(self.choices, network, device, config, sources)


class Evaluator:
    """A network at work on a device. Metrics that ask the network are computed there, the others afterwards."""

    def __init__(
        self,
        choices: EvaluateConfig,
        network: LoadedNetwork,
        device: torch.device,
        config: StimuliConfig,
        sources: MethodSources,
    ) -> None:
        module = network.module if device.type == "cpu" else copy.deepcopy(network.module).to(device)
        self._choices, self._network = choices, network
        self._asked = AskedNetwork(network, module, methods_of_study(sources.configs), config.precision)

    def check(self, methods: Sequence[str]) -> None:
        """A method that this network cannot answer is found with the first photographs, and named on the page."""

    def read(self, job: Evaluation) -> Tensor:
        return torch.stack([preprocess(read_image(image.path), self._network.transform) for image in job.images])

    def compute(self, job: Evaluation, images: Tensor) -> tuple[list[tuple[Sample, str]], dict[str, list[Row]]]:
        pictures = images.to(self._asked.device)
        samples = list(self._samples(job, pictures))
        return samples, {name: self._rows(METRICS[name], samples) for name in self._named(job, asking=True)}

    def encode(
        self, job: Evaluation, computed: tuple[list[tuple[Sample, str]], dict[str, list[Row]]]
    ) -> dict[str, list[Row]]:
        samples, found = computed
        found |= {name: self._rows(METRICS[name], samples) for name in self._named(job, asking=False)}
        return found | ({MAPS: [self._shown(*sample) for sample in samples]} if MAPS in job.metrics else {})

    def _named(self, job: Evaluation, asking: bool) -> list[str]:
        return [name for name in job.metrics if name != MAPS and (NETWORK in METRICS[name].needs) == asking]

    def _samples(self, job: Evaluation, pictures: Tensor) -> Iterator[tuple[Sample, str]]:
        """Each map with the reason why it cannot be measured, empty where it can."""
        scores = self._asked.scores(pictures)
        if not scores.isfinite().all():
            raise GenerationError(
                f"{job}: scores are NaN or infinite; the checkpoint is broken, import or train it again"
            )
        wanted = [metric for name in job.metrics if (metric := METRICS.get(name))]
        names, most = self._network.categories, PREDICTED if any(PREDICTIONS in m.needs for m in wanted) else 0
        annotated = [[names.index(category) for category in of_image] for of_image in job.categories]
        strongest = scores.topk(min(most, scores.shape[1]), 1).indices.tolist()
        targets = [list(dict.fromkeys([*a, *s])) for a, s in zip(annotated, strongest, strict=True)]
        maps = {method: self._maps(method, pictures, targets) for method in job.methods}
        baselines = [name for name in BASELINES if any(name in metric.baselines for metric in wanted)]
        start = 0
        for row, image in enumerate(job.images):
            shared: dict[Any, Any] = {}
            for method in (*job.methods, *baselines):
                found, problem = self._of_image(method, maps, image, slice(start, start + len(targets[row])))
                heats = dict(zip(targets[row], found, strict=True))
                for category, target in zip(job.categories[row], annotated[row], strict=True):
                    yield (
                        self._sample(
                            image, category, method, target, heats, pictures[row], scores[row], strongest[row], shared
                        ),
                        problem or _unusable(heats[target]),
                    )
            start += len(targets[row])

    def _maps(self, method: str, pictures: Tensor, targets: list[list[int]]) -> tuple[Tensor, str]:
        try:
            return self._asked.maps(pictures, targets, [method])[method], ""
        except ExplanationError as error:
            side = self._network.transform.image_size
            return torch.zeros(sum(map(len, targets)), side, side, dtype=torch.float64), str(error)

    def _of_image(
        self, method: str, maps: Mapping[str, tuple[Tensor, str]], image: Photograph, pairs: slice
    ) -> tuple[Tensor, str]:
        if method in maps:
            return maps[method][0][pairs], maps[method][1]
        side = self._network.transform.image_size
        heat = BASELINE_MAPS[method]((side, side), image.image_id, self._choices.seed)
        return heat.expand(pairs.stop - pairs.start, side, side), ""

    def _sample(
        self,
        image: Photograph,
        category: str,
        method: str,
        target: int,
        heats: Mapping[int, Tensor],
        picture: Tensor,
        scores: Tensor,
        strongest: Sequence[int],
        shared: dict[Any, Any],
    ) -> Sample:
        transform, names = self._network.transform, self._network.categories
        place = ("mask", category)
        known = {name: names.index(name) for name in image.categories if name in names}
        if place not in shared:
            shared[place] = mask_of(image, category, transform)
        return Sample(
            image=image,
            category=category,
            method=method,
            target=target,
            heat=heats[target],
            picture=picture,
            scores=scores,
            boxes=boxes_of(image, category, transform),
            difficult=is_difficult(image, category),
            mask=shared[place],
            boxes_by_place={known[name]: boxes_of(image, name, transform) for name in known},
            predicted={place: heats[place] for place in strongest},
            annotated=frozenset(known.values()),
            network=self._asked,
            of_image=shared,
        )

    def _rows(self, metric: Metric, samples: Sequence[tuple[Sample, str]]) -> list[Row]:
        measured = [pair for pair in samples if not pair[0].is_baseline or pair[0].method in metric.baselines]
        return [self._row(metric, sample, problem) for sample, problem in measured]

    def _row(self, metric: Metric, sample: Sample, problem: str) -> Row:
        told = {"image": sample.image.image_id, "category": sample.category, "method": sample.method}
        if missing := problem or _lacking(metric, sample):
            return told | {"missing": missing}
        try:
            found = metric.measure(sample, self._choices.options_of(metric.name))
        except ExplanationError as error:
            return told | {"missing": str(error)}
        curves = {name: [round(float(y), 6) for y in curve] for name, curve in found.curves.items()}
        return told | {"values": dict(found.values), "curves": curves}

    def _shown(self, sample: Sample, problem: str) -> Row:
        names = self._network.categories
        return {
            "image": sample.image.image_id,
            "category": sample.category,
            "method": sample.method,
            "map": "" if problem else small_map(sample.heat),
            "boxes": [[round(edge / sample.heat.shape[0], 4) for edge in box] for box in sample.boxes],
            "top": names[int(sample.scores.argmax())],
        }


def _unusable(heat: Tensor) -> str:
    return "" if heat.isfinite().all() else "the map holds NaN or infinity"


def _lacking(metric: Metric, sample: Sample) -> str:
    """The need that this photograph does not meet, as a sentence."""
    if BOXES in metric.needs and not sample.boxes:
        return "the photograph has no box of the category"
    if MASK in metric.needs and sample.mask is None:
        return "the photograph has no mask of the category"
    return ""
