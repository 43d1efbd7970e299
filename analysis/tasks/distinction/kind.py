"""Distinction, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.notes import marked
from analysis.tasks.distinction import estimates, present, simulate
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.verdicts import Alike
from contracts.tiles import Tiled

KIND = AnalysisKind(
    texts=Texts(
        title=marked("Which class is predicted"),
        design=marked(
            "In “{task}”, participants saw a photograph and the explanations of four classes on one colour scale, and"
            " chose the class that the network predicts and the class that is correct. Half of the images were"
            " predicted correctly."
        ),
        matched=marked("Right and wrong predictions were matched by the network's confidence."),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of its four"
            " classes was chosen as predicted."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 25%: above it, people lean"
            " to the explanation that is shown first. The other is a difference and should be near zero."
        ),
        machine=marked("In distinction, it chooses the explanation with the most energy."),
        further=marked(
            "Both shares follow Kim et al. (2022): the predicted class chosen, and the correct class chosen. For right"
            " predictions these are one class, for wrong ones two, so the shares of right and of wrong predictions are"
            " reported apart; their mean is the share of predictions found. Guessing among four gives 25%."
        ),
        question=marked("Can people tell from explanations of four classes which one a network predicts?"),
        means=marked("With {a} the predicted class was found in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("class found, %"), marked("Differences of the share of predictions found are in percentage points.")
    ),
    means="predicted",
    value=lambda row, _networks: row.response == Tiled.read(row.foil).place(row.category),
    tables=estimates.tables,
    difference=estimates.difference,
    alike=Alike(lambda trials: trials["foil"].map(estimates.sorts(trials))),
    check=estimates.check,
    agreed=lambda trials: (trials["response"].astype(int).to_numpy(), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    tested=frozenset({"predictions", "classes"}),
    references=lambda _export: {"choice among classes"},
    bias_writers=(percent,),
)
