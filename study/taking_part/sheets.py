"""A trial with several photographs, as a plan tells it: each photograph with its explanation and what was predicted."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.sheets import Sheet
from study.tasks.wording import Wording, around, category_label

ACROSS = 1  # the parts of a sheet are below each other


def in_sheets(images: Sequence[Mapping[str, Any]], foil: str, words: Wording, language: str) -> list[dict[str, Any]]:
    """`images` of a trial, each cut into the photographs that `foil` tells; the first one's parts tell the predictions.

    Neither method nor network is told.
    """
    names = [category_label(name, language, words.categories) for name, _ in Sheet.read(foil).held]
    cut = [_cut(image, names) for image in images]
    for part, name in zip(cut[0]["tiles"], names, strict=True):
        part["prompt"] = words.prompt and around(words.prompt, name)
    return cut


def _cut(image: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    parts = [
        {"place": number - 1, **{key: _filled(image[key], number, name) for key in ("label", "alt")}}
        for number, name in enumerate(names, start=1)
    ]
    return {**image, "height": image["height"] // len(names), "columns": ACROSS, "tiles": parts}


def _filled(text: str | None, number: int, name: str) -> str:
    return (text or "").replace("{number}", str(number)).replace("{class}", name)
