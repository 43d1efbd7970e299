"""How many images, ratings and participants? The definition's design simulated, its comparisons tested, counted.

Each point of the grid is simulated as a study of that size would be assigned (exactly its ratings per item, no one
twice at one image, methods balanced within participants) and analysed as the real one will be: two-way clustered
intervals, Holm over all comparisons of the definition. Power is the share of simulated studies that tell a
comparison from 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.display.drawing import INK, STYLE, WIDTH
from analysis.estimation.estimates import CellMeans, cell_means, difference, holm
from analysis.simulation.simulated_study import Assignment, assign, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, SimulationError
from contracts.own_files import require_own

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "osD^vP"
ENOUGH = 0.8
COLUMNS = (
    "images", "ratings", "participants", "responses", "trials_each", "task", "a", "b", "power", "error", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One task of a study to be: its design (images and ratings come from the grid), the comparisons of the definition,
    of which the task's own are reported and all are corrected for, and the world that is simulated."""

    design: TaskDesign
    analysis: AnalysisConfig
    world: Psychometrics = field(default_factory=Psychometrics)

    @property
    def comparisons(self) -> tuple[ContrastConfig, ...]:
        return tuple(c for c in self.analysis.contrasts if c.task == self.design.name)


def power(
    plan: Plan,
    images: Sequence[int],
    ratings: Sequence[int],
    participants: Sequence[int],
    draws: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """A row for each point of the grid and comparison of the task; `error` is the Monte-Carlo standard error.

    `trials_each` is the largest number of trials of one participant in the task. Points that no assignment can give
    have no power and a note. Raises SimulationError when the plan compares nothing.
    """
    if not plan.comparisons:
        raise SimulationError(
            f"the definition names no comparison of task {plan.design.name!r} ([analysis] contrasts): nothing to detect"
        )
    grid, rows = list(product(images, ratings, participants)), []
    for done, (n_images, n_ratings, people) in enumerate(grid):
        rng = np.random.default_rng([seed, n_images, n_ratings, people])
        rows += _point(plan, replace(plan.design, images=n_images, ratings=n_ratings), people, draws, rng)
        if progress:
            progress(done + 1, len(grid))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _point(
    plan: Plan, design: TaskDesign, people: int, draws: int, rng: np.random.Generator
) -> list[tuple[object, ...]]:
    point = design.images, design.ratings, people, design.images * len(design.cells) * design.ratings
    try:
        places = assign(design, people)
    except SimulationError as error:
        return [(*point, 0, design.name, c.a, c.b, np.nan, np.nan, str(error)) for c in plan.comparisons]
    each = int(np.bincount(places.participant).max())
    level, others = 1 - plan.analysis.confidence, len(plan.analysis.contrasts) - len(plan.comparisons)
    found = np.zeros((draws, len(plan.comparisons)), bool)
    for draw in range(draws):
        cells = _responses(design, places, people, plan.world, rng)
        p_values = [difference(cells, c.a, c.b, plan.analysis.confidence).p for c in plan.comparisons]
        # Comparisons of other tasks count in Holm's family as though they found nothing: the harder case.
        corrected = holm([*p_values, *[None] * others])[: len(p_values)]
        found[draw] = [p is not None and p < level for p in corrected]
    share = found.mean(axis=0)
    standard_error = np.sqrt(share * (1 - share) / draws)
    return [
        (*point, each, design.name, c.a, c.b, float(share[i]), float(standard_error[i]), "")
        for i, c in enumerate(plan.comparisons)
    ]


def _responses(
    design: TaskDesign, places: Assignment, people: int, world: Psychometrics, rng: np.random.Generator
) -> CellMeans:
    logits = draw_logits(design, places, people, world, rng)
    values = ANALYSIS_KINDS[design.kind].simulation.draw(logits, rng)
    method = design.method_of_cell[places.cell]
    return cell_means(values.astype(float), method, places.participant, places.image, design.methods)


def advice(table: pd.DataFrame) -> str:
    """In words: the smallest point of the grid at which every comparison has a power of 80 %."""
    possible = table[table["power"].notna()]
    if possible.empty:
        return f"No point of the grid can be assigned: {table['note'].iloc[0]}."
    keys = ["images", "ratings", "participants"]
    worst = possible.groupby(keys).agg(power=("power", "min"), responses=("responses", "first")).reset_index()
    enough = worst[worst["power"] >= ENOUGH].sort_values(["responses", "participants"], kind="stable")
    if enough.empty:
        best = worst.sort_values("power", kind="stable").iloc[-1]
        return (
            f"No point of the grid gives every comparison a power of {ENOUGH:.0%}. The best is {_named(best)}: the"
            f" comparison hardest to detect is found in {best['power']:.0%} of studies. Try more images first: they buy"
            " more than more ratings of the same images."
        )
    row = enough.iloc[0]
    return (
        f"The smallest study of the grid that detects every comparison with a power of at least {ENOUGH:.0%}:"
        f" {_named(row)} (the hardest to detect is found in {row['power']:.0%} of studies). This holds for the"
        " accuracies, scores and spreads that were simulated; with smaller effects or larger spreads more is needed."
    )


def _named(row: pd.Series) -> str:
    return (
        f"{row['images']:.0f} images, {row['ratings']:.0f} ratings an item, {row['participants']:.0f} participants,"
        f" {row['responses']:,.0f} responses"
    )


def power_curve(table: pd.DataFrame) -> Canvas:
    """Power of the comparison hardest to detect against responses, a line for each number of images."""
    possible = table[table["power"].notna()]
    keys = ["images", "ratings", "participants"]
    worst = possible.groupby(keys).agg(power=("power", "min"), responses=("responses", "first")).reset_index()
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(WIDTH, 3.8), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        for i, (images, rows) in enumerate(worst.groupby("images")):
            rows = rows.sort_values(["responses", "participants"], kind="stable")
            axes.plot(
                rows["responses"], 100 * rows["power"], marker=MARKERS[i % len(MARKERS)],
                color=COLOURS[i % len(COLOURS)], label=f"{images} images",
            )  # fmt: skip
        axes.axhline(100 * ENOUGH, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set(ylim=(0, 102), xlabel="responses", ylabel="power, %")
        axes.set_title("Comparison hardest to detect; simulated studies", fontsize=10.5, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        if len(worst):
            axes.legend(frameon=False)
    return canvas


def files_of(folder: Path) -> tuple[Path, ...]:
    """Where `write_power` writes in `folder`. Raises NotOwnFileError where another file is there."""
    files = folder / "power.csv", folder / "power.svg", folder / "power.png"
    require_own(dict(zip(files, (",".join(COLUMNS[:4]).encode(), b"Discern", b"Discern"), strict=True)))
    return files


def write_power(table: pd.DataFrame, folder: Path) -> tuple[Path, ...]:
    """`power.csv`, and the curve as `power.svg` and `power.png`, into `folder` (made if need be)."""
    files = files_of(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(files[0], index=False)
    canvas = power_curve(table)
    with mpl.rc_context(STYLE):
        canvas.savefig(files[1], metadata={"Date": None, "Creator": "Discern"})
        canvas.savefig(files[2], dpi=200, metadata={"Software": "Discern"})
    return files
