"""Can anything but the pixels tell a visualization's method, network or truth, or a catch trial? A classifier is asked.

Simulated participants take the study over HTTP as browsers do, and everything observable is noted of each trial: its
entry in the plan, headers, lengths and times of replies, addresses, what a picture's file holds beside its pixels. The
truth comes from the database. A linear classifier learns from one half of the participants and is tried on the other,
and the other way round; how often it is right is compared with the same trials under shuffled truths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from study.errors import BlindnessError
from study.rehearsal.blind_features import Observed, feature_table

ALPHA = 0.001  # of a false alarm in the whole check, shared by its verdicts
SHUFFLES = 9999
ENOUGH = 100  # shuffles that are as good as the truth: p is about 0.01 at least, and more shuffles change no verdict
FEWEST = 30  # trials in each half; fewer tell nothing
_BATCH = 500  # shuffles judged at once
_PENALTY = 0.1  # of the ridge, a trial


@dataclass(frozen=True)
class ObservedTrial:
    """What was seen of one trial, and what nobody may tell from it: `labels`, name → value."""

    participant: int
    task: str
    observed: Observed
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """How often the classifier named the label, each of its values weighing the same, and how often by chance."""

    task: str
    label: str
    trials: int
    right: float
    chance: float
    p: float

    def leaks(self, verdicts: int) -> bool:
        """Whether this is more than chance among this number of verdicts (Bonferroni)."""
        return self.p <= ALPHA / verdicts


def judge(trials: Sequence[ObservedTrial], label: str, rng: np.random.Generator, shuffles: int = SHUFFLES) -> Verdict:
    """Try to tell `label` of these trials of one task.

    Truths are shuffled within participants, whose shares of each value the assignment has fixed; at most `shuffles`
    times, fewer where it is soon clear that the label is not told.
    Raises BlindnessError with too few trials to tell.
    """
    values = sorted({trial.labels[label] for trial in trials})
    truth = np.array([values.index(trial.labels[label]) for trial in trials])
    people = np.unique([trial.participant for trial in trials], return_inverse=True)[1]
    halves = people % 2 == 0
    if len(values) < 2 or min(halves.sum(), (~halves).sum()) < FEWEST:
        raise BlindnessError(
            f"{len(trials)} trials with {len(values)} kinds of {label} are too few to judge by; send more participants"
        )
    table = feature_table([trial.observed for trial in trials])
    projections = [(_projection(table, learned), learned) for learned in (halves, ~halves)]
    right = _accuracy(projections, truth[None], len(values))[0]
    by_chance, as_good = np.empty(0), 0
    while len(by_chance) < shuffles and as_good < ENOUGH:
        rows = _shuffled(truth, people, min(_BATCH, shuffles - len(by_chance)), rng)
        by_chance = np.append(by_chance, _accuracy(projections, rows, len(values)))
        as_good = int((by_chance >= right - 1e-12).sum())
    p = (1 + as_good) / (1 + len(by_chance))
    return Verdict(trials[0].task, label, len(trials), float(right), float(by_chance.mean()), p)


def _projection(table: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """(tried, learned): ridge regression's prediction is this times the learned trials' centred labels."""
    middle = table[learned].mean(axis=0)
    inputs, tried = table[learned] - middle, table[~learned] - middle
    gram = inputs.T @ inputs + _PENALTY * len(inputs) * np.eye(inputs.shape[1])
    return (tried @ np.linalg.solve(gram, inputs.T)).astype(np.float32)


def _accuracy(projections: Sequence[tuple[np.ndarray, np.ndarray]], truths: np.ndarray, classes: int) -> np.ndarray:
    """For each row of `truths`, the mean over the classes of how often the class is recognised."""
    hits, counts = np.zeros((len(truths), classes)), np.zeros((len(truths), classes))
    for projection, learned in projections:
        scores = np.stack([_score(projection, truths[:, learned] == c) for c in range(classes)])
        guessed, tried = scores.argmax(axis=0), truths[:, ~learned]
        for c in range(classes):
            hits[:, c] += ((tried == c) & (guessed == c)).sum(axis=1)
            counts[:, c] += (tried == c).sum(axis=1)
    return (hits / np.maximum(counts, 1)).mean(axis=1)


def _score(projection: np.ndarray, is_class: np.ndarray) -> np.ndarray:
    """(rows, tried): how much a trial looks like the class, in units of how common the class is."""
    share = is_class.mean(axis=1, keepdims=True)
    return ((is_class - share) / np.maximum(share, 1e-9)).astype(np.float32) @ projection.T


def _shuffled(truth: np.ndarray, people: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    shuffled = np.empty((rows, len(truth)), dtype=truth.dtype)
    for person in range(people.max() + 1):
        mine = people == person
        shuffled[:, mine] = rng.permuted(np.tile(truth[mine], (rows, 1)), axis=1)
    return shuffled
