"""Explains captions that a network wrote: the whole caption, and each word that names objects.

The paper (section 8.1): y = log p(caption), the mean of the map inside ÷ outside of the boxes; a word is explained by
its own log p at its place, and the maximum of its map should be on an object that the word names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from contracts.methods import method_name
from models.answers.captioner import Captioner
from models.answers.captions import Captioned
from models.answers.shapes import Box
from models.answers.train_captions import inputs
from stimuli.answers.measures import Figure, box_ratio, inside, mean_of, points_at
from stimuli.answers.page import Example, Page, Shown, over_photograph
from stimuli.evaluate.asked_network import heat_of
from stimuli.explain import explain

METHODS = ("grad-cam", "guided-backprop", "guided-grad-cam")
RATIO = {"grad-cam": 3.27, "guided-backprop": 2.32, "guided-grad-cam": 6.38}  # the paper's, DenseCap's boxes
POINTING = {"grad-cam": 0.30}  # the paper's, 1,000 photographs of COCO, in the masks of 80 categories
AT_ONCE = 16
SHOWN = 16  # examples

NOTES = (
    "The paper took five boxes a picture from DenseCap, each with a caption of its own. Here a picture has one caption,"
    " which the network wrote itself, and the boxes are those of the objects that the caption names.",
    "The paper does not tell the number of pictures of its ratio. Pictures whose caption names no object that is there"
    " have no ratio and are left out.",
    "Single words: y = log p(word) at its place, given the words before it. “Points at” means that the maximum is in a"
    " box of the named category; the paper has masks, which are smaller than boxes.",
    "A picture with several such words counts once, by the mean of its words. Constant maps point nowhere and are"
    " counted as undefined, as are ratios without any value outside of the boxes.",
    "Maps with three channels (guided methods) count by the sum of their sizes.",
)


@dataclass(frozen=True)
class Word:
    """A written word that names objects of the picture: its place, their boxes, and its maps by method (H, W)."""

    place: int
    text: str
    boxes: tuple[Box, ...]
    heat: dict[str, np.ndarray]


@dataclass(frozen=True)
class Explained:
    """A caption that the network wrote, with the maps of the whole caption by method (H, W)."""

    of: Captioned
    caption: tuple[str, ...]
    words: tuple[Word, ...]
    heat: dict[str, np.ndarray]

    @property
    def boxes(self) -> list[Box]:
        """Of all objects that the caption names."""
        return list(dict.fromkeys(box for word in self.words for box in word.boxes))


def log_probability(words: Sequence[int], place: int | None = None) -> Callable[[Tensor], Tensor]:
    """A target of `explain`: log p of a caption's words (as numbers), or of the word at one place given those before.

    It takes a picture's logits (T, words).
    """
    places = range(len(words)) if place is None else (place,)

    def target(logits: Tensor) -> Tensor:
        return torch.stack([logits[at].log_softmax(0)[words[at]] for at in places]).sum()

    return target


def explained(captioner: Captioner, pictures: Sequence[Captioned], methods: Sequence[str] = METHODS) -> list[Explained]:
    """Write a caption for each picture and explain it, many pictures and captions at once."""
    batches = [pictures[first : first + AT_ONCE] for first in range(0, len(pictures), AT_ONCE)]
    return [found for batch in batches for found in _batch(captioner, batch, methods)]


def _batch(captioner: Captioner, pictures: Sequence[Captioned], methods: Sequence[str]) -> list[Explained]:
    network, seen = captioner.network, inputs(captioner, [one.picture for one in pictures])
    captions = captioner.captions(seen)
    encoded = captioner.encoded(captions)
    named = [_named(one, caption) for one, caption in zip(pictures, captions, strict=True)]
    targets = [
        [log_probability(row[: len(caption) + 1]), *(log_probability(row, place) for place in places)]
        for row, caption, places in zip(encoded.tolist(), captions, named, strict=True)
    ]
    given = {"pictures": seen, "words": encoded}
    maps = iter(_heat(explain(network, given, targets, methods, captioner.facts.layer, of="pictures").maps))
    return [
        Explained(one, caption, heat=next(maps), words=tuple(
            Word(place, caption[place], tuple(boxes), next(maps)) for place, boxes in places.items()
        ))
        for one, caption, places in zip(pictures, captions, named, strict=True)
    ]  # fmt: skip


def _named(one: Captioned, caption: Sequence[str]) -> dict[int, list[Box]]:
    """Place in the caption → the boxes of what the word there names, where it names anything in the picture."""
    found = {place: one.boxes_of(word) for place, word in enumerate(caption)}
    return {place: boxes for place, boxes in found.items() if boxes}


def _heat(maps: dict[str, Tensor]) -> list[dict[str, np.ndarray]]:
    """By pair, the maps of each method as (H, W)."""
    flat = {name: heat_of(found).numpy() for name, found in maps.items()}
    return [dict(zip(flat, pair, strict=True)) for pair in zip(*flat.values(), strict=True)]


def figures(found: Sequence[Explained]) -> list[Figure]:
    """The rows of the table, all methods of each number together."""
    naming = [one for one in found if one.words]
    methods = list(found[0].heat)
    ratios = [
        Figure("caption: mean inside ÷ outside of the boxes", name, RATIO.get(name),
               mean_of([box_ratio(one.heat[name], one.boxes) for one in naming]))
        for name in methods
    ]  # fmt: skip
    pointing = [
        Figure(
            "word: points at what it names", name, POINTING.get(name), mean_of([_pointing(one, name) for one in naming])
        )
        for name in methods
    ]
    chance = [fmean(float(inside(w.boxes, one.of.picture.shape).mean()) for w in one.words) for one in naming]
    return [*ratios, *pointing, Figure("word: a random point is on what it names", "", None, mean_of(chance))]


def _pointing(one: Explained, method: str) -> float | None:
    """The mean of the picture's words."""
    there = [hit for word in one.words if (hit := points_at(word.heat[method], word.boxes)) is not None]
    return fmean(there) if there else None


def caption_page(found: Sequence[Explained], network: str) -> Page:
    """Of the captions that `network` (its name) wrote."""
    naming = [one for one in found if one.words]
    return Page(
        title="Captions, explained",
        intro=(
            f"Network: {network}. It wrote a caption for each of {len(found)} pictures that it was not trained on;"
            f" {len(naming)} captions name an object that is there.",
            "The paper's figures are of other photographs, captions and networks (section 8.1): they show what is usual"
            " and are not repeated here.",
        ),
        figures=figures(found),
        notes=NOTES,
        examples=f"The first {SHOWN} pictures, with the captions as the network wrote them. The warmer, the larger the"
        " value. The second map is of the first word that names an object that is there.",
        tiles=[_tile(one) for one in found[:SHOWN]],
    )


def _tile(one: Explained) -> Example:
    maps = [("Caption", one.heat)] + [(f"“{word.text}”", word.heat) for word in one.words[:1]]
    shown = [
        Shown(f"{name}, {method_name('grad-cam')}", over_photograph(heat["grad-cam"], one.of.picture))
        for name, heat in maps
    ]
    people = [f"People wrote: {' '.join(one.of.captions[0])}."] if one.of.name != "drawn" else []
    lines = (*people, *(() if one.words else ("The caption names nothing that is there.",)))
    return Example(" ".join(one.caption), (Shown("Picture", one.of.picture), *shown), lines)
