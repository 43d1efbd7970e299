"""Guessing a label, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.notes import marked
from analysis.tasks.guess_label import estimates, present, simulate
from analysis.tasks.kind import AnalysisKind, Texts, of_shares

KIND = AnalysisKind(
    texts=Texts(
        title=marked("Wrong labels, guessed"),
        design=marked(
            "In “{task}”, participants saw photographs to which a network gave a wrong label, were told what each one"
            " shows, and guessed from an explanation which of five labels the network gave."
        ),
        foils={
            "annotated": marked(
                "The other four labels are those that the network rated highest after its own, without those of"
                " anything annotated in the photograph; they were fixed for each image before the study."
            ),
            "table": marked("The other four labels were fixed by a table for each image before the study."),
        },
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of its five"
            " labels was chosen."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 20%: above it, people lean"
            " to the label that is listed first. The other is a difference and should be near zero."
        ),
        further=marked(
            "The task follows Shen and Huang (2020), who compared people with and without explanations. Guessing among"
            " five labels gives 20%."
        ),
        question=marked("Can people tell from explanations which wrong label a network gave?"),
        means=marked("With {a} the network's label was guessed in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("network's label guessed, %"),
        marked("Differences of the share of labels guessed are in percentage points."),
    ),
    means="guessed",
    value=lambda row, _networks: row.response == row.category,
    tables=estimates.tables,
    difference=estimates.difference_of_shares,
    check=estimates.check,
    agreed=lambda trials: (estimates.chosen_place(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    differences=frozenset({"explained"}),
    references=lambda _export: {"wrong labels"},
    bias_writers=(percent,),
)
