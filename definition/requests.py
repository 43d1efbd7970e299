"""What each task asks of the stimulus set."""

from collections.abc import Mapping
from typing import Any

from contracts.class_groups import class_groups
from contracts.cues import measured
from contracts.foils import FOILS, foil_table
from definition.learning import classes_of
from models.config import DatasetConfig, NetworkConfig
from stimuli.config import StimulusRequest
from study.config import TaskConfig


def request_of(
    task: TaskConfig, dataset: DatasetConfig, networks: Mapping[str, NetworkConfig] | None = None
) -> StimulusRequest:
    """What a task asks of the stimulus set; the photograph comes with its kind."""
    used = {name: network for name, network in (networks or {}).items() if name in task.networks}
    return StimulusRequest(
        task.name,
        task.kind,
        task.images * task.explanations,
        task.explained_by,
        tuple(task.networks),
        task.foil,
        _foils(task),
        task.matched,
        classes_of(task, dataset),
        task.repeats,
        task.image_ids,
        {name: of.foil for name, of in measured(task.cues).items()} if task.cues else {},
        task.deferral,
        {name: network.out_of_distribution for name, network in used.items() if network.out_of_distribution},
        task.joint_scale,
        class_groups(task.error_groups) if task.error_groups else {},
        task.explanations,
    )


def _foils(task: TaskConfig) -> dict[str, str]:
    return foil_table(task.foils) if task.foils else {}


def further(request: StimulusRequest) -> list[Any]:
    """What else decides its images, if it is told: definitions that do not tell keep their hash."""
    foils = [request.foil, request.foils] if FOILS[request.foil].single_label else []
    learned = [request.classes, request.repeats] if request.classes else []
    named = [["image_ids", *sorted(request.image_ids)]] if request.image_ids else []
    cues = [["relied_on", *sorted(request.relied_on.items())]] if request.relied_on else []
    deferral = [["deferral", request.deferral]] if request.deferral else []
    foreign = [["foreign", *sorted(request.foreign.items())]] if request.foreign else []
    joint = ["joint_scale"] if request.joint_scale else []
    sheets = [["explanations", request.explanations]] if request.explanations > 1 else []
    matched = ["matched"] if request.matched else []
    groups = [["error_groups", *sorted(request.error_groups.items())]] if request.error_groups else []
    return [*foils, *matched, *learned, *named, *cues, *deferral, *foreign, *joint, *groups, *sheets]
