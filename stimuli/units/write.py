"""The names of units as a folder: a page with a table and photographs explained in words, and the units as CSV."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of, style
from stimuli.produce.render import render
from stimuli.produce.visualize import photographs_of
from stimuli.rendering import Rendering
from stimuli.units.dissect import LEAST, Unit
from stimuli.units.sentence import importances, sentence, strongest_names, targets_of

PAGE = Path(__file__).parent / "page"
WHAT = "page of units"


@dataclass(frozen=True)
class Example:
    """A photograph explained in words and by Grad-CAM."""

    image_id: str
    network: str
    text: str
    photograph: str
    picture: str


def write_units(
    out: Path,
    title: str,
    networks: Mapping[str, LoadedNetwork],
    units: Mapping[str, Sequence[Unit]],
    photographs: int,
    shown: Sequence[Photograph],
    categories: Sequence[str],
    device: torch.device,
) -> None:
    """Write the page into `out`; `photographs` with masks gave the names. Raises GalleryError, ExplanationError."""

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        examples = [
            example
            for network in networks.values()
            for example in _examples(fresh, network, units, shown, categories, device)
        ]
        rows = ((name, unit) for name in units for unit in units[name])
        told = [(name, u.number, u.name if u.is_named else "", f"{u.iou:.4f}") for name, u in rows]
        with (fresh / "units.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("network", "unit", "name", "iou"), *told])
        (fresh / "index.html").write_text(_page(title, units, photographs, examples), encoding="utf-8")

    write_folder(out, fill, WHAT)


def summary(units: Mapping[str, Sequence[Unit]]) -> list[str]:
    """A sentence for each network."""
    return [
        f"{name}: {sum(u.is_named for u in of)} of {len(of)} units have a name (IoU > {LEAST:g}),"
        f" {len({u.name for u in of if u.is_named})} different ones"
        for name, of in units.items()
    ]


def _examples(
    fresh: Path,
    network: LoadedNetwork,
    units: Mapping[str, Sequence[Unit]],
    shown: Sequence[Photograph],
    categories: Sequence[str],
    device: torch.device,
) -> list[Example]:
    if not shown:
        return []
    inputs = torch.stack([preprocess(read_image(image.path), network.transform) for image in shown]).to(device)
    targets = targets_of(network, inputs, [network.categories.index(category) for category in categories])
    weights, maps = importances(network, inputs, targets)
    photographs = photographs_of(inputs, targets, network.transform).cpu()
    drawn = render(maps, Rendering("overlay-v1"), photographs)
    found = []
    for place, image in enumerate(shown):
        files = [f"pictures/{network.name}-{place:03}-{what}" for what in ("photograph.jpg", "grad-cam.png")]
        pixels = (photographs[place] * 255).round().byte().permute(1, 2, 0)
        for file, picture in zip(files, (pixels, drawn[place]), strict=True):
            Image.fromarray(picture.numpy()).save(fresh / file, quality=88)
        names = strongest_names(units[network.name], weights[place])
        text = sentence(network.categories[targets[place][0]], names)
        found.append(Example(image.image_id, network.name, text, *files))
    return found


def _page(title: str, units: Mapping[str, Sequence[Unit]], photographs: int, examples: Sequence[Example]) -> str:
    environment = environment_of(PAGE)
    counts = {name: Counter(u.name for u in of if u.is_named).most_common() for name, of in units.items()}
    best = {name: sorted((u for u in of if u.is_named), key=lambda u: -u.iou)[:20] for name, of in units.items()}
    return environment.get_template("units.html").render(
        title=title,
        sentences=summary(units),
        counts=counts,
        best=best,
        least=LEAST,
        photographs=photographs,
        examples=examples,
        style=style(PAGE / "units.css"),
    )
