"""Sheets for people: some scenes with the cue, and below each what mattered for one network's decision about it."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from contracts.cues import COLUMNS, Swapped
from contracts.tasks import BACKGROUND as BACKGROUND_CUE
from contracts.tasks import COMPANION
from models.catalogue import preprocess
from models.image_files import read_image
from models.scene_drawing import BACKGROUND
from stimuli.bias.experiment import Trained, name_of
from stimuli.bias.marked import CLASSES, Marked
from stimuli.bias.measure import swaps
from stimuli.explain.engine import explain
from stimuli.explain.methods import Method
from stimuli.produce.render import render
from stimuli.produce.visualize import photographs_of
from stimuli.rendering import Rendering

ACROSS = 3  # scenes of a sheet
TILE, GAP, GREY = 224, 8, (128, 128, 128)
PICTURES = ("image", "category", "network", "method", "file")


@dataclass(frozen=True)
class Sheet:
    """Scenes of one class, all with the cue, under one name."""

    name: str
    of_class: int
    scenes: tuple[Marked, ...]


def measured_swaps(found: Sequence[Trained], cue: str) -> dict[str, Swapped]:
    """Network → how many of its decisions changed when the cue was swapped, where any scene has both versions."""
    sort = BACKGROUND_CUE if cue == BACKGROUND else COMPANION
    counted = {name_of(trained.strength): swaps(trained.made) for trained in found}
    return {name: Swapped(name, sort, *counts) for name, counts in counted.items() if counts[1]}


def sheets_of(tested: Sequence[Marked]) -> tuple[Sheet, ...]:
    """As many sheets as the test's scenes with the cue fill, of both classes by turns; the rest is left out."""
    shown = [[m for m in tested if m.has_cue and m.of_class == c] for c in CLASSES]
    count = min(map(len, shown)) // ACROSS
    return tuple(
        Sheet(f"sheet-{2 * place + c:03}", c, tuple(shown[c][place * ACROSS : (place + 1) * ACROSS]))
        for place in range(count)
        for c in CLASSES
    )


def write_sheets(
    folder: Path,
    found: Sequence[Trained],
    classes: Sequence[str],
    sheets: Sequence[Sheet],
    methods: Mapping[str, Method],
    device: torch.device,
) -> None:
    """Write the pictures of `sheets` for each network, and sheets.csv and pictures.csv, which name them.

    Raises ExplanationError and PhotographError.
    """
    for name in ("photographs", "pictures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rows = [row for trained in found for row in _of_network(folder, trained, classes, sheets, methods, device)]
    _write_table(folder / "pictures.csv", PICTURES, rows)
    named = [(f"{sheet.name}.png", classes[sheet.of_class]) for sheet in sheets]
    _write_table(folder / "sheets.csv", ("picture", "labels"), named)


def write_cues(file: Path, swapped: Mapping[str, Swapped]) -> None:
    """What swapping showed, as the key `cues` of a task reads it."""
    _write_table(file, COLUMNS, [(of.network, of.cue, of.changed, of.scenes) for of in swapped.values()])


def _of_network(
    folder: Path,
    trained: Trained,
    classes: Sequence[str],
    sheets: Sequence[Sheet],
    methods: Mapping[str, Method],
    device: torch.device,
) -> Iterator[tuple[str, ...]]:
    network = name_of(trained.strength)
    for sheet in sheets:
        photographs, drawn = _explained(trained, classes, sheet, methods, device)
        _sheet([photographs]).save(folder / "photographs" / f"{sheet.name}.png")
        for method, pictures in drawn.items():
            file = f"pictures/{network}-{method}-{sheet.name}.png"
            _sheet([photographs, pictures]).save(folder / file)
            yield sheet.name, classes[sheet.of_class], network, method, file


def _explained(
    trained: Trained, classes: Sequence[str], sheet: Sheet, methods: Mapping[str, Method], device: torch.device
) -> tuple[Tensor, dict[str, Tensor]]:
    """The scenes as the network sees them and, by method, what mattered for its decisions: (N, H, W, 3) each."""
    network, made = trained.network, {d.image_id: d.decided for d in trained.made}
    module, places = network.module.to(device), [network.categories.index(name) for name in classes]
    images = [preprocess(read_image(m.image.path), network.transform) for m in sheet.scenes]
    inputs = torch.stack(images).to(device)
    targets = [[places[made[m.image.image_id]]] for m in sheet.scenes]
    maps = explain(module, inputs, targets, methods, network.target_layer, reshape=network.layout).maps
    photographs = photographs_of(inputs, targets, network.transform).cpu()
    drawn = {name: render(found.cpu(), Rendering("overlay-v1"), photographs) for name, found in maps.items()}
    return (photographs * 255).round().byte().permute(0, 2, 3, 1), drawn


def _sheet(rows: Sequence[Tensor]) -> Image.Image:
    """Rows of pictures (N, H, W, 3), one below the other, with gaps between them."""
    across = len(rows[0])
    sheet = Image.new("RGB", (across * (TILE + GAP) - GAP, len(rows) * (TILE + GAP) - GAP), GREY)
    for down, pictures in enumerate(rows):
        for place, pixels in enumerate(islice(pictures, across)):
            tile = Image.fromarray(pixels.numpy()).resize((TILE, TILE), Image.Resampling.BICUBIC)
            sheet.paste(tile, (place * (TILE + GAP), down * (TILE + GAP)))
    return sheet


def _write_table(file: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([columns, *rows])
