"""Explains answers about pictures of shapes: where did the network look, and is it where the question asks to look?

The paper (section 8.2): Grad-CAM of the answer's logit, rank correlation with occlusion maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.answers.networks import Answerer, EasyVqaNetwork
from models.answers.shapes import Asked, same_sort
from stimuli.answers.measures import Figure, mean_of, points_at, rank_correlation
from stimuli.evaluate.asked_network import heat_of
from stimuli.explain import Window, explain

OCCLUSION = "occlusion"
AT_ONCE = 50
WINDOW = Window(12, 4, 0.45)  # px, and the fill: a ground as most pictures have (mid-grey would be an answer)
PAPER = {"grad-cam": 0.60, "guided-backprop": 0.42}  # rank correlation with occlusion, VQA network of Lu et al.


@dataclass(frozen=True)
class Answered:
    """An answer and where it came from. `heat`: method → (H, W), in the picture's channels the sum of sizes.
    `runner_up`: the network's next answer of the same sort."""

    asked: Asked
    answer: str
    runner_up: str
    heat: dict[str, np.ndarray]

    @property
    def is_right(self) -> bool:
        """Whether the network answered as the picture says."""
        return self.answer == self.asked.answer


def methods_for(answerer: Answerer) -> tuple[str, ...]:
    """Grad-CAM; where all activations are ReLU also guided backpropagation and Guided Grad-CAM, defined for these."""
    only = ("grad-cam",)
    return only if isinstance(answerer.network, EasyVqaNetwork) else (*only, "guided-backprop", "guided-grad-cam")


def answered(answerer: Answerer, asked: Sequence[Asked], methods: Sequence[str]) -> list[Answered]:
    """The network's answers to all of `asked`, explained by `methods`, many pictures and questions at once."""
    batches = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
    return [found for batch in batches for found in _batch(answerer, batch, methods)]


def _batch(answerer: Answerer, asked: Sequence[Asked], methods: Sequence[str]) -> list[Answered]:
    inputs = answerer.inputs([one.picture for one in asked], [one.question for one in asked])
    with torch.inference_mode():
        logits = answerer.network(**inputs)
    best = logits.argmax(1).tolist()
    found = explain(
        answerer.network, inputs, [[b] for b in best], methods, answerer.network.layer, WINDOW, of="pictures"
    )
    heat = {name: heat_of(maps).numpy() for name, maps in found.maps.items()}
    return [
        Answered(
            one, answerer.answers[b], _runner_up(answerer, scores, b), {name: maps[n] for name, maps in heat.items()}
        )
        for n, (one, b, scores) in enumerate(zip(asked, best, logits.tolist(), strict=True))
    ]


def _runner_up(answerer: Answerer, scores: Sequence[float], best: int) -> str:
    others = [name for name in same_sort(answerer.answers[best]) if name != answerer.answers[best]]
    return max(others, key=lambda name: scores[answerer.answers.index(name)])


def figures(found: Sequence[Answered]) -> list[Figure]:
    """The rows of the table, all methods of each number together."""
    methods = [name for name in found[0].heat if name != OCCLUSION]
    rows = [
        Figure("rank correlation with occlusion", name, PAPER.get(name),
               mean_of([rank_correlation(one.heat[name], one.heat[OCCLUSION]) for one in found]))
        for name in methods
    ]  # fmt: skip
    there = [one for one in found if one.asked.about is not None]
    groups = {
        "": there,
        ", right answers": [o for o in there if o.is_right],
        ", wrong answers": [o for o in there if not o.is_right],
    }
    for words, group in groups.items():
        rows += [
            Figure(f"points at the shape asked for{words}", name, None, mean_of([_hit(one, name) for one in group]))
            for name in (*methods, OCCLUSION)
        ]
    return [
        *rows,
        Figure("a random point is on the shape asked for", "", None, mean_of([_share(one) for one in there])),
    ]


def _hit(one: Answered, method: str) -> float | None:
    return points_at(one.heat[method], [one.asked.about.box] if one.asked.about else [])


def _share(one: Answered) -> float:
    assert one.asked.about is not None
    left, top, right, bottom = one.asked.about.box
    return (right - left) * (bottom - top) / one.heat[OCCLUSION].size
