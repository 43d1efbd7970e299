"""Rating, as it is analysed."""

from pathlib import Path

import pandas as pd

from analysis.data.export import Task
from analysis.display.wording import number, signed
from analysis.estimation.estimates import Estimate
from analysis.estimation.ordinal import implied_score_difference
from analysis.notes import marked
from analysis.tasks.kind import AnalysisKind, OtherAnalysis, Scale, Texts
from analysis.tasks.rating import estimates, present, simulate


def _proportional_odds(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
    return implied_score_difference(rows, task.methods, a, b, confidence)


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Ratings of networks"),
        design=marked(
            "In “{task}”, participants saw a photograph, what one network predicted for it, and an explanation of this"
            " prediction, and rated the network. Ratings are on a scale from 1 to 5; answers on another number of"
            " points were placed on it linearly. No answer is right, so there is no chance level; 3 is the middle."
        ),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for the ordered"
            " ratings."
        ),
        biases=marked("Order effects: all should be near zero on the scale from 1 to 5."),
        further=marked(
            "Medians have Woodruff's (1952) interval. Sensitivity d′ (Macmillan & Creelman, 2005) takes ratings above"
            " the middle as positive: of the first network as hits, of another network as false alarms."
        ),
        question=marked("Do people tell from explanations which network can be recommended?"),
        on_networks=marked(
            "with each method, the mean rating of each other network ({others}) minus that of “{first}” is not 0. These"
            " differences are estimated with intervals and not tested."
        ),
        means=marked("The mean rating, from 1 to 5, was {value_a} with {a} and {value_b} with {b}."),
    ),
    scale=Scale(
        factor=1,
        level=number,
        difference=signed,
        label=marked("mean rating"),
        difference_label=marked("difference of\nmean ratings"),
        differences=marked("Differences of ratings are on the scale from 1 to 5."),
        unit=marked("on the scale from 1 to 5"),
        null=marked("middle"),
    ),
    means="ratings",
    value=estimates.score_of,
    tables=estimates.tables,
    difference=estimates.rating_difference,
    check=estimates.check,
    agreed=lambda trials: (trials["score"].to_numpy(), "ordinal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    tested=frozenset({"states"}),
    analyses={
        marked("proportional odds"): OtherAnalysis(
            _proportional_odds, marked("assumes that a method shifts all answers equally")
        )
    },
    references=lambda _export: {"ordinal", "sensitivity", "medians"},
)
