"""AI check, as it is analysed."""

from pathlib import Path

from analysis.data.export import Export
from analysis.display.wording import Translation, percent
from analysis.notes import marked
from analysis.tasks.ai_check import alone, estimates, present, simulate
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.random_effects import apart, sentence
from analysis.tasks.verdicts import Alike


def _further_sentences(export: Export, translate: Translation) -> list[str]:
    """Which labels people were not asked about, and that judgements were also analysed by a model."""
    said = marked(
        "In “{task}”, labels of which the network was at least {threshold} sure were accepted without asking, and"
        " people saw the others alone."
    )
    deferred = [
        translate(said, task=task.name, threshold=percent(task.deferral))
        for task in export.tasks_of(estimates.FACTS.name)
        if task.deferral is not None
    ]
    return [*deferred, sentence(marked("for right and for wrong labels"), translate)]


KIND = AnalysisKind(
    texts=Texts(
        title=marked("Labels of a network, checked"),
        design=marked(
            "In “{task}”, participants saw a photograph, the network's label for it and its confidence, and an"
            " explanation, and said whether the label is right. Half of the images had a right label."
        ),
        matched=marked("Right and wrong predictions were matched by the network's confidence."),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for whether the label"
            " was accepted."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share, to be compared with 50%: above it, people lean"
            " to accepting labels. The other is a difference and should be near zero."
        ),
        machine=marked("In AI check, it accepts a label where it has no more evidence for another category."),
        further=marked(
            "The share judged rightly is the mean of two shares, those of right and of wrong labels. The network alone"
            " accepts a label from a threshold of its confidence on (Nguyen et al., 2021), that of the definition or"
            " else the one that judges most of these images rightly; the intervals take it as given. Sensitivity d′"
            " and criterion (Macmillan & Creelman, 2005) take the log-linear correction"
            " (Hautus, 1995); a negative criterion leans to accepting."
        ),
        question=marked("Do explanations help people to accept a network's right labels and refuse its wrong ones?"),
        means=marked("With {a} labels were judged rightly in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(
        marked("judged rightly, %"), marked("Differences of the share judged rightly are in percentage points.")
    ),
    means="judged",
    value=lambda row, _networks: row.response != row.foil,
    tables=estimates.tables,
    difference=estimates.difference,
    alike=Alike(lambda trials: trials["foil"].map(estimates.FOILS)),
    check=estimates.check,
    agreed=lambda trials: (estimates.accepts(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    study_tables=lambda trials, export: alone.study_tables(trials, export, estimates.FACTS.name, estimates.FOILS),
    differences=frozenset({"alone"}),
    tested=frozenset({"labels"}),
    analyses=apart(lambda trials: (trials["foil"].map(estimates.FOILS) == estimates.RIGHT).to_numpy()),
    references=lambda _export: {"sensitivity", "label checks", "random effects"},
    further_sentences=_further_sentences,
    bias_writers=(percent,),
)
