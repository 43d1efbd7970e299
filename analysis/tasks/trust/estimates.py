"""Trust: the mean score towards the stronger network, and how often each of the five answers was given."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.data.conditions import compared
from analysis.data.exclusions import analysed
from analysis.data.export import Export
from analysis.estimation.cells import Levels, cells_by, estimate_table, mean, of_all, share, table
from analysis.estimation.estimates import Estimate, difference
from analysis.estimation.ordinal import odds_ratio
from analysis.estimation.ranking import ranking
from analysis.notes import marked
from analysis.paper import PaperFigures
from analysis.tasks.biases import halves, later_half
from analysis.tasks.kind import TaskRows
from contracts.tasks import KINDS, SCORES, first_is_left

FACTS = KINDS["trust"]
MANY_NETWORKS = 3  # from here on networks are ranked


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`scores`, `shares` of the five answers, and `biases`."""
    trials, task, confidence = rows.trials, rows.task, rows.confidence
    return {
        "scores": mean_score_table(trials, {"method": task.methods}, confidence),
        "shares": answer_shares(trials, task.methods, confidence),
        "biases": trust_biases(trials, rows.controls, task.networks, confidence),
    }


def mean_score(export: Export, task: str | None = None, observer_kind: str | None = None) -> pd.DataFrame:
    """Mean score by method in the primary analysis of an export.

    `task` and `observer_kind` must be named where the export has several. Raises ExportError.
    """
    rows, chosen = analysed(export, FACTS.name, task, observer_kind)
    return mean_score_table(rows, {"method": chosen.methods}, export.config.confidence)


def mean_score_table(trials: pd.DataFrame, levels: Levels, confidence: float) -> pd.DataFrame:
    """Mean score in each cell of `levels`, tested against 0 ("equally reliable")."""
    return table(trials, trials["score"].to_numpy(), levels, mean(confidence, FACTS.bounds))


def score_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Mean score with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["score"].to_numpy(), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def answer_shares(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """Share of each of the five answers by method: rows `method` × `score`."""
    parts = [
        table(trials, (trials["score"] == score).to_numpy(), {"method": methods}, share(confidence)).assign(score=score)
        for score in SCORES
    ]
    rows = pd.concat([part.loc[[i]] for i in range(len(methods)) for part in parts], ignore_index=True)
    return rows[["method", "score", *rows.columns.drop(["method", "score"])]]


def trust_biases(
    trials: pd.DataFrame, controls: pd.DataFrame, networks: Sequence[str], confidence: float
) -> pd.DataFrame:
    """Pull of the left side, sides swapped, order in the session, and identical pairs where there are any."""
    frame = trials.assign(left=first_on_the_left(trials, networks) == 1, later=later_half(trials))
    score, bounds, answer = trials["score"].to_numpy(), FACTS.difference_bounds, mean(confidence, FACTS.bounds)
    rows = {
        marked("mean answer towards the left"): of_all(trials, _towards_left(trials), answer),
        marked("score: first network on the left − on the right"): halves(frame, score, "left", confidence, bounds),
        marked("score: second half − first half"): halves(frame, score, "later", confidence, bounds),
    }
    if len(controls):
        rows[marked("identical pairs: mean answer towards the left")] = of_all(
            controls, _towards_left(controls), answer
        )
    return estimate_table(rows, ["effect"])


def _towards_left(trials: pd.DataFrame) -> np.ndarray:
    return pd.to_numeric(trials["response"]).to_numpy(float)


def study_tables(trials: pd.DataFrame, export: Export) -> dict[str, pd.DataFrame]:
    """Over all trust tasks: `odds-ratios` of contrasts; `strengths` and `network-pairs` of three networks or more."""
    strengths, pairs = rank(trials, export)
    return {"odds-ratios": odds_ratios(trials, export), "strengths": strengths, "network-pairs": pairs}


def rank(trials: pd.DataFrame, export: Export) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Strengths of all networks over all trust tasks; empty tables for fewer than three networks."""
    networks = compared_networks(export)
    if len(networks) < MANY_NETWORKS:
        return estimate_table({}, ["network"]), estimate_table({}, ["a", "b"])
    return ranking(trials[trials["trial_type"] == FACTS.name], networks, export.config.confidence)


def compared_networks(export: Export) -> list[str]:
    """The networks of all trust tasks, each once."""
    return list(dict.fromkeys(name for task in export.tasks_of(FACTS.name) for name in task.networks))


def odds_ratios(trials: pd.DataFrame, export: Export) -> pd.DataFrame:
    """Trust contrasts by the proportional-odds model, on the log scale, with `ratio`, `ratio_low` and `ratio_high`."""
    tasks = {task.name: task for task in export.tasks_of(FACTS.name)}
    estimates = {
        (c.task, c.a, c.b): odds_ratio(rows, task.methods, c.a, c.b, export.config.confidence)
        for c in export.config.contrasts
        if c.task in tasks
        for rows, task in [compared(export, c, trials[trials["task"] == c.task], tasks[c.task])]
    }
    found = estimate_table(estimates, ["task", "a", "b"])
    return found.assign(ratio=np.exp(found["value"]), ratio_low=np.exp(found["low"]), ratio_high=np.exp(found["high"]))


def check(answered: pd.DataFrame, networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its score contradicts the row."""
    response = check_degrees(answered)
    side = first_on_the_left(answered, networks)
    refuse(~side.isin((1, -1)), answered, f"left_network and right_network are not two of {', '.join(networks)}")
    turned = networks[0] if len(networks) == FACTS.networks else "the network named first"
    refuse(answered["score"] != response * side, answered, f"score is not the response turned towards {turned}")


def first_on_the_left(trials: pd.DataFrame, networks: Sequence[str]) -> pd.Series:
    """1 where that of the two networks which `networks` names first is on the left, −1 where it is on the right."""
    places = {name: place for place, name in enumerate(networks)}
    left, right = (trials[f"{side}_network"].map(places) for side in ("left", "right"))
    return np.sign(right - left)


def check_degrees(answered: pd.DataFrame) -> pd.Series:
    """The responses as numbers. Raises ExportError where one is none of the five."""
    response = pd.to_numeric(answered["response"], errors="coerce")
    refuse(~response.isin(SCORES), answered, "response is not a whole number from -2 to 2")
    return response


def published_variance(variance: float, involved: pd.DataFrame, paper: PaperFigures) -> float:
    """Of the paper's mean scores: this study's with the paper's number of people, where that is smaller.

    How many images and ratings the paper had is not known, so it counts as no more certain than this study.
    """
    return variance * max(1.0, float(involved["participants"].mean()) / paper.trust_workers)


def published(paper: PaperFigures) -> Mapping[str, float]:
    """The paper's mean scores by method."""
    return paper.trust_scores


def towards_first(row: Any, networks: Sequence[str]) -> int:
    """The degree towards the network named first; a tie is 0, not −0."""
    return int(row.response) * (1 if first_is_left(row.left_network, row.right_network, networks) else -1)
