"""Ready-made questionnaires: their items and published scoring. Their texts are data of `languages/`.

Each score is the mean of its items, reversed ones turned, moved from the range of an item to the range of the score.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One number of a scale, from the mean of `items`. `least`, `most`: what the lowest and highest answers give."""

    name: str
    items: tuple[str, ...]
    reversed: frozenset[str]
    least: float
    most: float


@dataclass(frozen=True)
class Scale:
    """A ready-made questionnaire; its main score comes first.

    `middle_if_empty`: an item left empty counts as the middle step, else there is no score. `source`: what a paper
    cites. `rights`: whose the texts are; where Discern may not ship them, where to get them.
    """

    items: tuple[str, ...]
    points: int
    scores: tuple[Score, ...]
    source: str
    rights: str
    middle_if_empty: bool = False

    @property
    def reversed(self) -> frozenset[str]:
        """Items that are turned for the main score."""
        return self.scores[0].reversed


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"item-{i + 1}" for i in range(n))


_LOAD = ("mental", "physical", "temporal", "performance", "effort", "frustration")
_TRUST = ("confident", "predictable", "reliable", "safe", "efficient", "wary", "better-than-novice", "like")
_SATISFACTION = ("understand", "satisfying", "detail", "complete", "how-to-use", "useful", "accuracy", "when-to-trust")
_JIAN, _SUS = _numbered(12), _numbered(10)
_DISTRUST, _EVEN = frozenset(_JIAN[:5]), frozenset(_SUS[1::2])
_LEARNABLE = (_SUS[3], _SUS[9])
_NONE: frozenset[str] = frozenset()
_HOFFMAN = (
    "Hoffman, R. R., Mueller, S. T., Klein, G., & Litman, J. (2023). Measures for explainable AI. Frontiers in"
    " Computer Science, 5, 1096257. https://doi.org/10.3389/fcomp.2023.1096257"
)
_CC_BY = "the paper's licence, CC BY 4.0, lets its items be used with the citation"

SCALES: dict[str, Scale] = {
    "nasa-tlx-raw": Scale(
        _LOAD,
        21,
        (Score("load", _LOAD, _NONE, 0, 100),),
        "Hart, S. G., & Staveland, L. E. (1988). Development of NASA-TLX (Task Load Index). In P. A. Hancock &"
        " N. Meshkati (Eds.), Human Mental Workload (pp. 139–183). North-Holland",
        "NASA distributes form and manual for use by other researchers",
    ),
    "xai-trust": Scale(_TRUST, 5, (Score("trust-mean", _TRUST, frozenset({"wary"}), 1, 5),), _HOFFMAN, _CC_BY),
    "explanation-satisfaction-8": Scale(
        _SATISFACTION, 5, (Score("satisfaction", _SATISFACTION, _NONE, 1, 5),), _HOFFMAN, _CC_BY
    ),
    "jian-trust": Scale(
        _JIAN,
        7,
        (
            Score("trust-total", _JIAN, _DISTRUST, 1, 7),
            Score("distrust", _JIAN[:5], _NONE, 1, 7),
            Score("trust-mean", _JIAN[5:], _NONE, 1, 7),
        ),
        "Jian, J.-Y., Bisantz, A. M., & Drury, C. G. (2000). Foundations for an empirically determined scale of trust"
        " in automated systems. International Journal of Cognitive Ergonomics, 4(1), 53–71",
        "its items belong to the journal, so they are not shipped; take the 12 from the article's table",
    ),
    "sus": Scale(
        _SUS,
        5,
        (
            Score("usability-total", _SUS, _EVEN, 0, 100),
            Score("usability", tuple(i for i in _SUS if i not in _LEARNABLE), _EVEN, 0, 100),
            Score("learnability", _LEARNABLE, _EVEN, 0, 100),
        ),
        "Brooke, J. (1996). SUS: A quick and dirty usability scale. In P. W. Jordan et al. (Eds.), Usability Evaluation"
        " in Industry (pp. 189–194). Taylor & Francis",
        "no licence for its items was found, so they are not shipped; take the 10 from Brooke's chapter",
        middle_if_empty=True,
    ),
}
