"""Trust, as it is analysed."""

from pathlib import Path

import pandas as pd

from analysis.data.export import Export, Task
from analysis.display.wording import Translation, number, signed
from analysis.estimation.estimates import Estimate
from analysis.estimation.ordinal import implied_score_difference
from analysis.notes import marked
from analysis.tasks.kind import AnalysisKind, OtherAnalysis, Scale, Texts
from analysis.tasks.trust import estimates, present, simulate


def _proportional_odds(rows: pd.DataFrame, task: Task, a: str, b: str, confidence: float) -> Estimate:
    return implied_score_difference(rows, task.methods, a, b, confidence)


def _is_ranked(export: Export) -> bool:
    return len(estimates.compared_networks(export)) >= estimates.MANY_NETWORKS


def _further_sentences(export: Export, translate: Translation) -> list[str]:
    sentences = [
        translate(
            "Trust scores were also analysed by a proportional-odds model (McCullagh, 1980) with the same two-way"
            " clustering."
        )
    ]
    sentences += [
        translate(
            "In “{task}”, every pair of the networks {networks} was compared; of a pair, the network named first is the"
            " one that comes first in this list.",
            task=task.name,
            networks=", ".join(task.networks),
        )
        for task in export.tasks_of(estimates.FACTS.name)
        if len(task.networks) >= estimates.MANY_NETWORKS
    ]
    if _is_ranked(export):
        sentences.append(translate("All networks were ranked by a Bradley–Terry model with ties (Davidson, 1970)."))
    return sentences


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Trust"),
        design=marked(
            "In “{task}”, participants saw visualizations from two networks that had predicted the same category and"
            " said on a five-point scale which network was more {quality}; scores from −2 to 2 are positive towards"
            " “{first}”."
        ),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for the ordered"
            " scores."
        ),
        biases=marked("Response bias and order effects: all should be near zero on the scale from −2 to 2."),
        machine=marked(
            "In trust, it prefers the network whose visualization gives it more evidence for the predicted category."
        ),
        sides=marked("share with the first network on the left, by method"),
        question=marked("Can people tell from two explanations which network is more {quality}?"),
        on_networks=marked(
            "with each method, the mean score is not 0: people prefer one of two networks, “{first}” or {others}"
            " (two-sided; these p-values are not corrected)."
        ),
        means=marked("The mean score towards “{first}”, from −2 to 2, was {value_a} with {a} and {value_b} with {b}."),
    ),
    scale=Scale(
        factor=1,
        level=number,
        difference=signed,
        label=marked("mean score"),
        difference_label=marked("difference of\nmean scores"),
        differences=marked("Differences of trust are on the scale from −2 to 2."),
        unit=marked("on the score"),
        null=marked("no difference"),
    ),
    means="scores",
    value=estimates.towards_first,
    tables=estimates.tables,
    difference=estimates.score_difference,
    check=estimates.check,
    check_controls=estimates.check_degrees,
    agreed=lambda trials: (trials["score"].to_numpy(), "ordinal"),
    sides=lambda trials, task: estimates.first_on_the_left(trials, task.networks) == 1,
    published=estimates.published,
    published_variance=estimates.published_variance,
    published_people=lambda paper: paper.trust_workers,
    published_design=(
        marked("Not known: which images, of those where both networks predict the annotated category."),
        marked("Not known: how many images, and how many ratings each."),
    ),
    replications=lambda paper: paper.trust_replications,
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    study_tables=estimates.study_tables,
    tested=frozenset({"odds-ratios"}),
    analyses={
        marked("proportional odds"): OtherAnalysis(
            _proportional_odds, marked("assumes that a method shifts all answers equally")
        )
    },
    references=lambda export: {"ordinal", "ranking"} if _is_ranked(export) else {"ordinal"},
    further_sentences=_further_sentences,
)
