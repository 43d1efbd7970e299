"""Sentence fit, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.notes import marked
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.sentence_fit import estimates, present, simulate

KIND = AnalysisKind(
    texts=Texts(
        title=marked("Fit of sentences"),
        design=marked(
            "In “{task}”, participants saw a photograph, what the network decided and an explanation, and chose which"
            " of two sentences fits."
        ),
        foils={
            "table": marked(
                "One sentence has the names of the network's units that speak most for and against the decision, the"
                " other was made in the same way after the names of the units were shuffled; both were fixed for each"
                " image before the study."
            )
        },
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of its two"
            " sentences was chosen."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%; the others are"
            " differences and should be near zero."
        ),
        sides=marked("share with the fitting sentence first, by method"),
        question=marked("Do sentences of units' names fit the explanations of a network?"),
        means=marked("With {a} the fitting sentence was chosen in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("fitting sentence chosen, %"),
        marked("Differences of the share of fitting sentences are in percentage points."),
    ),
    means="fits",
    value=lambda row, _networks: row.response == estimates.right_sentence(row.foil),
    tables=estimates.tables,
    difference=estimates.difference_of_shares,
    check=estimates.check,
    agreed=lambda trials: (trials["correct"].to_numpy(float), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    sides=lambda trials, _task: estimates.truth_first(trials),
    bias_writers=(percent,),
)
