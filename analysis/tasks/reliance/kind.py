"""Reliance, as it is analysed."""

from pathlib import Path

from analysis.data.export import Export
from analysis.display.wording import Translation, percent
from analysis.notes import marked
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.random_effects import apart, sentence
from analysis.tasks.reliance import estimates, present, simulate


def _further_sentences(_export: Export, translate: Translation) -> list[str]:
    cases = translate(
        "The same model was fitted to the cases of RAIR and of RSR. In the table of these comparisons the confidence in"
        " the own answer is a covariate, where it was asked."
    )
    return [sentence(marked("for right and for wrong advice"), translate), cases]


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Reliance on advice"),
        design=marked(
            "In “{task}”, participants saw a photograph and said which of two options it shows; they were advised"
            " by the network's own prediction, with or without an explanation. The advice was right for half of "
            "the images."
        ),
        matched=marked("Right and wrong predictions were matched by the network's confidence."),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of its"
            " two options was the final answer."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%: above it, people"
            " lean to the option that is listed first. The other is a difference and should be near zero."
        ),
        further=marked(
            "RAIR and RSR (Schemmer et al., 2023) are shares of cases: of wrong own answers, those corrected "
            "after right advice, and of right own answers, those kept against wrong advice. The accuracy gain is "
            "the share of right final answers minus that of right own ones. Over-reliance is the share of wrong "
            "advice that was followed, under-reliance that of right advice that was not."
        ),
        question=marked("Do people follow a network's advice when it is right, and only then?"),
        means=marked("With {a} the final answer was right in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("right final answers, %"),
        marked("Differences of the share of right final answers are in percentage points."),
    ),
    means="accuracy",
    value=lambda row, _networks: row.response == estimates.FACTS.both_options(row.category, row.foil)[1],
    tables=estimates.tables,
    difference=estimates.accuracy_difference,
    check=estimates.check,
    agreed=lambda trials: (estimates.earlier_option(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    analyses=apart(estimates.is_advised),
    differences=frozenset({"gain", "against", "equal-confidence", "random-effects"}),
    without_chance=frozenset({"reliance"}),
    references=lambda _export: {"advice", "random effects"},
    further_sentences=_further_sentences,
    bias_writers=(percent,),
)
