"""The kind, as it is analysed."""

from pathlib import Path

from analysis.display.wording import percent
from analysis.tasks.kind import AnalysisKind, Texts, of_shares
from tests.third_kind.analysis import estimates, present, simulate

KIND = AnalysisKind(
    texts=Texts(
        title="Which half",
        design="In “{task}”, participants saw one visualization and said in which half of it is what the network used.",
        raters="Agreement of the participants on an item: Krippendorff's α, for the half chosen.",
        biases="Response bias and order effects. The first row is a share to compare with 50%.",
    ),
    scale=of_shares("right halves, %", "Differences of right halves are in percentage points."),
    means="halves",
    value=lambda row, _networks: row.response != row.foil,
    tables=estimates.tables,
    difference=estimates.share_difference,
    check=estimates.check,
    agreed=lambda trials: (estimates.chose_upper(trials), "nominal"),
    figures=present.figures,
    finding=present.finding,
    template=Path(__file__).with_name("tables.html"),
    simulation=simulate.SIMULATION,
    bias_writers=(percent,),
)
