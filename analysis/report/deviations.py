"""What the paper reports, or does not, compared with what this study did, from the export alone."""

from typing import Any

from analysis.data.completeness import people
from analysis.data.export import Export
from analysis.display.wording import Translation, count, percent
from analysis.paper import PaperFigures
from analysis.report.answered_by import joined
from analysis.report.counted import seen_twice
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name
from contracts.observers import HUMAN
from contracts.tasks import KINDS


def deviations(export: Export, paper: PaperFigures, translate: Translation) -> tuple[tuple[str, str], ...]:
    """Rows (of the paper, here). What the export does not hold has no row."""
    tasks = export.definition.get("tasks", [])
    rows = [
        (translate("Photographs of PASCAL VOC 2007."), photographs_used(export, translate)),
        (translate("VGG-16 (79.09 mAP) and AlexNet (69.20 mAP)."), networks_used(export, translate)),
        *(
            (_theirs(export, name, 0, translate), _drawn(name, selection, export.provenance, translate))
            for name, selection in export.provenance.get("selection", {}).items()
        ),
        *((_theirs(export, t["name"], 1, translate), _size(t, translate)) for t in tasks),
        (translate("43 workers in class discrimination, 54 in trust."), _people(export, translate)),
        *(
            (translate("Not known: practice, checks and controls."), _extras(t, translate))
            for t in tasks
            if "ratings_per_item" in t
        ),
        (translate("Not known: how often a worker saw an image."), seen_twice(export, translate)),
        *((translate(theirs), translate(ours)) for theirs, ours in paper.deviations),
    ]
    return tuple(row for row in rows if row[1])


def _theirs(export: Export, task: str, part: int, translate: Translation) -> str:
    """What the paper tells of the study that the kind of `task` repeats: of its images (0) or of its size (1)."""
    kind = next((t.kind for t in export.tasks if t.name == task), None)
    told = ANALYSIS_KINDS[kind].published_design[part] if kind else ""
    return translate(told) if told else translate("Not told.")


def photographs_used(export: Export, translate: Translation) -> str:
    """The study's images; empty where the export does not tell."""
    dataset = export.definition.get("dataset", {})
    if not {"year", "split", "categories"} <= dataset.keys():
        return ""
    return translate.plural(
        "Images in VOC layout, year {year}, split “{split}”, {n} category.",
        "Images in VOC layout, year {year}, split “{split}”, {n} categories.",
        len(dataset["categories"]),
        year=dataset["year"],
        split=dataset["split"],
    )


def _drawn(task: str, selection: dict[str, Any], provenance: dict[str, Any], translate: Translation) -> str:
    if not {"images", "eligible"} <= selection.keys() or "seed" not in provenance:
        return ""
    return translate.plural(
        "“{task}”: {images} of {n} eligible image, drawn with seed {seed}.",
        "“{task}”: {images} of {n} eligible images, drawn with seed {seed}.",
        selection["eligible"],
        task=task,
        images=count(selection["images"]),
        seed=provenance["seed"],
    )


def networks_used(export: Export, translate: Translation) -> str:
    """Each network with its architecture and, where it is known, its mAP; empty where the export does not tell."""
    return "; ".join(
        f"{translate.quoted(name)}: {network['architecture']}{_precision(network['mean_average_precision'])}"
        for name, network in export.provenance.get("networks", {}).items()
        if {"architecture", "mean_average_precision"} <= network.keys()
    )


def _precision(value: float | None) -> str:
    return "" if value is None else f", {percent(value)} mAP"


def _size(task: dict[str, Any], translate: Translation) -> str:
    if not {"images", "ratings_per_item"} <= task.keys():
        return ""
    methods, networks = [method_name(method) for method in task["methods"]], task["networks"]
    return translate(
        "“{task}”: {images}, ratings per item: {ratings}; {methods}; {networks}.",
        task=task["name"],
        images=translate.plural("{n} image", "{n} images", task["images"]),
        ratings=count(task["ratings_per_item"]),
        methods=translate.plural("method {names}", "methods {names}", len(methods), names=", ".join(methods)),
        networks=translate.plural("network {names}", "networks {names}", len(networks), names=", ".join(networks)),
    )


def _people(export: Export, translate: Translation) -> str:
    """How many joined, of the first kind of observers: people where there are any."""
    kind = next(iter(export.observer_kinds), HUMAN)
    return joined(kind, people(export.of(kind), 0).joined, translate)


def _extras(task: dict[str, Any], translate: Translation) -> str:
    """What people did besides ratings; an absent key means the definition's default, none."""
    parts = [
        translate("practice trials: {n}", n=task.get("practice", 0)),
        translate("attention checks: {n}", n=task.get("attention_checks", 0)),
        translate("comprehension questions") if task.get("comprehension") else translate("no comprehension questions"),
    ]
    kind = KINDS[task["kind"]]
    if kind.learns:
        parts.append(translate("examples to learn from: {n}", n=task.get("learning", 0)))
    if kind.pictures > 1:
        parts.append(translate("identical pairs: {n}", n=task.get("identical_pairs", 0)))
    if any(question.asked_if == "confidence" for question in kind.questions):
        parts.append(translate("confidence asked") if task.get("confidence") else translate("confidence not asked"))
    return f"{translate.quoted(task['name'])}: {', '.join(parts)}."
