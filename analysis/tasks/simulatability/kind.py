"""Simulatability, as it is analysed."""

from pathlib import Path

from analysis.data.export import Export
from analysis.display.wording import Translation, percent
from analysis.notes import marked
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.simulatability import estimates, present, simulate


def _learning(export: Export, translate: Translation) -> list[str]:
    """How many examples people had seen, task after task; repeated ones are counted once."""
    told, seen, sentences = {t["name"]: t for t in export.definition["tasks"]}, 0, []
    for task in export.tasks_of(estimates.FACTS.name):
        repeats = told.get(task.name, {}).get("repeats")
        learning = told.get(repeats or task.name, {}).get("learning")
        if not learning:
            continue
        if repeats:
            again = translate(
                "Before “{task}” they saw the examples of “{repeats}” again.", task=task.name, repeats=repeats
            )
            sentences.append(again)
        else:
            seen += learning
            sentences.append(
                translate(
                    "Before “{task}” people had seen {n} examples with the network's answer in all (K = {n}).",
                    task=task.name,
                    n=seen,
                )
            )
    return sentences


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Simulatability"),
        design=marked(
            "In “{task}”, participants chose for photographs which of two answers the network gives. The network gave"
            " each of the two for half of the photographs. The right answer is the network's, whether it is true or"
            " not."
        ),
        matched=marked("Predictions of each class: half of them right."),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for which of the two"
            " classes was chosen."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%: above it, people lean"
            " to the class that is first by name. The other is a difference and should be near zero."
        ),
        further=marked(
            "Utility is the share predicted rightly with explained examples, divided by that of people whose examples"
            " were not explained or explained by a control (Colin et al., 2022); over several sessions it is the mean"
            " of their ratios. Its interval is computed on the logarithm by the delta method."
        ),
        question=marked("Do explanations help people to predict what a network answers?"),
        means=marked(
            "With {a} the network's answer was predicted rightly in {value_a} of cases, with {b} in {value_b}."
        ),
    ),
    scale=of_shares(
        marked("answers predicted rightly, %"),
        marked("Differences of the share predicted rightly are in percentage points."),
    ),
    means="accuracy",
    value=lambda row, _networks: row.response == row.category,
    tables=estimates.tables,
    difference=estimates.accuracy_difference,
    check=estimates.check,
    agreed=lambda trials: (estimates.earlier_class(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    study_tables=estimates.study_tables,
    differences=frozenset({"changes", "gains"}),
    further_sentences=_learning,
    references=lambda _export: {"prediction of answers"},
    bias_writers=(percent,),
)
