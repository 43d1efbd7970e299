"""Every comparison of the definition under other defensible choices: whom to keep, and how to compute.

Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11(5).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.config import ExclusionsConfig
from analysis.data.conditions import compared
from analysis.data.exclusions import apply_exclusions
from analysis.data.export import Export, Task
from analysis.estimation.bootstrap import pigeonhole
from analysis.estimation.cells import cells_by, estimate_table
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


def _clustered(
    choose: Callable[[Variance], Variance],
) -> Callable[[pd.DataFrame, Task, str, str, float], Estimate]:
    def compute(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
        if missing := [m for m in (a, b) if not (rows["method"] == m).any()]:
            return no_estimate(no_responses(missing))
        cells = cells_by(rows, rows[KINDS[task.kind].value].to_numpy(float), {"method": (a, b)})
        spread = variance(cells, np.array([1.0, -1.0]))
        spread = spread if spread.value is None else choose(spread)
        bounds = KINDS[task.kind].difference_bounds
        return with_interval(float(cells.means[0] - cells.means[1]), spread, confidence, bounds=bounds)

    def only_compared(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
        return compute(rows[rows["method"].isin((a, b))], task, a, b, confidence)

    return only_compared


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
    groups = [rows.loc[rows["method"] == m, KINDS[task.kind].value].to_numpy(float) for m in (a, b)]
    if min(map(len, groups)) < 2:
        return no_estimate(Note("Too few responses in one of the two."))
    both = rows[rows["method"].isin((a, b))]
    spread = Variance(
        float(sum(g.var(ddof=1) / len(g) for g in groups)),
        "independent",
        len(both) - 2,
        len(both),
        both["participant_id"].nunique(),
        both["image_id"].nunique(),
    )
    bounds = KINDS[task.kind].difference_bounds
    return with_interval(float(groups[0].mean() - groups[1].mean()), spread, confidence, bounds=bounds)


def _bootstrap(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
    if missing := too_many(rows):
        return missing
    rows = rows[rows["method"].isin((a, b))]
    cell = (rows["method"] == b).to_numpy().astype(int)
    participant, image = (pd.factorize(rows[c])[0] for c in ("participant_id", "image_id"))
    return pigeonhole(rows[KINDS[task.kind].value].to_numpy(float), cell, participant, image, confidence)


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
