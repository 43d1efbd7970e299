"""Every comparison of the definition under other defensible choices: whom to keep, and how to compute.

Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11(5).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.config import ExclusionsConfig
from analysis.data.conditions import compared
from analysis.data.exclusions import apply_exclusions
from analysis.data.export import Export, Task
from analysis.estimation.bootstrap import APART, pigeonhole
from analysis.estimation.cells import cells_by, estimate_table, layout_by
from analysis.estimation.estimates import Estimate, Variance, no_estimate, variance, with_interval, within
from analysis.estimation.limits import too_many
from analysis.notes import Note, marked, no_responses
from analysis.tasks.kind import OtherAnalysis
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.tasks import KINDS

PRIMARY = ("as defined", "left out", "two-way clusters")


def multiverse(export: Export) -> pd.DataFrame:
    """A row for each comparison × set of participants × way of computing; `primary` marks the one fixed beforehand, and
    `assumes` says what a way needs in order to hold its level.

    Choices that leave the same responses are listed once. Estimates are differences of accuracies or of mean scores.
    """
    tasks = {task.name: task for task in export.tasks}
    estimates: dict[tuple[object, ...], Estimate] = {}
    for exclusions, overflow, trials in _selections(export):
        for contrast in export.config.contrasts:
            task = tasks[contrast.task]
            rows, task = compared(export, contrast, trials[trials["task"] == task.name], task)
            for name, other in analyses(task.kind).items():
                key = (task.name, task.kind, contrast.a, contrast.b, exclusions, overflow, name)
                estimate = other.compute(rows, task, contrast.a, contrast.b, export.config.confidence)
                estimates[key] = within(estimate, KINDS[task.kind].difference_bounds)
    table = estimate_table(estimates, ["task", "kind", "a", "b", "exclusions", "overflow", "analysis"])
    assumed = [analyses(str(kind))[str(name)].assumes for _, kind, *_, name in estimates]
    return table.assign(primary=[key[4:] == PRIMARY for key in estimates], assumes=assumed).sort_values(
        ["task", "a", "b"], kind="stable", ignore_index=True
    )


def analyses(kind: str) -> dict[str, OtherAnalysis]:
    """All ways to compute a comparison of a task of this kind, by name."""
    return COMMON | dict(ANALYSIS_KINDS[kind].analyses)


def _selections(export: Export) -> Iterator[tuple[str, str, pd.DataFrame]]:
    seen: list[pd.Series] = []
    for exclusions in (marked("as defined"), marked("nobody")):
        rules = export.config.exclusions if exclusions == "as defined" else ExclusionsConfig()
        for overflow in (marked("left out"), marked("kept")):
            trials = apply_exclusions(
                export, rules, heed_researcher=exclusions == "as defined", keep_overflow=overflow == "kept"
            ).trials
            if not any(trials["trial_id"].equals(other) for other in seen):
                seen.append(trials["trial_id"])
                yield exclusions, overflow, trials


@dataclass(frozen=True)
class _Compared:
    """Responses with two methods (n rows), their values (n,), the parts (C) whose means make the difference, and the
    weight of each part (C,) in it. A part is a method, or a method and a sort where sorts count alike."""

    rows: pd.DataFrame
    values: np.ndarray
    levels: dict[str, tuple[str, ...]]
    weights: np.ndarray

    @property
    def part(self) -> np.ndarray:
        """Of each response (n,)."""
        return layout_by(self.rows, self.levels).cell


def _compared(rows: pd.DataFrame, task: Task, a: str, b: str) -> _Compared | Note:
    """The comparison as the kind's own `difference` makes it, or why there is none."""
    rows, alike = rows[rows["method"].isin((a, b))], ANALYSIS_KINDS[task.kind].alike
    if missing := [m for m in (a, b) if not (rows["method"] == m).any()]:
        return no_responses(missing)
    values = rows[KINDS[task.kind].value].to_numpy(float)
    if alike is None:
        return _Compared(rows, values, {"method": (a, b)}, np.array(APART))
    rows, names = rows.assign(sort=alike.of(rows)), alike.sorts.names
    if len(rows[["method", "sort"]].drop_duplicates()) < 2 * len(names):
        return alike.sorts.missing
    return _Compared(rows, values, {"method": (a, b), "sort": names}, np.repeat(APART, len(names)) / len(names))


def _clustered(
    choose: Callable[[Variance], Variance],
) -> Callable[[pd.DataFrame, Task, str, str, float], Estimate]:
    def compute(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
        compared = _compared(rows, task, a, b)
        if isinstance(compared, Note):
            return no_estimate(compared)
        cells = cells_by(compared.rows, compared.values, compared.levels)
        spread = variance(cells, compared.weights)
        spread = spread if spread.value is None else choose(spread)
        bounds = KINDS[task.kind].difference_bounds
        return with_interval(float(compared.weights @ cells.means), spread, confidence, bounds=bounds)

    return compute


def _with(spread: Variance, value: float, rule: str, df: float) -> Variance:
    counts = spread.responses, spread.participants, spread.images
    return Variance(value, rule, df, *counts, is_unequal=spread.is_unequal)


def _larger(spread: Variance) -> Variance:
    two_way = spread.by_participant + spread.by_image - spread.by_pair
    return _with(spread, max(two_way, spread.by_participant, spread.by_image), "larger one-way", spread.df)


def _people(spread: Variance) -> Variance:
    return _with(spread, spread.by_participant, "participants only", spread.participant_df or spread.participants - 1)


def _images(spread: Variance) -> Variance:
    return replace(_with(spread, spread.by_image, "images only", spread.images - 1), is_unequal=False)


def _independent(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
    compared = _compared(rows, task, a, b)
    if isinstance(compared, Note):
        return no_estimate(compared)
    groups = [compared.values[compared.part == place] for place in range(len(compared.weights))]
    if min(map(len, groups)) < 2:
        return no_estimate(Note("Too few responses in one of the two."))
    squares = compared.weights**2
    spread = Variance(
        float(sum(w * g.var(ddof=1) / len(g) for w, g in zip(squares, groups, strict=True))),
        "independent",
        len(compared.rows) - len(groups),
        len(compared.rows),
        compared.rows["participant_id"].nunique(),
        compared.rows["image_id"].nunique(),
    )
    value = sum(w * g.mean() for w, g in zip(compared.weights, groups, strict=True))
    return with_interval(float(value), spread, confidence, bounds=KINDS[task.kind].difference_bounds)


def _bootstrap(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
    if missing := too_many(rows):
        return missing
    compared = _compared(rows, task, a, b)
    if isinstance(compared, Note):
        return no_estimate(compared)
    participant, image = (pd.factorize(compared.rows[c])[0] for c in ("participant_id", "image_id"))
    weights = tuple(map(float, compared.weights))
    return pigeonhole(compared.values, compared.part, participant, image, confidence, weights)


COMMON = {
    marked("two-way clusters"): OtherAnalysis(_clustered(lambda spread: spread)),
    marked("larger one-way variance"): OtherAnalysis(_clustered(_larger), marked("tends to be too wide")),
    marked("clusters: participants"): OtherAnalysis(_clustered(_people), marked("assumes that images do not differ")),
    marked("clusters: images"): OtherAnalysis(_clustered(_images), marked("assumes that people do not differ")),
    marked("pigeonhole bootstrap"): OtherAnalysis(_bootstrap, marked("tends to be too wide")),
    marked("independent responses"): OtherAnalysis(
        _independent, marked("assumes that neither people nor images differ")
    ),
}
