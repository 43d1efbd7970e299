"""A study of failures: do people find that the explanation makes the mistake understandable?"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.made_study import require_new, study_section, told, write_study
from definition import Definition

if TYPE_CHECKING:
    from stimuli.failures.table import Row

TASK = tomllib.loads((Path(__file__).parent / "templates" / "failure-task.toml").read_text(encoding="utf-8"))
TRIALS, MINUTES = 20, 10  # for each person; fewer trials where there are fewer failures
SMALLEST_EFFECT = 0.5  # points of the scale from 1 to 5


def make_study(
    definition: Definition, rows: "Sequence[Row]", methods: Sequence[str], folder: Path
) -> tuple[Path, dict[str, int]]:
    """Write a definition whose tasks show the photographs of `rows`, one task for each network, into the new `folder`.

    Returns its path and, in words, how many failures were left out and why. Raises ClickException where `folder` is
    not empty, or where nothing is left.
    """
    require_new(folder)
    shown, left_out = _that_fit(definition, rows)
    if not shown:
        raise click.ClickException("no failure is left for a study; choose other filters")
    document = _document(definition, shown, methods)
    return write_study(folder, document, "Do people find these mistakes understandable?", "failures"), left_out


def _that_fit(definition: Definition, rows: "Sequence[Row]") -> "tuple[dict[str, list[Row]], dict[str, int]]":
    """Network → its failures whose strongest category of all is wrong too and has a name: this one is shown."""
    from models.labels import has_name
    from models.sources import open_split

    annotated = {i.image_id: i.categories for i in open_split(definition.dataset, definition.dataset.split)}
    _require_same(definition, rows, annotated)
    right = [row for row in rows if row.strongest in annotated[row.image]]
    unnamed = [row for row in rows if not has_name(row.strongest)]
    fit = [row for row in rows if row not in right and row not in unnamed]
    reasons = {
        "because the strongest of all the network's categories is annotated": len(right),
        "because the network's strongest category has no name": len(unnamed),
    }
    networks = dict.fromkeys(row.network for row in fit)
    return {n: [row for row in fit if row.network == n] for n in networks}, {k: v for k, v in reasons.items() if v}


def _require_same(definition: Definition, rows: "Sequence[Row]", images: Collection[str]) -> None:
    if any(row.image not in images or row.network not in definition.networks for row in rows):
        raise click.ClickException(
            f"the page was made for other photographs or networks than {definition.path} has; make it again"
        )


def _document(definition: Definition, shown: "Mapping[str, Sequence[Row]]", methods: Sequence[str]) -> dict[str, Any]:
    tasks = [_task(network, rows, methods) for network, rows in shown.items()]
    own = {name: told(definition.methods[name]) for name in methods if name in definition.methods}
    return {
        "study": study_section(definition, "failures", MINUTES, TASK["kind"], TASK["wording"]),
        "dataset": told(definition.dataset),
        "networks": {name: told(definition.networks[name]) for name in shown},
        "methods": own,
        "stimuli": _stimuli(definition, methods),
        "tasks": tasks,
        "participants": {"provider": "plain"},
        "analysis": _analysis([task["name"] for task in tasks], methods),
    }


def _stimuli(definition: Definition, methods: Sequence[str]) -> dict[str, Any]:
    written = told(definition.stimuli) | {"output": "stimuli"}
    recipes = {method: recipe for method, recipe in written.pop("recipes", {}).items() if method in methods}
    return written | ({"recipes": recipes} if recipes else {})


def _task(network: str, rows: "Sequence[Row]", methods: Sequence[str]) -> dict[str, Any]:
    ids = sorted(row.image for row in rows)
    return {
        "name": f"failures-{network}"[:64],
        **TASK,
        "methods": methods,
        "networks": [network],
        "image_ids": ids,
        "images": len(ids),
        "trials_per_participant": min(len(ids), TRIALS),
    }


def _analysis(tasks: Sequence[str], methods: Sequence[str]) -> dict[str, Any]:
    pairs = [{"task": task, "a": methods[1], "b": methods[0]} for task in tasks] if len(methods) > 1 else []
    return {"smallest_effect": dict.fromkeys(tasks, SMALLEST_EFFECT), "contrasts": pairs} if pairs else {}
