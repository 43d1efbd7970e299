"""Comparisons of right and wrong answers by a logit model with random effects of participants and images."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.display.wording import Translation
from analysis.estimation.estimates import Estimate, no_estimate
from analysis.estimation.mixed import marginal_contrast, marginal_difference
from analysis.notes import Note, marked, no_responses
from analysis.tasks.kind import OtherAnalysis

NAME = marked("random effects")
ASSUMES = marked("assumes normal effects of people and images, on the logit scale")
ONE_SORT = Note("The two methods were not shown with the same sorts of images.")

Sort = Callable[[pd.DataFrame], np.ndarray]
"""From trials to whether each is of the first of two sorts (n,), such as with right and with wrong advice."""


def by_method() -> dict[str, OtherAnalysis]:
    """The shares of right answers with two methods are compared."""
    return {NAME: OtherAnalysis(lambda rows, task, *of: marginal_difference(rows, task.methods, *of), ASSUMES)}


def apart(sort: Sort) -> dict[str, OtherAnalysis]:
    """So, with a fixed effect of each method for either sort of image; both sorts count alike."""
    return {NAME: OtherAnalysis(lambda rows, task, *of: over_sorts(rows, task.methods, sort(rows), *of), ASSUMES)}


def over_sorts(
    trials: pd.DataFrame,
    methods: Sequence[str],
    is_first: np.ndarray,
    a: str,
    b: str,
    confidence: float,
    x: np.ndarray | None = None,
) -> Estimate:
    """The mean over sorts of the shares right with method `a` minus that with `b`; covariates `x` (n, C)."""
    level, labels = levels_of(trials, methods, is_first)
    of_a, of_b = ({sort for method, sort in labels if method == m} for m in (a, b))
    if missing := [m for m, sorts in ((a, of_a), (b, of_b)) if not sorts]:
        return no_estimate(no_responses(missing))
    if of_a != of_b:
        return no_estimate(ONE_SORT)
    weights = np.array([((m == a) - float(m == b)) / len(of_a) for m, _ in labels])
    return marginal_contrast(trials, level, weights, confidence, x, of_methods(methods, labels))


def of_methods(methods: Sequence[str], labels: Sequence[tuple[str, bool]]) -> tuple[int, ...]:
    """Which levels are of one method, as `fit` takes them: people's effects of it are partly alike for both sorts."""
    return tuple(list(methods).index(m) for m, _ in labels)


def levels_of(
    trials: pd.DataFrame, methods: Sequence[str], is_first: np.ndarray
) -> tuple[np.ndarray, list[tuple[str, bool]]]:
    """Codes (n,), and the method and the sort of each code that there are trials of."""
    code = 2 * pd.Categorical(trials["method"], categories=list(methods)).codes + ~np.asarray(is_first, bool)
    used, level = np.unique(code, return_inverse=True)
    return level, [(methods[c // 2], c % 2 == 0) for c in used]


def sentence(sorts: str, translate: Translation) -> str:
    """Of the methods section, for kinds whose answers are compared `apart`; `sorts`: "for right and for wrong …"."""
    return translate(
        "Correct answers were also analysed with a logit model with a fixed effect of each method {sorts}, both with"
        " equal weight, and maximal random effects (Barr et al., 2013): of participants and of images, the same for all"
        " fixed effects and by fixed effect, and of participants by method. It was fitted by Laplace's approximation"
        " (Breslow & Clayton, 1993).",
        sorts=translate(sorts),
    )
