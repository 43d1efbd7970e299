"""Class discrimination in the report: which category was taken for which."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import INK, WIDTH, Figure, finish
from analysis.display.wording import Translation, percent
from analysis.tasks.kind import TaskResults

MOST_READABLE = 10  # categories: beyond, a printed page makes the letters smaller than 7 points


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """A matrix: categories shown against categories chosen; none where it could not be read."""
    table = results.tables["confusion"]
    names = sorted({*table["shown"], *table["chosen"]})
    if len(names) > MOST_READABLE:
        return ()
    side = max(3.2, 0.42 * len(names) + 1.5)
    canvas = Canvas(figsize=(max(WIDTH, side), side), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    shares = table.pivot(index="shown", columns="chosen", values="share").reindex(index=names, columns=names)
    counts = table.pivot(index="shown", columns="chosen", values="responses").reindex(index=names, columns=names)
    axes.imshow(np.ma.masked_invalid(shares.to_numpy(float)), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.argwhere(counts.notna().to_numpy()):
        dark = shares.iloc[i, j] > 0.6
        axes.text(
            j, i, f"{counts.iloc[i, j]:.0f}", ha="center", va="center", color="white" if dark else INK, fontsize=8
        )
    labels = list(map(inside.category, names))
    axes.set_xticks(range(len(names)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), labels)
    axes.set(xlabel=inside("category chosen"), ylabel=inside("category shown"))
    worst = table[table["shown"] != table["chosen"]].sort_values("responses", ascending=False, kind="stable").head(3)
    confused = "; ".join(
        translate.plural(
            "“{shown}” taken for “{chosen}” {n} time ({share})",
            "“{shown}” taken for “{chosen}” {n} times ({share})",
            row.responses, shown=translate.category(row.shown), chosen=translate.category(row.chosen),
            share=percent(row.share),
        )
        for row in worst.itertuples()
    )  # fmt: skip
    caption = translate(
        "Category shown (rows) and category chosen (columns): numbers of responses, darker for a larger share of the"
        " row. Empty where the two never stood together."
    )
    alternative = translate("Most frequent confusions: {confused}.", confused=confused)
    return (finish(canvas, f"{results.task.name}-confusion", observer_kind, caption, alternative, inside),)
