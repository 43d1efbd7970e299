"""Rating: the mean on a scale from 1 to 5, the distribution and median, networks compared, and the reasons ticked.

A scale of another number of points n is placed on 1 … 5: score = 1 + 4 · (answer − 1) / (n − 1). No answer is right, so
there is no chance level; 3 is the middle of the scale. Adebayo et al. (2020) give medians and shares of reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, mean, share, table
from analysis.estimation.detection import SENSITIVITY, sensitivity
from analysis.estimation.estimates import CellMeans, Estimate, difference, no_estimate, proportion
from analysis.notes import NO_NOTE, Note, marked
from analysis.tasks.biases import halves, later_half
from analysis.tasks.kind import TaskRows
from contracts.tasks import KINDS, MOTIVE, MOTIVES

FACTS = KINDS["rating"]
HALF = 0.5
NO_RATINGS = Note("There are no ratings.")


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`ratings` by method; by network and method `states`, `medians`, `shares`, `against` the first network and
    `detection` of the others; `motives` by network where they were asked."""
    trials, task, confidence = rows.trials, rows.task, rows.confidence
    score, methods = trials["score"].to_numpy(float), task.methods
    both = {"network": task.networks, "method": methods}
    cells, positive = cells_by(trials, score, both), cells_by(trials, score > FACTS.null, both)
    first, *others = task.networks
    pairs = [(other, method) for other in others for method in methods]
    answer = mean(confidence, FACTS.bounds, FACTS.null)
    return {
        "ratings": table(trials, score, {"method": methods}, answer),
        "states": table(trials, score, both, answer),
        "medians": medians(trials, both, confidence),
        "shares": answer_shares(trials, both, confidence),
        "against": estimate_table(
            {
                (other, method): difference(
                    cells, (other, method), (first, method), confidence, FACTS.difference_bounds
                )
                for other, method in pairs
                if all(cells.counts[cells.index((name, method))] for name in (other, first))
            },
            ["network", "method"],
        ),
        "detection": estimate_table(
            {
                (other, method): sensitivity(
                    positive, (first, method), (other, method), next(iter(SENSITIVITY)), confidence, NO_RATINGS
                )
                for other, method in pairs
            },
            ["network", "method"],
        ),
        "motives": motives(rows),
        "biases": biases(trials, confidence),
    }


def points_of(trials: pd.DataFrame) -> int:
    """How many points the scale had; as the kind has it where there are no trials."""
    shown = trials["option_order"].str.count(";").max() if len(trials) else np.nan
    return len(FACTS.questions[0].values) if np.isnan(shown) else int(shown) + 1


def score_of(row: Any, _networks: Sequence[str]) -> float:
    """The score of an answered trial."""
    return float(placed_on_scale(float(row.response), row.option_order.count(";") + 1))


def placed_on_scale(answer: Any, points: Any) -> Any:
    """From a point 1 … `points` to the score 1 … 5."""
    return FACTS.least + FACTS.length * (answer - 1) / (points - 1)


def answer_shares(trials: pd.DataFrame, levels: Mapping[str, Sequence[str]], confidence: float) -> pd.DataFrame:
    """Share of each point of the scale by network and method: rows with `network`, `method`, `point`."""
    given = trials["response"].astype(int).to_numpy()
    parts = [
        table(trials, given == point, levels, share(confidence)).assign(point=point)
        for point in range(1, points_of(trials) + 1)
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["network", "method"], key=lambda c: c.map(list(levels[str(c.name)]).index), kind="stable")


def medians(trials: pd.DataFrame, levels: Mapping[str, Sequence[str]], confidence: float) -> pd.DataFrame:
    """Median score by network and method, with the interval of Woodruff (1952, JASA 47, 635–646).

    It holds the values at which the interval of the share of answers up to there has 50 %.
    """
    score = trials["score"].to_numpy(float)
    values = np.unique(score)
    below = {value: cells_by(trials, score <= value, levels) for value in values}
    middles = trials.groupby(list(levels))["score"].median()
    labels = [(network, method) for network in levels["network"] for method in levels["method"]]
    found = {label: _median(below, label, middles.get(label), confidence) for label in labels}
    return estimate_table(found, list(levels))


def _median(below: dict[float, CellMeans], label: tuple[str, str], middle: float | None, confidence: float) -> Estimate:
    reached = {value: proportion(cells, label, confidence) for value, cells in below.items()}
    if middle is None:
        return no_estimate(NO_RATINGS)
    last = list(reached)[-1]
    shares = [(value, e.low or 0.0, 1.0 if e.high is None else e.high) for value, e in reached.items()]
    low = next(value for value, _, high in shares if high >= HALF)  # all answers are up to the last value
    high = next((value for value, low, _ in shares if low >= HALF), last)
    return replace(reached[last], value=float(middle), low=float(low), high=float(high), se=None, p=None, note=NO_NOTE)


def motives(rows: TaskRows) -> pd.DataFrame:
    """Share of ratings with each reason by network; empty where reasons to tick were not asked."""
    told = rows.answers[rows.answers["question"] == MOTIVE] if len(rows.answers) else rows.answers
    if not len(told):
        return estimate_table({}, ["network", "motive"])
    ticked = told[["trial_id", "response"]].rename(columns={"response": "motive"}).merge(rows.trials, on="trial_id")
    parts = {
        motive: table(ticked, ticked["motive"] == motive, {"network": rows.task.networks}, share(rows.confidence))
        for motive in MOTIVES
    }
    frame = pd.concat([part.assign(motive=motive) for motive, part in parts.items()], ignore_index=True)
    return frame.sort_values("network", key=lambda c: c.map(list(rows.task.networks).index), kind="stable")


def rating_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Mean rating with method `a` minus that with `b`, from 1 to 5."""
    cells = cells_by(trials, trials["score"].to_numpy(float), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Learning or tiring."""
    frame, score = trials.assign(later=later_half(trials)), trials["score"].to_numpy(float)
    effect = halves(frame, score, "later", confidence, FACTS.difference_bounds)
    return estimate_table({marked("rating: second half − first half"): effect}, ["effect"])


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response is no point of the scale, or its score another one."""
    points = answered["option_order"].str.count(";") + 1
    given = pd.to_numeric(answered["response"], errors="coerce")
    refuse(~given.between(1, points) | (given % 1 != 0), answered, "response is no point of the scale")
    refuse(
        (answered["score"] - placed_on_scale(given, points)).abs() > 1e-9,
        answered,
        "score is not the response, placed on the scale from 1 to 5",
    )
