"""A study of explanations in words: do the names of a network's units fit what its explanations show?"""

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.made_study import study_section, told, write_study
from definition import Definition

if TYPE_CHECKING:
    from stimuli.units.pairs import Pair

TASK = tomllib.loads((Path(__file__).parent / "templates" / "sentence-task.toml").read_text(encoding="utf-8"))
METHODS = ("grad-cam", "shuffled-grad-cam")
MINUTES, TRIALS = 10, 16  # for each person; fewer trials where there are fewer photographs


def make_study(definition: Definition, pairs: "Mapping[str, tuple[Pair, ...]]", folder: Path) -> Path:
    """Write a table of the sentences of each network, and a definition with a task for each, into the new `folder`.

    Raises ClickException where too few photographs of every network have two sentences.
    """
    needed = TASK["practice"] + 2
    shown = {name: found for name, found in pairs.items() if len(found) >= needed}
    for name in pairs.keys() - shown.keys():
        click.echo(f"Left out: {name}, of which {len(pairs[name])} photographs have two sentences; {needed} are needed")
    if not shown:
        raise click.ClickException(
            f"no network has {needed} photographs with two different sentences; units need names (IoU > 0.05) on both"
            " sides: use more photographs with masks, or another target_layer"
        )
    document = _document(definition, {name: len(found) for name, found in shown.items()})
    question = "Do these sentences fit the explanations?"
    return write_study(folder, document, question, "name-units", lambda fresh: _write_tables(fresh, shown))


def _write_tables(folder: Path, shown: "Mapping[str, tuple[Pair, ...]]") -> None:
    for name, found in shown.items():
        with (folder / _table(name)).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("image", "foil"), *((pair.image_id, pair.foil) for pair in found)])


def _table(network: str) -> str:
    return f"sentences-{network}.csv"


def _document(definition: Definition, images: Mapping[str, int]) -> dict[str, Any]:
    tasks = [_task(name, count) for name, count in images.items()]
    return {
        "study": study_section(definition, "sentences", MINUTES, TASK["kind"], TASK["wording"]),
        "dataset": told(definition.dataset),
        "networks": {name: told(definition.networks[name]) for name in images},
        "stimuli": {k: v for k, v in told(definition.stimuli).items() if k != "recipes"}
        | {"output": "stimuli", "recipe": "overlay-v1"},
        "tasks": tasks,
        "participants": {"provider": "plain"},
        "analysis": {"contrasts": [{"task": task["name"], "a": METHODS[0], "b": METHODS[1]} for task in tasks]},
    }


def _task(network: str, images: int) -> dict[str, Any]:
    return {
        "name": f"sentences-{network}"[:64],
        **TASK,
        "foils": _table(network),
        "methods": METHODS,
        "networks": [network],
        "images": images,
        "trials_per_participant": min(images - TASK["practice"], TRIALS),
    }
