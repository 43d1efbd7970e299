"""Class discrimination, as it is analysed."""

from pathlib import Path

from analysis.data.export import Export
from analysis.display.wording import Translation, percent
from analysis.notes import marked
from analysis.tasks.class_discrimination import confusion, estimates, present, simulate
from analysis.tasks.class_discrimination.tables import tables
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.random_effects import by_method


def _further_sentences(_export: Export, translate: Translation) -> list[str]:
    return [
        translate(
            "Correct answers were also analysed with a logit model with maximal random effects (Barr et al.,"
            " 2013): of participants and of images, the same for all methods and by method. It was fitted by"
            " Laplace's approximation (Breslow & Clayton, 1993)."
        )
    ]


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Class discrimination"),
        design=marked(
            "In “{task}”, participants saw one visualization at a time, never the image itself, and chose which of two"
            " categories it showed."
        ),
        foils={
            "annotated": marked("The options were the two annotated categories of the image, and each was explained."),
            "runner-up": marked(
                "The image's only annotated category was explained; the other option was the study's category that the"
                " network scored highest among the wrong ones (runner-up)."
            ),
            "confusable": marked(
                "The image's only annotated category was explained; the other option was the study's category that the"
                " network most often scored highest among the wrong ones for images of this category (confusable)."
            ),
            "table": marked(
                "The image's only annotated category was explained; the other option was fixed for each image in a"
                " table of the study."
            ),
        },
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of its two"
            " options was named."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%; the others are"
            " differences and should be near zero."
        ),
        machine=marked("In class discrimination, it names the category for which it has more evidence."),
        sides=marked("share with the correct option first, by method"),
        further=marked(
            "Sensitivity d′ and criterion (Macmillan & Creelman, 2005) are computed with the log-linear"
            " correction (Hautus, 1995)."
        ),
        question=marked("Can people tell which category an explanation is about?"),
        means=marked("With {a} the correct category was named in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(marked("correct answers, %"), marked("Differences of accuracy are in percentage points.")),
    means="accuracy",
    value=lambda row, _networks: row.response == row.category,
    tables=tables,
    difference=estimates.accuracy_difference,
    check=estimates.check,
    agreed=estimates.earlier_category,
    sides=lambda trials, _task: estimates.truth_first(trials),
    published=estimates.published,
    published_variance=estimates.published_variance,
    published_people=lambda paper: paper.accuracy_workers,
    published_design=(
        marked("Not known: which 90 image–category pairs."),
        marked("90 image–category pairs × 4 methods, 9 ratings each."),
    ),
    figures=present.figures,
    origin_figures=confusion.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    analyses=by_method(),
    references=lambda _export: {"sensitivity", "random effects"},
    further_sentences=_further_sentences,
    bias_writers=(percent,),
)
