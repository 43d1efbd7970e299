"""Agreement, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.notes import marked
from analysis.tasks.agreement import estimates, present, simulate
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.random_effects import apart, sentence
from analysis.tasks.verdicts import Alike

KIND = AnalysisKind(
    texts=Texts(
        title=marked("Agreement with predictions"),
        design=marked(
            "In “{task}”, participants saw a photograph, what the network predicted for it, and an explanation of this"
            " prediction, and said in four degrees whether the prediction is correct. Half of the images were predicted"
            " correctly."
        ),
        matched=marked("Right and wrong predictions were matched by the network's confidence."),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for whether the"
            " prediction was called correct."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%: above it, people lean"
            " to believing. The other is a difference and should be near zero."
        ),
        machine=marked(
            "In agreement, it calls a prediction correct where it has no more evidence for another category."
        ),
        further=marked(
            "The share judged rightly is the mean of two shares, those of right and of wrong predictions. Sensitivity"
            " d′ and criterion (Macmillan & Creelman, 2005) take the log-linear correction (Hautus, 1995); a negative"
            " criterion leans to believing."
        ),
        question=marked("Can people tell from an explanation whether a network's prediction is right?"),
        means=marked("With {a} predictions were judged rightly in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("judged rightly, %"), marked("Differences of the share judged rightly are in percentage points.")
    ),
    means="judged",
    value=lambda row, _networks: (
        (row.response in estimates.DEGREES[:2]) == (estimates.FOILS[row.foil] == estimates.RIGHT)
    ),
    tables=estimates.tables,
    difference=estimates.difference,
    alike=Alike(estimates.prediction),
    check=estimates.check,
    agreed=lambda trials: (estimates.believes(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    tested=frozenset({"predictions"}),
    analyses=apart(lambda trials: (estimates.prediction(trials) == estimates.RIGHT).to_numpy()),
    references=lambda _export: {"sensitivity", "random effects"},
    further_sentences=lambda _export, translate: [sentence(marked("for right and for wrong predictions"), translate)],
    bias_writers=(percent,),
)
