"""The experiment as a folder: a page that compares it with the paper's figures, a table and a part of a definition."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from models.catalogue import preprocess
from models.image_files import read_image
from stimuli.bias.config import BiasConfig
from stimuli.bias.experiment import Trained, name_of
from stimuli.bias.marked import Marked
from stimuli.bias.measure import METHOD, Outcome, outcome
from stimuli.evaluate.intervals import Interval, in_words
from stimuli.explain.engine import explain
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of, style
from stimuli.produce.render import render
from stimuli.produce.visualize import photographs_of
from stimuli.rendering import Rendering

PAGE = Path(__file__).parent / "page"
WHAT = "page of the bias experiment"
FIGURES = {
    "accuracy": "accuracy on the balanced test",
    "agreeing": "accuracy where the cue speaks for the class",
    "contradicting": "accuracy where it speaks against it",
    "swapped": "decisions that change when the cue is swapped",
    "energy": "energy of Grad-CAM on the cue",
    "area": "the cue's share of the picture",
}
_COLUMNS = ("strength", "image_id", "twin", "of_class", "has_cue", "decided", "energy", "area")
_LINE: dict[str, Any] = {"marker": "o", "markersize": 4, "capsize": 2, "linewidth": 1.5}
_DRAWN = {"accuracy": "accuracy", "swapped": "decisions that change\nwith the cue", "energy": "energy on the cue"}


def write_bias(
    out: Path,
    title: str,
    config: BiasConfig,
    classes: Sequence[str],
    found: Sequence[Trained],
    tested: Sequence[Marked],
    part: str,
    device: torch.device,
    show: int,
) -> None:
    """Write the page into `out`; `part` is a part of a definition that uses the networks. Raises GalleryError."""
    examples = [marked for marked in tested if marked.has_cue and marked.of_class == 1][:show]

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        _draw_examples(fresh / "pictures", found, examples, device)
        _draw_curve(fresh / "curve.png", found)
        with (fresh / "bias.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows({"strength": t.strength} | asdict(d) for t in found for d in t.made)
        (fresh / "study-part.toml").write_text(part, encoding="utf-8")
        page = _page(title, config, classes, found, examples, part)
        (fresh / "index.html").write_text(page, encoding="utf-8")

    write_folder(out, fill, WHAT)


def summary(found: Sequence[Trained]) -> list[str]:
    """Sentences for the terminal, one for each strength."""
    outcomes = [(trained.strength, outcome(trained.made)) for trained in found]
    return [
        f"strength {strength:g}: accuracy {_percent(of.accuracy)}, changed by swapping {_percent(of.swapped)},"
        f" energy on the cue {_percent(of.energy)}"
        for strength, of in outcomes
    ]


def _percent(found: Interval | None) -> str:
    return in_words(found, 1, percent=True)


def _draw_examples(folder: Path, found: Sequence[Trained], examples: Sequence[Marked], device: torch.device) -> None:
    """Grad-CAM for the decision of each network over each example."""
    for trained in found if examples else ():
        network = trained.network
        images = [read_image(marked.image.path) for marked in examples]
        inputs = torch.stack([preprocess(image, network.transform) for image in images]).to(device)
        module = network.module.to(device)
        with torch.inference_mode():
            targets = [[top] for top in module(inputs).argmax(1).tolist()]
        maps = explain(module, inputs, targets, [METHOD], network.target_layer, reshape=network.layout).maps[METHOD]
        photographs = photographs_of(inputs, targets, network.transform)
        for number, picture in enumerate(render(maps.cpu(), Rendering("overlay-v1"), photographs.cpu())):
            _large(picture).save(folder / f"{name_of(trained.strength)}-{number}.png")
        if trained is found[0]:
            for number, photograph in enumerate((photographs.cpu() * 255).round().byte().permute(0, 2, 3, 1)):
                _large(photograph).save(folder / f"photograph-{number}.jpg", quality=88)


def _large(pixels: torch.Tensor) -> Image.Image:
    picture = Image.fromarray(pixels.numpy())
    return picture.resize((max(224, picture.width), max(224, picture.height)), Image.Resampling.BICUBIC)


def _draw_curve(file: Path, found: Sequence[Trained]) -> None:
    from matplotlib.figure import Figure  # takes a while to load

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    ends = apart({name: of.value for name in _DRAWN if (of := getattr(outcome(found[-1].made), name)) is not None})
    for (name, label), colour in zip(_DRAWN.items(), ("#0072b2", "#d55e00", "#00805c"), strict=True):
        points = [(t.strength, of) for t in found if (of := getattr(outcome(t.made), name)) is not None]
        if not points:
            continue
        at, values = [p[0] for p in points], [100 * p[1].value for p in points]
        axes.errorbar(at, values, _reach([of for _, of in points]), color=colour, **_LINE)
        moved = 2 * (ends.get(name, values[-1]) - values[-1])  # about two points for each per cent
        axes.annotate(label, (at[-1], values[-1]), (8, moved), textcoords="offset points", color=colour, va="center")
    axes.set(xlabel="strength of the cue in the training set", ylabel="%", ylim=(0, 102), xlim=(-0.03, 1.38))
    axes.set_xticks([t.strength for t in found if t.strength == round(t.strength, 2)])
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


def apart(shares: Mapping[str, float], least: float = 12) -> dict[str, float]:
    """Where the label of each share is, in per cent: at its share, or `least` or more below the label above it."""
    places: dict[str, float] = {}
    below = 100.0
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        places[name] = min(100 * share, below)
        below = places[name] - least
    return places


def _reach(found: Sequence[Interval]) -> list[list[float]]:
    """How far intervals reach below and above their values, in per cent; rounding may put a bound of 100% beyond it."""
    bounds = [(of.value if of.low is None else of.low, of.value if of.high is None else of.high) for of in found]
    pairs = list(zip(found, bounds, strict=True))
    return [
        [100 * max(0.0, of.value - low) for of, (low, _) in pairs],
        [100 * max(0.0, high - of.value) for of, (_, high) in pairs],
    ]


def _page(
    title: str,
    config: BiasConfig,
    classes: Sequence[str],
    found: Sequence[Trained],
    examples: Sequence[Marked],
    part: str,
) -> str:
    environment = environment_of(PAGE)
    outcomes: dict[float, Outcome] = {trained.strength: outcome(trained.made) for trained in found}
    words: Callable[[Interval | None], str] = _percent
    return environment.get_template("bias.html").render(
        title=title,
        config=config,
        classes=classes,
        found=found,
        outcomes=outcomes,
        before=outcomes[config.strength],
        after=outcomes[0.0],
        figures=FIGURES,
        examples=examples,
        name_of=name_of,
        decided=lambda trained, marked: classes[
            next(d.decided for d in trained.made if d.image_id == marked.image.image_id)
        ],
        words=words,
        part=part,
        style=style(PAGE / "bias.css"),
    )
