"""Published figures that a report may compare with its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.notes import marked


@dataclass(frozen=True)
class Replication:
    """Another study of the same question, with people. Each figure is (value, low, high)."""

    source: str
    means: Mapping[str, tuple[float, float, float]]  # by method
    differences: Mapping[tuple[str, str], tuple[float, float, float]]  # of the first method from the second


@dataclass(frozen=True)
class PaperFigures:
    """One paper's results by method. No interval was published for any of them."""

    source: str
    accuracy_workers: int
    trust_workers: int
    accuracies: Mapping[str, float]  # section 5.1, share of right answers
    accuracy_counts: Mapping[str, tuple[int, int]]  # right answers of all, as the percentages imply
    trust_scores: Mapping[str, float]  # section 5.2, mean score towards the more accurate network, scale −2…2
    trust_replications: tuple[Replication, ...]
    deviations: tuple[tuple[str, str], ...]  # what it tells or does not → what every study here does


# Percentages as printed; the counts are the only k/810 that round to them (360 visualizations, 9 ratings, 4 methods).
GRAD_CAM = PaperFigures(
    source=marked(
        "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization (ICCV 2017;"
        " IJCV 128, 2020; arXiv 1610.02391), sections 5.1 and 5.2"
    ),
    accuracy_workers=43,
    trust_workers=54,
    accuracies={
        "deconvolution": 0.5333,
        "guided-backprop": 0.4444,
        "deconvolution-grad-cam": 0.6037,
        "guided-grad-cam": 0.6123,
    },
    accuracy_counts={
        "deconvolution": (432, 810),
        "guided-backprop": (360, 810),
        "deconvolution-grad-cam": (489, 810),
        "guided-grad-cam": (496, 810),
    },
    trust_scores={"guided-backprop": 1.00, "guided-grad-cam": 1.27},
    trust_replications=(
        Replication(
            source=marked(
                "An independent replication of the trust study: 36 people, 13 images of ILSVRC, VGG-16 against AlexNet,"
                " the same five answers (github.com/ddnimara/DD2412-Project-Grad-CAM)."
            ),
            means={"guided-backprop": (0.44, 0.02, 0.83), "guided-grad-cam": (0.27, -0.19, 0.72)},
            differences={("guided-grad-cam", "guided-backprop"): (-0.16, -0.68, 0.32)},
        ),
    ),
    deviations=(
        (
            marked("No interval and no test was published."),
            marked("Two-way clustered intervals; the paper's figures stand without."),
        ),
    ),
)
PAPERS = {"grad-cam": GRAD_CAM}
