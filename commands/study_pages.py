"""The published studies, design by design, as a page of the documentation: docs/reference/studies.md."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.conditions import ConditionConfig
from contracts.original import OriginalConfig, PublishedAnswer, PublishedCell
from contracts.tasks import KINDS
from study.config import TaskConfig

HEADING = """# The published studies, design by design

<!-- Written by `./manage.py studies --as markdown`; change commands/templates/studies/. -->

What each definition of `new-study --from` repeats: what its source tells, what is chosen here, and the published
numbers. Reports print the same. [How to repeat one](../how-to/published-studies.md) says how many people it takes, by
`power`; [other published designs](../explanation/designs.md) are the same kinds of task with other settings.

Numbers marked 2nd are known from somebody else's account of the paper only. Published numbers without a standard
deviation have no interval in the report's forest plot. Shares are from 0 to 1.
"""


def page(templates: dict[str, Path], originals: dict[str, OriginalConfig]) -> str:
    """Markdown with a section for each study; `templates` and `originals` have the same names."""
    return "\n".join([HEADING, *(_section(name, templates[name], told) for name, told in originals.items())])


def _section(name: str, template: Path, told: OriginalConfig) -> str:
    facts = [("Source", told.source), ("Measures", told.measures)]
    facts += [(label, value or "not told") for label, value in _effort(told)]
    lines = [f"## `{name}`: {told.name}", "", *(f"- {label}: {value}" for label, value in facts), ""]
    lines += ["As written:", "", *_tasks(template), ""]
    lines += ["Told by the source, and done here:", "", *(f"- {said}" for said in told.told), ""]
    lines += ["Chosen here:", "", *(f"- {said}" for said in told.chosen), ""]
    return "\n".join([*lines, *_numbers((*told.cells, *told.answers)), ""])


def _effort(told: OriginalConfig) -> list[tuple[str, str]]:
    return [("People", told.people), ("Time", told.time), ("Pay", told.cost)]


def _tasks(template: Path) -> Iterator[str]:
    document = _document(template)
    conditions = [ConditionConfig.model_validate(section) for section in document.get("conditions", ())]
    yield "| task | kind | images | ratings of an item | questions a person | people | smallest effect of interest |"
    yield "|---|---|---|---|---|---|---|"
    for section in document["tasks"]:
        task, smallest = TaskConfig.model_validate(section), document["analysis"]["smallest_effect"]
        unit = "percentage points" if KINDS[task.kind].has_truth else "points of the scale"
        effect = f"{smallest[task.name]:g} {unit}" if task.name in smallest else ""
        cells = task.name, task.kind, task.images, task.ratings_per_item, task.trials_per_participant
        yield f"| {' | '.join(map(str, cells))} | {people(task, conditions)} | {effect} |"


def people(task: TaskConfig, conditions: list[ConditionConfig]) -> int:
    """How many people give all ratings of a task, in all conditions."""
    there = [task.model_copy(update=c.changes(task.name)) for c in conditions if c.does(task.name)] or [task]
    items = [KINDS[t.kind].items_per_image(len(t.methods), len(t.networks), t.foil) * t.images for t in there]
    return sum(-(-n * t.ratings_per_item // t.trials_per_participant) for n, t in zip(items, there, strict=True))


def _document(template: Path) -> dict[str, Any]:
    """The template's tasks, conditions and analysis; what is to be filled in is left out."""
    kept = (line for line in template.read_text(encoding="utf-8").splitlines() if "@" not in line)
    return tomllib.loads("\n".join(kept))


def _numbers(cells: tuple[PublishedCell | PublishedAnswer, ...]) -> Iterator[str]:
    if not cells:
        return
    yield "| published | number | SD over people | people | |"
    yield "|---|---|---|---|---|"
    for cell in cells:
        spread = f"{cell.sd:g} | {cell.people}" if cell.sd is not None else "not told | "
        yield f"| {cell.label} | {cell.value:g} | {spread} | {cell.mark} |"
