"""How much the maps depend on the weights: cascading randomisation (Adebayo et al. 2018, section 3.1).

The network's layers are made random one after another, from the scores towards the picture, and each method's maps are
compared with those of the trained network. A method whose maps hardly change shows the picture, not what was learnt.
"""

import copy
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor, nn

from contracts.own_files import require_own
from models.config import Layout
from stimuli.errors import ExplanationError
from stimuli.explain.engine import explain
from stimuli.explain.methods import Method
from stimuli.produce.render import render
from stimuli.rendering import Rendering

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Resemblance:
    """Of a method's maps to the trained network's, when `layer` and all behind it are random; means over the pairs.

    Rank correlations are Spearman's over channels and pixels, of the signed and of the absolute values; `ssim` is of
    the drawn pictures. None where every map is constant, so that there is no order to compare.
    """

    network: str
    step: int  # how many layers are random
    layer: str  # the last one that was made so
    method: str
    pairs: int
    rank_correlation: float | None
    absolute_rank_correlation: float | None
    ssim: float


_COLUMNS = [field.name for field in fields(Resemblance)]


def cascading_randomisation(
    name: str,
    model: nn.Module,
    images: Tensor,
    targets: Sequence[Sequence[int]],
    methods: Sequence[str] | Mapping[str, Method],
    layer: str,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
    layout: Layout | None = None,
) -> list[Resemblance]:
    """Return a row for every number of random layers and every method; `model` stays as it is.

    `images` (N, 3, H, W), `targets`, `methods`, `layer` and its `layout` are those of `explain`. Weights are drawn anew
    by each layer's own initialisation from `seed`. Raises ExplanationError like `explain`.
    """
    trained = explain(model, images, targets, methods, layer, reshape=layout).maps
    randomised, drawn = copy.deepcopy(model), copy.deepcopy(model).cpu()
    names = layers_from_the_scores(randomised, images[:1])
    rows: list[Resemblance] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step, part in enumerate(names, 1):
            anew: Any = drawn.get_submodule(part)  # has reset_parameters, by which layers_from_the_scores chose it
            anew.reset_parameters()  # on the CPU, so that every device gets the same numbers
            randomised.get_submodule(part).load_state_dict(anew.state_dict())
            found = explain(randomised, images, targets, methods, layer, reshape=layout).maps
            rows += [_compared(name, step, part, method, found[method], trained[method]) for method in methods]
            progress(step, len(names))
    return rows


def layers_from_the_scores(model: nn.Module, images: Tensor) -> list[str]:
    """The names of all layers with weights of their own, the last one that runs first."""
    names = {module: name for name, module in model.named_modules() if hasattr(module, "reset_parameters")}
    ran: list[str] = []
    hooks = [
        module.register_forward_hook(lambda module, _inputs, _output: ran.append(names[module])) for module in names
    ]
    try:
        with torch.inference_mode():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    if not ran:
        raise ExplanationError("the network has no layers with weights that could be made random")
    return list(dict.fromkeys(reversed(ran)))


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """SSIM (P,) of pictures (P, C, H, W) in [0, 1]: Wang et al. 2004, Gaussian window of 11 px, σ = 1.5."""
    distance = torch.arange(11, dtype=first.dtype, device=first.device) - 5
    line = torch.exp(-(distance**2) / (2 * 1.5**2))
    window = torch.outer(line, line) / line.sum() ** 2
    channels = first.shape[1]
    kernel = window.expand(channels, 1, 11, 11).contiguous()

    def blurred(pictures: Tensor) -> Tensor:
        return F.conv2d(pictures, kernel, groups=channels)

    mean1, mean2 = blurred(first), blurred(second)
    variance1, variance2 = blurred(first**2) - mean1**2, blurred(second**2) - mean2**2
    covariance = blurred(first * second) - mean1 * mean2
    luminance = (2 * mean1 * mean2 + 0.01**2) / (mean1**2 + mean2**2 + 0.01**2)
    structure = (2 * covariance + 0.03**2) / (variance1 + variance2 + 0.03**2)
    return (luminance * structure).mean((1, 2, 3))


def require_free(file: Path) -> None:
    """Raise NotOwnFileError where `file` exists and is no earlier table of this kind."""
    require_own({file: ",".join(_COLUMNS).encode()})


def write_rows(rows: Sequence[Resemblance], file: Path) -> None:
    """Write the rows as CSV; an undefined correlation is an empty cell. Raises NotOwnFileError."""
    require_free(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, _COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def summary(rows: Sequence[Resemblance]) -> Iterator[str]:
    """Lines of a short table: each method with the last layer random, half of them, and all."""
    stages = ("scores' layer", "half", "all")
    yield f"{'network':<12}{'method':<26}" + "".join(f"{stage + ' random':>22}" for stage in stages)
    yield f"{'':<38}" + f"{'|rank corr.|   SSIM':>22}" * len(stages)
    for network, method in dict.fromkeys((row.network, row.method) for row in rows):
        by_step = [row for row in rows if (row.network, row.method) == (network, method)]
        shown = (by_step[0], by_step[(len(by_step) - 1) // 2], by_step[-1])
        yield f"{network:<12}{method:<26}" + "".join(
            f"{_number(row.absolute_rank_correlation):>15}{row.ssim:7.2f}" for row in shown
        )


def _compared(name: str, step: int, layer: str, method: str, found: Tensor, trained: Tensor) -> Resemblance:
    drawn = [render(maps, Rendering("paper-v1")).permute(0, 3, 1, 2).float() / 255 for maps in (found, trained)]
    return Resemblance(
        network=name,
        step=step,
        layer=layer,
        method=method,
        pairs=len(found),
        rank_correlation=_mean_rank_correlation(found, trained),
        absolute_rank_correlation=_mean_rank_correlation(found.abs(), trained.abs()),
        ssim=structural_similarity(*drawn).mean().item(),
    )


def _mean_rank_correlation(first: Tensor, second: Tensor) -> float | None:
    pairs = zip(first.cpu().flatten(1), second.cpu().flatten(1), strict=True)
    ordered = [(one, other) for one, other in pairs if one.min() < one.max() and other.min() < other.max()]
    if not ordered:
        return None
    return sum(float(spearmanr(one.numpy(), other.numpy()).statistic) for one, other in ordered) / len(ordered)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
