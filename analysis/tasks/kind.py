"""What analysis/ must know of a kind of task in addition to the facts of contracts/tasks.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.export import Export, Task
from analysis.display.drawing import Figure
from analysis.display.wording import Translation, percent, points
from analysis.estimation.estimates import Estimate
from analysis.notes import marked
from analysis.paper import PaperFigures, Replication
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics, SimulatedPerson
from analysis.tasks.verdicts import Alike


@dataclass(frozen=True)
class TaskResults:
    """One task: how much data there is, and its tables by name.

    Every kind has `biases`, `raters`, `participants`, `images`, `times` and `balance`, and tables of its own.
    """

    task: Task
    responses: int
    participants: int
    images: int
    tables: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Scale:
    """How values are written and drawn. Texts are English; they are translated where they are shown."""

    factor: float  # from values to what figures show: 100 for shares
    level: Callable[[float | None], str]
    difference: Callable[[float | None], str]
    label: str  # of an axis of means
    difference_label: str
    differences: str  # a sentence: what differences are of, and their unit
    unit: str  # behind a difference in a sentence
    null: str = marked("chance level")  # what the value without an effect is called beside figures


def of_shares(label: str, differences: str) -> Scale:
    """That of shares, shown in per cent."""
    of_two, unit = marked("difference,\npercentage points"), marked("percentage points")
    return Scale(100, percent, points, label, of_two, differences, unit)


@dataclass(frozen=True)
class Texts:
    """Sentences of the report that differ between kinds of task. English; translated where they are shown."""

    title: str
    design: str  # of the methods section; `{task}`, `{first}` (its first network) and `{quality}`
    raters: str
    biases: str
    sides: str = ""  # what is first, or on the left, half of the time; empty where nothing changes places
    machine: str = ""  # how a machine observer answers from its evidence; empty where none does
    further: str = ""  # sentence of the methods section on estimates of this kind alone
    foils: Mapping[str, str] = field(default_factory=dict)  # `foil` of a task → where its wrong options come from
    matched: str = ""  # which right and wrong predictions a task with `matched` shows
    question: str = ""  # what the study asks with it; `{quality}`
    on_networks: str = ""  # hypothesis about a task's networks, behind its name; `{first}`, `{others}` (in words)
    means: str = marked("The mean was {value_a} with {a} and {value_b} with {b}.")  # of two methods; `{first}`


@dataclass(frozen=True)
class TaskRows:
    """The responses of one task that are analysed, and what they are analysed by.

    `controls`: identical pairs. `answers`: to the further questions of `trials`.
    """

    trials: pd.DataFrame
    controls: pd.DataFrame
    answers: pd.DataFrame
    task: Task
    confidence: float


@dataclass(frozen=True)
class Seen:
    """A trial as a simulated person meets it. They know what is true of it."""

    image_id: str
    method: str
    category: str
    foil: str
    options: tuple[str, ...] = ()  # of the main question, in the order shown
    own: str = ""  # what they answered before the network's advice; empty: not asked
    is_advised: bool = True  # they know the network's prediction, where a trial tells it at all


@dataclass(frozen=True)
class SimulatedValues:
    """Values (n,) drawn for a task, and codes (n,) of the method, the person and the image of each.

    `means`: the true mean of each of `methods`.
    """

    values: np.ndarray
    method: np.ndarray
    participant: np.ndarray
    image: np.ndarray
    methods: tuple[str, ...]
    means: Mapping[str, float]


Calibrated = dict[tuple[str, str], tuple[Estimate, float]]
"""(what is estimated, of which method) → the estimate and its true value."""


def any_option(
    _person: SimulatedPerson, _seen: Seen, _question: str, options: Sequence[str], rng: np.random.Generator
) -> tuple[str, float | None]:
    """A random option, not timed."""
    return options[int(rng.integers(len(options)))], None


@dataclass(frozen=True)
class Between:
    """How simulated people compare two networks: the logit at which either is preferred as often, and by how many
    logits two networks differ whose mean value is `difference` apart."""

    equal: float
    logits: Callable[[Psychometrics, float], float]


@dataclass(frozen=True)
class Simulation:
    """How simulated people answer, by the psychometric model of analysis/tasks/psychometrics.py.

    `logit`: of a method; `mean`: what the values of a method average to; `without_effect`: the mean of all methods
    where calibration wants no difference; `draw`: values (n,) at logits (n,).
    `answer`: a value and a response time in ms. It speaks of the network that the task names first or of the truth, and
    `placed` turns it into the option chosen, when that network is on the left or not. `further`: the same of a further
    question, by its name and options. `columns`: those of the export, for trials (a frame, with the `network` shown and
    the `other_network`, which is the same where a trial shows one), the wrong option of each and their logits.
    `further_estimates` are calibrated beside means and differences.
    """

    logit: Callable[[Psychometrics, str], float]
    mean: Callable[[Psychometrics, str], float]
    without_effect: float
    draw: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    answer: Callable[[SimulatedPerson, Seen, np.random.Generator], tuple[Any, float]]
    columns: Callable[[pd.DataFrame, np.ndarray, np.ndarray, np.random.Generator], pd.DataFrame]
    placed: Callable[[Any, bool], str] = lambda chosen, _first_is_left: chosen
    further: Callable[[SimulatedPerson, Seen, str, Sequence[str], np.random.Generator], tuple[str, float | None]] = (
        any_option
    )
    further_estimates: Callable[[SimulatedValues, float, np.random.Generator], Calibrated] = (
        lambda _simulated, _confidence, _rng: {}
    )
    between: Between | None = None  # of kinds whose networks are ranked
    asked: tuple[str, ...] = ()  # further questions whose answers `columns` adds, in a column of each one's name
    paper_size: TaskDesign | None = None  # the task as the Grad-CAM paper had it


Analysis = Callable[[pd.DataFrame, Task, str, str, float], Estimate]
"""From responses, their task and two methods to the difference of their means, at a level of confidence."""


@dataclass(frozen=True)
class OtherAnalysis:
    """Another way to compute a comparison, and what it `assumes` that the primary one does not (English, or empty)."""

    compute: Analysis
    assumes: str = ""


Figures = Callable[[TaskResults, str, Translation, Translation], tuple[Figure, ...]]
"""Of a task's results and a kind of observer: captions in the words of the first, lettered in those of the second."""


def same_variance(variance: float, _rows: pd.DataFrame, _paper: PaperFigures) -> float:
    """The paper's figures are as uncertain as this study's."""
    return variance


@dataclass(frozen=True)
class AnalysisKind:
    """A kind of task: its estimates, figures, sentences, and how simulated people answer it.

    `tables` of one task hold one called `means` with a row a method. `check` refuses answered rows that contradict
    themselves. `agreed`: what raters of an item agree on, and the metric of Krippendorff's α. `template`: the tables of
    this kind as Jinja macros.

    A kind may leave out the others. `alike`: the sorts that `difference` counts alike; None: each response counts
    alike. `check_controls`: as `check`, of identical pairs. `sides`: whether each trial
    showed first, or on the left, what is there half of the time. `published`: the paper's means by method;
    `published_variance`: of a difference from it, given this study's variance and the rows of the methods involved;
    `published_people`: how many people gave it; `published_design`: what the paper tells of the images that it chose
    and of its size; `replications`: of its study by others. `origin_figures`: of where the answers come from.
    `study_tables` are over all tasks of the kind.
    """

    texts: Texts
    scale: Scale
    means: str
    value: Callable[[Any, Sequence[str]], float]  # of an answered trial (a row) of a task with these networks
    tables: Callable[[TaskRows], dict[str, pd.DataFrame]]
    difference: Callable[[pd.DataFrame, Sequence[str], str, str, float], Estimate]
    check: Callable[[pd.DataFrame, Sequence[str]], None]
    agreed: Callable[[pd.DataFrame], tuple[np.ndarray, str]]
    figures: Figures
    finding: Callable[[TaskResults, Translation], str]
    template: Path
    simulation: Simulation
    alike: Alike | None = None
    check_controls: Callable[[pd.DataFrame], object] = lambda _answered: None
    sides: Callable[[pd.DataFrame, Task], pd.Series] | None = None
    published: Callable[[PaperFigures], Mapping[str, float]] = lambda _paper: {}
    published_variance: Callable[[float, pd.DataFrame, PaperFigures], float] = same_variance
    published_people: Callable[[PaperFigures], float] = lambda _paper: np.inf
    published_design: tuple[str, str] = ("", "")
    replications: Callable[[PaperFigures], tuple[Replication, ...]] = lambda _paper: ()
    origin_figures: Figures = lambda _results, _observer_kind, _translate, _inside: ()
    study_tables: Callable[[pd.DataFrame, Export], dict[str, pd.DataFrame]] = lambda _trials, _export: {}
    analyses: Mapping[str, OtherAnalysis] = field(default_factory=dict)  # in addition to those of every kind
    differences: frozenset[str] = frozenset()  # tables whose values are differences, of tasks or over all of the kind
    without_chance: frozenset[str] = frozenset()  # tables of shares of some cases, of which guessing gives no number
    tested: frozenset[str] = frozenset()  # tables beside `means` that carry a p; nothing is tested in the others
    references: Callable[[Export], set[str]] = lambda _export: set()
    further_sentences: Callable[[Export, Translation], list[str]] = lambda _export, _translate: []
    bias_writers: Sequence[Callable[[float | None], str]] = ()  # of the first effects; the others are differences
