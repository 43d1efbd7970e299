"""The tiles of a picture, as a plan tells them: each person has an order of their own, in which the page cuts it."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.tiles import Tiled, columns_of
from study.tasks.wording import Wording, category_label


def tiles_of(
    order: Sequence[str], foil: str, words: Wording, picture: Mapping[str, Any], language: str
) -> dict[str, Any]:
    """`order`: the tiles as this person sees them, by their places in the picture, from "1".

    Of the whole picture only its `columns` are told. A tile is told its place, and its class where a label names it.
    """
    columns, names = columns_of(len(order)), Tiled.read(foil).names
    tiles = [
        {
            "place": int(place) - 1,
            **_said(picture, number, category_label(names[int(place) - 1], language, words.categories)),
        }
        for number, place in enumerate(order, start=1)
    ]
    width, height = picture["width"] // columns, picture["height"] // columns
    return {"width": width, "height": height, "columns": columns, "tiles": tiles}


def _said(picture: Mapping[str, Any], number: int, name: str) -> dict[str, str]:
    texts = {key: picture[key] or "" for key in ("label", "alt")}
    return {key: text.replace("{number}", str(number)).replace("{class}", name) for key, text in texts.items()}
