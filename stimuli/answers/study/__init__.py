"""From explained answers to a study: "which answer did the network give?", with and without the map.

In half of the questions the network is wrong and the other option is the right answer; in the other half it is right
and the other option is its runner-up. People who answer the question themselves are therefore correct in half of them.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from models.answers.shapes import ANSWERS
from stimuli.answers.page import enlarged, over_photograph
from stimuli.answers.questions import Answered
from stimuli.errors import GenerationError

HERE = Path(__file__).parent
METHOD, ALONE, NETWORK = "grad-cam", "picture-only", "answerer"
EDGE, STRIP, GAP = 216, 48, 16  # px of a panel, of the line with the question, and between panels
GROUND, INK = (255, 255, 255), (21, 25, 29)
METHOD_SHOWN = "with-map"


def choose_items(found: Sequence[Answered], items: int) -> list[Answered]:
    """The first right and wrong answers, `items` / 2 each. Raises GenerationError where there are too few of one."""
    groups = [[one for one in found if one.is_right is right][: items // 2] for right in (True, False)]
    for words, group in zip(("right", "wrong"), groups, strict=True):
        if len(group) < items // 2:
            raise GenerationError(
                f"the network gave {len(group)} {words} answers to {len(found)} questions, and {items} items need"
                f" {items // 2}; raise --pictures, lower --items, or take another network"
            )
    return [one for pair in zip(*groups, strict=True) for one in pair]


def write_study(out: Path, items: Sequence[Answered]) -> Path:
    """Write finished pictures and a definition with its texts into the empty folder `out`; return the definition."""
    (out / "pictures").mkdir(parents=True)
    names = [f"question-{number:03}" for number in range(1, len(items) + 1)]
    finished = []
    for name, one in zip(names, items, strict=True):
        for method in (ALONE, METHOD_SHOWN):
            file = f"pictures/{name}{'-map' if method == METHOD_SHOWN else ''}.png"
            _composed(one, with_map=method == METHOD_SHOWN).save(out / file)
            finished.append((f"{name}.png", one.answer, NETWORK, method, file))
    _table(out / "finished.csv", ("image", "category", "network", "method", "file"), finished)
    _table(
        out / "pictures.csv", ("picture", "labels"), [(f"{n}.png", o.answer) for n, o in zip(names, items, strict=True)]
    )
    _table(out / "foils.csv", ("image", "foil"), [(n, foil(o)) for n, o in zip(names, items, strict=True)])
    for text in HERE.glob("*.md"):
        (out / text.name).write_text(text.read_text(encoding="utf-8"), encoding="utf-8")
    _composed(items[0], with_map=True).save(out / "example.png")
    template = (HERE / "study.toml").read_text(encoding="utf-8")
    filled = template.replace("@categories@", ", ".join(f'"{name}"' for name in ANSWERS)).replace(
        "@items@", str(len(items))
    )
    (out / "study.toml").write_text(filled, encoding="utf-8")
    return out / "study.toml"


def foil(one: Answered) -> str:
    """The other option: the right answer where the network was wrong, else the network's runner-up."""
    return one.runner_up if one.is_right else one.asked.answer


def _composed(one: Answered, with_map: bool) -> Image.Image:
    """The question above the picture, beside it its map where people see it. Both have one size."""
    panels = [one.asked.picture] + ([over_photograph(one.heat[METHOD], one.asked.picture)] if with_map else [])
    sheet = Image.new("RGB", (2 * EDGE + 3 * GAP, STRIP + EDGE + GAP), GROUND)
    font = ImageFont.load_default(20)
    ImageDraw.Draw(sheet).text((sheet.width / 2, STRIP / 2), one.asked.question, INK, font, anchor="mm")
    left = (sheet.width - len(panels) * EDGE - (len(panels) - 1) * GAP) // 2
    for number, panel in enumerate(panels):
        sheet.paste(enlarged(np.ascontiguousarray(panel), EDGE), (left + number * (EDGE + GAP), STRIP))
    return sheet


def _table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([columns, *rows])
