"""A study of networks that rely on a planted cue or not: can people tell them apart by explanations?"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.made_study import study_section, write_study
from contracts.cues import Swapped, fault_of
from definition import Definition
from study.tasks.wording import category_label, form_name

if TYPE_CHECKING:
    import torch

    from stimuli.bias.experiment import Trained
    from stimuli.bias.marked import Marked
    from stimuli.explain.methods import Method

TASK = tomllib.loads((Path(__file__).parent / "templates" / "cue-task.toml").read_text(encoding="utf-8"))
MINUTES, TRIALS = 10, 12  # for each person; fewer trials where there are fewer sheets
CONDITIONS = {"blinded": "paper", "told": "told"}  # what people of either group read


def require_scenes(definition: Definition) -> None:
    """Raises ClickException where the cue cannot be swapped, so that nothing measures what networks rely on."""
    if not definition.bias.has_pairs:
        raise click.ClickException(
            "--make-study needs pictures without and with their cue: the cue of photographs as they are cannot be"
            ' swapped, so it is not measured what a network relies on; set photographs = "planted" or "scenes" in'
            " [bias]"
        )


def make_study(
    definition: Definition,
    classes: Sequence[str],
    found: "Sequence[Trained]",
    tested: "Sequence[Marked]",
    methods: "Mapping[str, Method]",
    folder: Path,
    device: "torch.device",
) -> Path:
    """Write sheets of explanations, what swapping the cue showed and a definition of a study into the new `folder`.

    Networks of which swapping does not tell what they rely on are left out and named. Raises ClickException where
    none is left of either sort, or too few scenes were tested.
    """
    from stimuli.bias.experiment import name_of
    from stimuli.bias.sheets import measured_swaps, sheets_of, write_cues, write_sheets

    swapped = measured_swaps(found, definition.bias.cue)
    shown = {name: of for name, of in swapped.items() if of.relies_on_cue is not None}
    for name in swapped.keys() - shown.keys():
        click.echo(f"Left out, because it is not clear whether they rely on the cue: {swapped[name]}")
    sheets = sheets_of(tested)
    if fault := fault_of(list(shown), shown) or _too_few(len(sheets)):
        raise click.ClickException(f"{fault}; set other strengths, or a larger test, in [bias]")
    networks = [trained for trained in found if name_of(trained.strength) in shown]

    def write_more(fresh: Path) -> None:
        write_sheets(fresh, networks, classes, sheets, methods, device)
        write_cues(fresh / "cues.csv", shown)

    document = _document(definition, classes, shown, list(methods), len(sheets))
    return write_study(folder, document, "Do people see what these networks rely on?", "bias", write_more)


def _too_few(sheets: int) -> str:
    needed = TASK["practice"] + 2
    return "" if sheets >= needed else f"{sheets} sheets of scenes with the cue can be made, {needed} are needed"


def _document(
    definition: Definition, classes: Sequence[str], shown: Mapping[str, Swapped], methods: Sequence[str], sheets: int
) -> dict[str, Any]:
    task = {
        **TASK,
        "methods": methods,
        "networks": list(shown),
        "images": sheets,
        "trials_per_participant": min(sheets - TASK["practice"], TRIALS),
        "words": {code: {"words": {"cue": _cue(definition, code)}} for code in definition.study.languages},
    }
    own = {name: definition.methods[name].name for name in methods if name in definition.methods}
    return {
        "study": study_section(definition, "cues", MINUTES, TASK["kind"], CONDITIONS["blinded"]),
        "dataset": {"format": "folder", "root": "photographs", "table": "sheets.csv", "categories": list(classes)},
        "methods": {m: {"pictures": "pictures.csv"} | ({"name": own[m]} if own.get(m) else {}) for m in methods},
        "stimuli": {"output": "stimuli", "recipe": "as-is"},
        "tasks": [task],
        "conditions": [{"name": name, "wording": {TASK["name"]: words}} for name, words in CONDITIONS.items()],
        "participants": {"provider": "plain"},
        "analysis": {"contrasts": _contrasts(methods)},
    }


def _cue(definition: Definition, code: str) -> str:
    bias = definition.bias
    own = form_name(bias.form, code) if bias.photographs == "planted" else category_label(bias.cue, code)
    return bias.names.get(code, own)


def _contrasts(methods: Sequence[str]) -> list[dict[str, str]]:
    blinded, told = CONDITIONS
    between = {"task": TASK["name"], "a": told, "b": blinded, "of": "conditions"}
    return [between, *({"task": TASK["name"], "a": methods[0], "b": other} for other in methods[1:])]
