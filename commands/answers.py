"""`./manage.py answers …`: networks that answer questions about pictures, explained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import typed
from commands.progress import progress

if TYPE_CHECKING:
    from models.answers.networks import Answerer
    from stimuli.answers.measures import Figure

network_option = click.option(
    "--network",
    type=click.Path(path_type=Path),
    help="A file of `answers train`, or easy-VQA's network; the one that comes with Discern without it.",
)
shapes_option = click.option(
    "--shapes", default=2, show_default=True, type=click.IntRange(1, 3), help="In each picture; easy-VQA has 1."
)
seed_option = click.option("--seed", default=1, show_default=True, type=click.IntRange(0))


@click.group()
def answers() -> None:
    """Networks that answer questions about pictures: explain them, train one, make a study."""


@answers.command()
@network_option
@click.option("--pictures", default=300, show_default=True, type=click.IntRange(1), help="One question each.")
@shapes_option
@seed_option
@click.option("--out", default=Path("answers"), show_default=True, type=click.Path(path_type=Path))
def explain(network: Path | None, pictures: int, shapes: int, seed: int, out: Path) -> None:
    """Write a page of explained answers, with numbers beside the Grad-CAM paper's.

    Example: ./manage.py answers explain --out answers
    """
    import numpy as np

    from models.answers.shapes import draw_asked
    from stimuli.answers.page import WHAT, write_page
    from stimuli.answers.question_page import question_page
    from stimuli.answers.questions import OCCLUSION, answered, methods_for
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out, WHAT)
    answerer, name = _read(network)
    rng = np.random.default_rng(seed)
    asked = [draw_asked(rng, shapes) for _ in range(pictures)]
    page = question_page(answered(answerer, asked, (*methods_for(answerer), OCCLUSION)), name, shapes)
    write_page(out, page)
    print_figures(page.figures)
    click.echo(f"Open {out / 'index.html'} in a browser")


@answers.command()
@network_option
@click.option(
    "--pictures", default=2000, show_default=True, type=click.IntRange(1), help="Among which items are chosen."
)
@click.option(
    "--shapes", default=3, show_default=True, type=click.IntRange(1, 3), help="In each picture; with 3 it errs more."
)
@click.option("--items", default=24, show_default=True, type=click.IntRange(2), help="Half with wrong answers.")
@seed_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
def study(network: Path | None, pictures: int, shapes: int, items: int, seed: int, out: Path) -> None:
    """Write a study: which answer did the network give, with and without the map?

    Example: ./manage.py answers study --out which-answer
    """
    import numpy as np

    from definition import load_definition
    from models.answers.shapes import draw_asked
    from stimuli.answers.questions import answered
    from stimuli.answers.study import METHOD, choose_items, write_study

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise click.ClickException(f"{out} exists and is not empty; name a new folder")
    answerer, _name = _read(network)
    rng = np.random.default_rng([seed, 2])
    asked = [draw_asked(rng, shapes) for _ in range(pictures)]
    path = write_study(out, choose_items(answered(answerer, asked, (METHOD,)), items))
    load_definition(path)
    click.echo(f"{path}: look at it with `./manage.py preview --study {typed(path)}`,")
    click.echo(f"try it with `./manage.py rehearse --study {typed(path)} --participants 24`")


@answers.command()
@click.option("--steps", default=3000, show_default=True, type=click.IntRange(1), help="Batches of 64 pictures.")
@seed_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
def train(steps: int, seed: int, out: Path) -> None:
    """Train the small ReLU network on drawn pictures: some minutes on a CPU.

    Example: ./manage.py answers train --out answers.safetensors
    """
    from models.answers.networks import write_answerer
    from models.answers.train import train_answerer

    if out.exists():
        raise click.ClickException(f"{out} exists; name a new file")
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress("training") as report:
        write_answerer(out, train_answerer(steps, seed, report))
    click.echo(f"{out}: explain it with `./manage.py answers explain --network {typed(out)}`")


def print_figures(figures: "Sequence[Figure]") -> None:
    """A line for each row of the page's table."""
    for row in figures:
        interval = "" if row.mean.low is None else f" ({row.mean.low:.2f} to {row.mean.high:.2f})"
        value = "–" if row.mean.value is None else f"{row.mean.value:.2f}"
        click.echo(f"{row.label:<46}{row.method:<18}{value}{interval}, {row.mean.count} pictures")


def _read(network: Path | None) -> "tuple[Answerer, str]":
    from models.answers.networks import SHIPPED, read_answerer

    path = network or SHIPPED
    return read_answerer(path), path.name


COMMANDS = (answers,)
