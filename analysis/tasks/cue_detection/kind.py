"""Cue detection, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.notes import marked
from analysis.tasks.cue_detection import estimates, present, simulate
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from analysis.tasks.verdicts import Alike

KIND = AnalysisKind(
    texts=Texts(
        title=marked("Detection of a cue"),
        design=marked(
            "In “{task}”, each trial showed explanations of one network for several photographs, and participants said"
            " what this network relies on: the object, something beside it, the background, or that they cannot tell."
            " Some networks rely on a planted cue and others on the object, as swapping the cue measured it."
        ),
        raters=marked(
            "Agreement of the participants on an item: Krippendorff's α (1: perfect, 0: chance), for whether the cue"
            " was named."
        ),
        biases=marked(
            "Response bias and order effects. The first row is a share of all answers, to be compared with the share of"
            " networks that rely on the cue. The other is a difference and should be near zero."
        ),
        further=marked(
            "A hit is the planted cue named of a network that relies on it, a false alarm the cue named of a network"
            " that relies on the object. Networks told apart is the mean of hits and correct rejections. A network"
            " relies on the cue if at least 25% of its decisions change when the cue is swapped in scenes that are"
            " otherwise the same. Sensitivity d′ and criterion (Macmillan & Creelman, 2005) take the log-linear"
            " correction (Hautus, 1995); a negative criterion leans to naming the cue. Results hold for these networks;"
            " intervals are over participants and images."
        ),
        question=marked("Can people tell from explanations whether a network relies on a planted cue?"),
        on_networks=marked(
            "with each method, people tell networks that rely on the cue from those that do not in more or less than"
            " 50% of cases (two-sided; these p-values are not corrected)."
        ),
        means=marked("With {a} networks were told apart in {value_a} of cases, with {b} in {value_b}."),
    ),
    scale=of_shares(marked("told apart, %"), marked("Differences of the share told apart are in percentage points.")),
    means="detected",
    value=lambda row, _networks: estimates.is_right(row.response, row.foil),
    tables=estimates.tables,
    difference=estimates.difference,
    alike=Alike(lambda trials: trials["foil"].map(estimates.FOILS), estimates.SORTS),
    check=estimates.check,
    agreed=lambda trials: (estimates.names_cue(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    study_tables=estimates.study_tables,
    without_chance=frozenset({"named", "networks", "answers", "conditions"}),
    references=lambda _export: {"sensitivity"},
    bias_writers=(percent,),
)
