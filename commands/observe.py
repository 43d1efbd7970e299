"""`./manage.py observe`: machine observers and simulated participants take a study's own trials.

It is a command because it needs all four packages: the survey's assignment deals the trials, the observers of
stimuli/evaluate answer them, and analysis/ writes the export. No server runs and no database outlives the command.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from analysis.data.export import Export
from analysis.observed import answered, write_together
from analysis.reading.load import load
from analysis.tasks.kind import Seen
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from commands.options import photographs_as_seen
from contracts.methods import PHOTOGRAPH
from contracts.stimulus_set import Stimulus, read_provenance, read_stimuli
from contracts.tasks import KINDS, first_is_left
from definition import Definition
from models.catalogue import load_network
from models.sources import open_split
from stimuli.errors import ObserverError
from stimuli.evaluate.observers import CONTROLS, Observer, Question, answers, box_energy_observer, classifier_observer
from stimuli.evaluate.other_images import lessons, other_images
from stimuli.explain.own import methods_of_study
from study.conduct.opening import open_study
from study.database.db import connect, upgrade
from study.errors import StudyFullError
from study.export.files import export_study
from study.recruitment.provider import Recruited
from study.taking_part.enrolment import Consent, join

CLASSIFIER, BOX_ENERGY, SYNTHETIC = OBSERVERS = ("machine:classifier", "machine:box-energy", "synthetic")
PLANNED_AT = datetime(2000, 1, 1, tzinfo=UTC)  # of a plan that is nobody's; its times are not exported
Begin = Callable[[str], Any]


def let_observe(
    definition: Definition, names: Sequence[str], runs: int, training_images: int, seed: int, out: Path, begin: Begin
) -> Path:
    """Let every observer of `names`, and its controls, take the trials dealt to `runs` participants; write the export.

    `begin(label)` is a context manager that yields a callable (done, total). Everything follows from `seed`.
    """
    rows = read_stimuli(definition.stimuli.output)
    with tempfile.TemporaryDirectory() as scratch, _one_thread():
        plan_folder = _plan(definition, rows, runs, seed, Path(scratch))
        plan = _named(load(plan_folder))
        exports = []
        for name in dict.fromkeys(names):
            seeds = np.random.SeedSequence([seed, OBSERVERS.index(name)])
            if name == SYNTHETIC:
                exports.append(_synthetic(plan, seed, seeds))
                continue
            observer = _observer(name, definition, rows, plan, training_images, seed, begin)
            exports += _answered(name, observer, plan, rows, definition, seeds)
        if not exports:
            kinds = " and ".join(sorted({task.kind for task in definition.tasks}))
            raise ObserverError(
                f"machine observers do not answer tasks of the kind {kinds}; add `--observers synthetic`"
            )
        return write_together(exports, plan_folder, out)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Networks as small as these lose more by dividing their work than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _plan(definition: Definition, rows: Sequence[Stimulus], runs: int, seed: int, scratch: Path) -> Path:
    """An export of the trials that the study's own assignment deals to `runs` participants, none of them answered."""
    url, slug, folder = f"sqlite:///{scratch / 'plan.sqlite3'}", definition.study.slug, definition.stimuli.output
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        provenance = read_provenance(folder)
        open_study(session, definition.document, definition.sha256, rows, provenance, folder, PLANNED_AT)
        session.commit()
    for run, stream in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        consent = Consent(Recruited("plain", str(run), {}), definition.study.languages[0], "simulated")
        with database.writing() as session:
            try:
                join(session, slug, consent, PLANNED_AT, np.random.default_rng(stream), str(seed))
            except StudyFullError:  # the study has no more trials to deal
                break
            session.commit()
    with database.snapshot() as session:
        exported = export_study(session, slug, scratch / "plan")
    database.engine.dispose()
    return exported


def _named(plan: Export) -> Export:
    """`plan` with participants called by their number: the survey's own names are random."""
    people = plan.participants["participant_id"]
    names = dict(zip(people, (f"run-{i:03}" for i in range(1, len(people) + 1)), strict=True))
    frames = {
        table: getattr(plan, table).assign(participant_id=getattr(plan, table)["participant_id"].map(names))
        for table in ("participants", "trials")
    }
    return Export(**(vars(plan) | frames))


def _observer(
    name: str,
    definition: Definition,
    rows: Sequence[Stimulus],
    plan: Export,
    training_images: int,
    seed: int,
    begin: Begin,
) -> Observer:
    if name == BOX_ENERGY:
        return box_energy_observer(photographs_as_seen(definition), definition.stimuli.rendering_of)
    shown = sorted({method for task in definition.tasks for method in task.explained_by})
    if ready := [m for m in shown if m in definition.methods and definition.methods[m].pictures]:
        raise ObserverError(
            f"machine:classifier learns from pictures that the study does not show, and those of {', '.join(ready)} are"
            " made elsewhere; name the other observers with --observers"
        )
    images = open_split(definition.dataset, definition.dataset.split)
    categories = definition.dataset.categories
    methods = {
        network: sorted({m for task in definition.tasks if network in task.networks for m in task.explained_by})
        for network in sorted({n for task in definition.tasks for n in task.networks})
    }
    networks = {n: load_network(n, definition.networks[n], categories) for n in methods}
    free = other_images(images, {r.image_id for r in rows}, categories, training_images, np.random.default_rng(seed))
    known = methods_of_study(definition.methods)
    with begin("Visualizing other images") as report:
        taught = lessons(free, categories, networks, methods, definition.stimuli, known, report)
    with begin("Training classifiers") as report:
        return classifier_observer(taught, categories, list(plan.participants["participant_id"]), seed, report)


def _answered(
    name: str,
    observer: Observer,
    plan: Export,
    rows: Sequence[Stimulus],
    definition: Definition,
    seeds: np.random.SeedSequence,
) -> Iterator[Export]:
    """The observer itself, then each control that fits a task of the study."""

    @lru_cache(maxsize=4096)
    def picture(stimulus: Stimulus) -> torch.Tensor:
        return torch.from_numpy(np.array(Image.open(definition.stimuli.output / stimulus.file).convert("RGB")))

    questions = _questions(plan, rows)
    if name == CLASSIFIER:  # it learned whole pictures
        questions = [question for question in questions if not KINDS[question.kind].tiles]
    for control, stream in zip((None, *CONTROLS), seeds.spawn(len(CONTROLS) + 1), strict=True):
        given = answers(questions, observer, picture, np.random.default_rng(stream), control)
        if given:
            yield answered(plan, f"{name}+{control}" if control else name, given)


def _questions(plan: Export, rows: Sequence[Stimulus]) -> list[Question]:
    """Of the trials that show an explanation: where there is none, an observer of explanations has nothing to see."""
    by_id = {row.stimulus_id: row for row in rows}
    by_cell = {(row.image_id, row.category, row.network, row.method): row for row in rows}
    found = []
    for trial in plan.trials[plan.trials["method"] != PHOTOGRAPH].itertuples():
        pair = (trial.left_stimulus_id, trial.right_stimulus_id)
        shown = (trial.stimulus_id,) if KINDS[trial.trial_type].pictures == 1 else pair
        other = by_cell.get((trial.image_id, trial.foil, trial.network, trial.method))
        stimuli = tuple(by_id[stimulus_id] for stimulus_id in shown)
        found.append(Question(trial.trial_id, trial.participant_id, stimuli, trial.trial_type, other))
    return found


def _synthetic(plan: Export, seed: int, seeds: np.random.SeedSequence) -> Export:
    """The psychometric model of analysis/tasks/psychometrics.py, which sees no picture."""
    given, times = {}, {}
    networks = {task.name: task.networks for task in plan.tasks}
    names = plan.participants["participant_id"]
    for name, stream in zip(names, seeds.spawn(len(names)), strict=True):
        rng = np.random.default_rng(stream)
        person = draw_participant(rng, Psychometrics(seed=seed))
        for trial in plan.trials[plan.trials["participant_id"] == name].itertuples():
            simulation = ANALYSIS_KINDS[trial.trial_type].simulation
            seen = Seen(trial.image_id, trial.method, trial.category, trial.foil, tuple(trial.option_order.split(";")))
            value, rt = simulation.answer(person, seen, rng)
            shows_two = KINDS[trial.trial_type].compares_networks
            is_left = shows_two and first_is_left(trial.left_network, trial.right_network, networks[trial.task])
            given[trial.trial_id], times[trial.trial_id] = simulation.placed(value, is_left), rt
    return answered(plan, "simulated", given, times)
