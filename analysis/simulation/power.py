"""How many images, ratings and participants? The definition's design simulated, its comparisons tested, counted.

Each point of the grid is simulated as a study of that size would be assigned (exactly its ratings per item, no one
twice at one image, methods balanced within participants) and analysed as the real one will be: two-way clustered
intervals, Holm over all comparisons of the definition. Power is the share of simulated studies that tell a
comparison from 0. What is assumed is in analysis/simulation/planning.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from scipy import special

from analysis.config import ContrastConfig
from analysis.display.drawing import INK, STYLE, WIDTH
from analysis.estimation.estimates import CellMeans, cell_means, difference
from analysis.simulation.conditions import assign_parts, divided, places_of, shown_in
from analysis.simulation.planning import BAND, Plan
from analysis.simulation.simulated_study import Assignment, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, SimulationError
from contracts.own_files import require_own
from contracts.tasks import KINDS

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "osD^vP"
ENOUGH = 0.8
COLUMNS = (
    "images", "ratings", "participants", "responses", "trials_each", "task", "a", "b", "effect", "power", "error",
    "power_low", "power_high", "detectable", "note",
)  # fmt: skip


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

    `trials_each` is the largest number of trials of one participant in the task. `effect` is the assumed difference,
    `detectable` the one that would be found with a power of 80 %; `power_low` and `power_high` are the power with
    spreads half as large again, and with two thirds of them. Points that no assignment can give have no power and a
    note. Raises SimulationError when the plan compares nothing or assumes no difference.
    """
    for contrast in plan.comparisons:
        plan.means(contrast)
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
    responses = sum(map(places_of, shown_in(design, plan.conditions)))
    point = design.images, design.ratings, people, responses
    rows = []
    for contrast in plan.comparisons:
        means = plan.means(contrast)[0]
        head = design.name, contrast.a, contrast.b, means[contrast.a] - means[contrast.b]
        shown, parts = plan.layout(design, contrast)
        try:
            places = assign_parts(shown, parts, divided(parts, people))
        except SimulationError as error:
            rows.append((*point, 0, *head, *[np.nan] * 5, str(error)))
            continue
        each = int(np.bincount(places[0].participant).max())
        found, detectable = _found(plan, shown, places, contrast, draws, rng)
        high, low = (_found(plan, shown, places, contrast, draws, rng, factor)[0] for factor in BAND)
        precision = float(np.sqrt(found * (1 - found) / draws))
        rows.append((*point, each, *head, found, precision, min(low, found), max(high, found), detectable, ""))
    return rows


def _found(
    plan: Plan,
    design: TaskDesign,
    places: tuple[Assignment, np.ndarray],
    contrast: ContrastConfig,
    draws: int,
    rng: np.random.Generator,
    factor: float = 1.0,
) -> tuple[float, float]:
    """(share of simulated studies that tell the comparison from 0, the difference that 80 % of them would)."""
    world, family = plan.world_for(contrast, factor), len(plan.analysis.contrasts)
    # The other comparisons of Holm's family count as though they found nothing: the harder case.
    level, bounds = (1 - plan.analysis.confidence) / family, KINDS[design.kind].difference_bounds
    estimates = [
        difference(_responses(design, places, world, plan.dropout, rng), contrast.a, contrast.b, 1 - level, bounds)
        for _ in range(draws)
    ]
    found = np.mean([e.p is not None and e.p < level for e in estimates])
    reaches = [
        e.se * (special.stdtrit(e.df, 1 - level / 2) + special.stdtrit(e.df, ENOUGH))
        for e in estimates
        if e.se is not None
    ]
    return float(found), float(np.mean(reaches)) if reaches else np.nan


def _responses(
    design: TaskDesign,
    assigned: tuple[Assignment, np.ndarray],
    world: Psychometrics,
    dropout: float,
    rng: np.random.Generator,
) -> CellMeans:
    places, condition = assigned
    trials = np.bincount(places.participant)
    logits = draw_logits(design, places, len(trials), world, rng)
    values = ANALYSIS_KINDS[design.kind].simulation.draw(logits, rng).astype(float)
    method, participant, image = design.method_of_cell[places.cell], places.participant, places.image
    if dropout:
        # A person's trials come in random order, so people who leave lose each of them alike.
        answered = np.where(rng.random(len(trials)) < dropout, rng.random(len(trials)), 1.0)
        there = rng.random(len(values)) < answered[participant]
        values, method, participant, image, condition = (
            part[there] for part in (values, method, participant, image, condition)
        )
    return cell_means(values, method, participant, image, design.methods, condition)


def in_words(table: pd.DataFrame, kind: str) -> list[str]:
    """A line for each row of a task's table."""
    scale, lines = ANALYSIS_KINDS[kind].scale, []
    for row in table.itertuples():
        each = f" with up to {row.trials_each} trials each" if row.trials_each else ""
        size = (
            f"{row.images} images × {row.ratings} ratings, {row.participants} people{each}, {row.responses:,} responses"
        )
        found = row.note or (
            f"power {row.power:.2f} ± {row.error:.2f} (from {row.power_low:.2f} to {row.power_high:.2f} with spreads"
            f" half as large again and with two thirds of them); detectable with {ENOUGH:.0%}:"
            f" {scale.difference(row.detectable)} {scale.unit}"
        )
        lines.append(f"{size}: {row.a} − {row.b}: {found}")
    return lines


def points(table: pd.DataFrame) -> list[dict[str, object]]:
    """The rows for JSON, which has no NaN: None."""
    whole = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in whole.to_dict("records")]


def advice(table: pd.DataFrame) -> str:
    """In words: the smallest point of the grid at which every comparison has a power of 80 %."""
    possible = table[table["power"].notna()]
    if possible.empty:
        return f"No point of the grid can be assigned: {table['note'].iloc[0]}."
    keys = ["images", "ratings", "participants"]
    worst = (
        possible.groupby(keys)
        .agg(power=("power", "min"), responses=("responses", "first"), trials_each=("trials_each", "max"))
        .reset_index()
    )
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
        " differences and spreads that are assumed; with smaller differences or larger spreads more is needed."
    )


def _named(row: pd.Series) -> str:
    return (
        f"{row['images']:.0f} images, {row['ratings']:.0f} ratings an item, {row['participants']:.0f} participants"
        f" with up to {row['trials_each']:.0f} trials each (trials_per_participant), {row['responses']:,.0f} responses"
    )


def power_curve(table: pd.DataFrame) -> Canvas:
    """Power of the comparison hardest to detect against responses, a line for each task and number of images.

    The bands are the power with spreads half as large again, and with two thirds of them.
    """
    possible = table[table["power"].notna()]
    keys = ["task", "images", "ratings", "participants"]
    worst = possible.sort_values("power", kind="stable").drop_duplicates(keys)
    several = worst["task"].nunique() > 1
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(WIDTH, 3.8), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        for i, ((task, images), rows) in enumerate(worst.groupby(["task", "images"])):
            rows = rows.sort_values(["responses", "participants"], kind="stable")
            colour = COLOURS[i % len(COLOURS)]
            axes.fill_between(
                rows["responses"], 100 * rows["power_low"], 100 * rows["power_high"], color=colour, alpha=0.12,
                linewidth=0,
            )  # fmt: skip
            axes.plot(
                rows["responses"], 100 * rows["power"], marker=MARKERS[i % len(MARKERS)], color=colour,
                label=f"{task}, {images} images" if several else f"{images} images",
            )  # fmt: skip
        axes.axhline(100 * ENOUGH, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set(ylim=(0, 102), xlabel="responses", ylabel="power, %")
        axes.set_title("Comparison hardest to detect; bands: spreads × 2/3 and × 1.5", fontsize=10.5, loc="left")
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
