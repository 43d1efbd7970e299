"""All tables of a class-discrimination task."""

import pandas as pd

from analysis.estimation.mixed import spreads
from analysis.tasks.class_discrimination.confidence import by_confidence, overconfidence
from analysis.tasks.class_discrimination.estimates import accuracy_table, choice_biases, confusion, discriminability
from analysis.tasks.kind import TaskRows


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`accuracy`, `discriminability`, by network and category, `confusion`, `biases`, `confidence`,
    and the spreads that the random-effects model finds.

    `method-networks` and `category-networks` are empty for one network, `confidence` and `overconfidence` where nobody
    was asked.
    """
    trials, task, confidence = rows.trials, rows.task, rows.confidence
    categories = sorted(trials["category"].unique())
    several = task.networks if len(task.networks) > 1 else ()
    crossed = trials if several else trials.iloc[:0]
    return {
        "accuracy": accuracy_table(trials, {"method": task.methods}, confidence),
        "discriminability": discriminability(trials, task.methods, confidence),
        "networks": accuracy_table(trials, {"network": task.networks}, confidence),
        "method-networks": accuracy_table(crossed, {"method": task.methods, "network": several}, confidence),
        "category-networks": accuracy_table(crossed, {"category": categories, "network": several}, confidence),
        "categories": accuracy_table(trials, {"category": categories}, confidence),
        "crossed": accuracy_table(trials, {"category": categories, "method": task.methods}, confidence),
        "confusion": confusion(trials),
        "biases": choice_biases(trials, confidence),
        "confidence": by_confidence(trials, confidence),
        "random-effects": spreads(trials, task.methods),
        "overconfidence": overconfidence(trials, task.methods, confidence),
    }
