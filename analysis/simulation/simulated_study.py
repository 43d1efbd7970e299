"""A whole simulated study in memory: the same Export that `load` gives, without a server in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from analysis.config import AnalysisConfig
from analysis.data.export import Export, Task
from analysis.data.table_files import conform
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, SimulationError, stimulus_ids
from contracts.conditions import ConditionConfig
from contracts.hashing import canonical_sha256

CATEGORIES = ("cat", "cow", "dog", "horse", "person", "sheep")
STARTED = pd.Timestamp("2026-01-05T09:00:00Z")


@dataclass(frozen=True)
class Assignment:
    """Who sees what: three arrays (n,) of codes, one entry a trial."""

    image: np.ndarray
    cell: np.ndarray
    participant: np.ndarray


PAPER_SIZE = tuple(kind.simulation.paper_size for kind in ANALYSIS_KINDS.values() if kind.simulation.paper_size)
"""The tasks of the Grad-CAM paper."""


def assign(design: TaskDesign, participants: int) -> Assignment:
    """Exactly `ratings` for each item, no participant twice at one image, cells balanced within participants.

    Raises SimulationError when an image has more ratings to collect than there are participants.
    """
    seats = len(design.cells) * design.ratings
    if seats > participants:
        raise SimulationError(
            f"each image of the {design.kind} task needs {seats} ratings by different people;"
            f" {participants} are too few"
        )
    place = np.arange(design.images * seats)
    image = place // seats  # consecutive places, so that each cell comes up `ratings` times at an image
    lap = image * seats // participants  # how often everybody has had a turn: each turn moves a person on by one cell
    return Assignment(image, (place + lap * (1 - participants)) % len(design.cells), place % participants)


def draw_logits(
    design: TaskDesign, assignment: Assignment, participants: int, parameters: Psychometrics, rng: np.random.Generator
) -> np.ndarray:
    """Each trial's logit (n,) for a new draw of people and images."""
    locate = ANALYSIS_KINDS[design.kind].simulation.logit
    method = design.method_of_cell[assignment.cell]
    logits: np.ndarray = (
        np.array([locate(parameters, m) for m in design.methods])[method]
        + rng.normal(0, parameters.participant_sd, participants)[assignment.participant]
        + rng.normal(0, parameters.image_sd, design.images)[assignment.image]
        + rng.normal(0, parameters.image_method_sd, (design.images, len(design.methods)))[assignment.image, method]
    )
    if sd := parameters.participant_method_sd:
        logits += rng.normal(0, sd, (participants, len(design.methods)))[assignment.participant, method]
    return logits


def simulate_export(
    rng: np.random.Generator,
    parameters: Psychometrics | None = None,
    designs: Sequence[TaskDesign] = PAPER_SIZE,
    participants: int = 72,
    config: AnalysisConfig | None = None,
    observer_kind: str = "simulated",
    conditions: Mapping[str, Sequence[TaskDesign]] = MappingProxyType({}),
) -> Export:
    """A finished study of `participants` people over `designs`, every response drawn from `parameters`.

    `conditions`: by name the parts of `designs` that it shows; people are divided equally, images are drawn for each.
    """
    parameters, config = parameters or Psychometrics(), config or AnalysisConfig()
    document = _document(designs, config, conditions)
    sha256 = canonical_sha256(document)
    people = np.array([f"p{i:05d}" for i in range(participants)])
    groups = np.array_split(people, len(conditions) or 1)
    shown = dict(zip(conditions or ("",), groups, strict=True))
    trials = pd.concat(
        [
            _trials(design, group, parameters, rng).assign(condition=name or None)
            for name, group in shown.items()
            for design in conditions.get(name, designs)
        ],
        ignore_index=True,
    )
    if conditions:
        trials["item_id"] = trials["condition"] + "-" + trials["item_id"]
    sittings = trials.groupby("participant_id")
    trials = trials.assign(
        trial_id=[f"t{i:07d}" for i in range(len(trials))],
        observer_kind=observer_kind,
        definition_sha256=sha256,
        trial_index=sittings.cumcount(),
        time_elapsed=sittings["rt"].cumsum(),
        answered_at=STARTED + pd.to_timedelta(sittings["rt"].cumsum().round(), unit="ms"),
        purpose="main",
        state="answered",
        is_overflow=False,
    )
    return Export(
        participants=conform(_participants(people, trials, observer_kind, sha256), "participants"),
        trials=conform(trials, "trials"),
        answers=conform(_answers(trials), "answers"),
        stimuli=conform(_stimuli(trials), "stimuli"),
        events=conform(pd.DataFrame(), "events"),
        questionnaire=conform(pd.DataFrame(), "questionnaire"),
        metrics=conform(pd.DataFrame(), "metrics"),
        definition=document,
        definition_sha256=sha256,
        config=config,
        tasks=tuple(Task(t["name"], t["kind"], tuple(t["methods"]), tuple(t["networks"])) for t in document["tasks"]),
        conditions=tuple(map(ConditionConfig.model_validate, document.get("conditions", ()))),
        description={"@type": "Dataset", "name": "Simulated study", "description": "Drawn from a psychometric model."},
        provenance={},
    )


def _document(
    designs: Sequence[TaskDesign], config: AnalysisConfig, conditions: Mapping[str, Sequence[TaskDesign]]
) -> dict[str, Any]:
    """The part of a definition that an analysis reads."""
    tasks = [
        {
            "name": d.name,
            "kind": d.kind,
            "methods": list(d.methods),
            "networks": list(d.networks),
            "images": d.images,
            "ratings_per_item": d.ratings,
        }
        for d in designs
    ]
    return {
        "study": {"slug": "simulated", "title": {"en": "Simulated study"}},
        "tasks": tasks,
        "analysis": config.model_dump(mode="json"),
    } | ({"conditions": [_condition(name, parts) for name, parts in conditions.items()]} if conditions else {})


def _condition(name: str, parts: Sequence[TaskDesign]) -> dict[str, Any]:
    methods = {part.name: list(part.methods) for part in parts}
    return {"name": name, "tasks": list(methods), "methods": methods}


def _trials(
    design: TaskDesign, people: np.ndarray, parameters: Psychometrics, rng: np.random.Generator
) -> pd.DataFrame:
    assignment = assign(design, len(people))
    logits = draw_logits(design, assignment, len(people), parameters, rng)
    methods, labels, networks = (np.array(part)[assignment.cell] for part in zip(*design.cells, strict=True))
    pace = np.exp(rng.normal(0, parameters.rt_participant_sd, len(people)))[assignment.participant]
    shown = pd.DataFrame(
        {
            "participant_id": people[assignment.participant],
            "task": design.name,
            "trial_type": design.kind,
            "image_id": [f"image{i:05d}" for i in assignment.image],
            "method": methods,
            "network": networks[:, 0],
            "other_network": networks[:, -1],
            "rt": np.round(parameters.rt_median_ms * pace * np.exp(rng.normal(0, parameters.rt_sd, len(logits))), 1),
        }
    )
    first = assignment.image % len(CATEGORIES)
    second = (first + 1 + assignment.image // len(CATEGORIES) % (len(CATEGORIES) - 1)) % len(CATEGORIES)
    names = np.array(CATEGORIES)
    shown["category"] = names[np.where(labels == 0, first, second)]
    answered = ANALYSIS_KINDS[design.kind].simulation.columns
    item = design.name + "-" + stimulus_ids(shown, pd.Series(["-".join(each) for each in networks]))
    shown = answered(shown, names[np.where(labels == 0, second, first)], logits, rng)
    shown = shown.drop(columns="other_network").assign(item_id=item)
    return shown.iloc[np.lexsort((rng.random(len(shown)), assignment.participant))]


def _answers(trials: pd.DataFrame) -> pd.DataFrame:
    """To the further questions whose answers are simulated; none where there are none."""
    asked = {name for kind in ANALYSIS_KINDS.values() for name in kind.simulation.asked} & set(trials.columns)
    parts = [
        trials.loc[trials[name].notna(), ["trial_id", "participant_id", "answered_at", name]]
        .rename(columns={name: "response"})
        .assign(question=name, answer_id=lambda rows, name=name: rows["trial_id"] + "-" + name)
        for name in sorted(asked)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _participants(people: np.ndarray, trials: pd.DataFrame, observer_kind: str, sha256: str) -> pd.DataFrame:
    counts = trials.groupby("participant_id").size().reindex(people, fill_value=0)
    return pd.DataFrame(
        {
            "participant_id": people,
            "condition": trials.groupby("participant_id")["condition"].first().reindex(people).to_numpy(),
            "observer_kind": observer_kind,
            "language": "en",
            "consent_version": "1",
            "definition_sha256": sha256,
            "joined_at": STARTED,
            "finished_at": trials.groupby("participant_id")["answered_at"].max().reindex(people).to_numpy(),
            "trials_planned": counts.to_numpy(),
            "trials_answered": counts.to_numpy(),
            "completed": True,
            "excluded": False,
            "attention_checks": 0,
            "attention_checks_passed": 0,
        }
    )


def _stimuli(trials: pd.DataFrame) -> pd.DataFrame:
    """The visualizations that the trials show; there are no files, and logits are not simulated."""
    sides = [("stimulus_id", "network"), ("left_stimulus_id", "left_network"), ("right_stimulus_id", "right_network")]
    parts = [
        trials.rename(columns={stimulus: "id", network: "of"}).get(
            ["id", "of", "image_id", "category", "method", "task"]
        )
        for stimulus, network in sides
        if stimulus in trials
    ]
    rows = pd.concat(parts).dropna(subset="id").drop_duplicates(["id", "task"])
    tasks = rows.groupby("id")["task"].agg(lambda names: ";".join(sorted(names)))
    rows = rows.drop_duplicates("id").rename(columns={"id": "stimulus_id", "of": "network"}).sort_values("stimulus_id")
    return rows.assign(tasks=rows["stimulus_id"].map(tasks), width=224, height=224, is_correct=True)
