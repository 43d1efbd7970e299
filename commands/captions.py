"""`./manage.py captions …`: networks that write captions, explained."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.answers import print_figures, seed_option
from commands.options import typed
from commands.progress import progress

if TYPE_CHECKING:
    from models.answers.captions import Captioned


def photographs_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--photographs`, `--captions` and `--year`: photographs in VOC layout and what people wrote about them."""
    path = click.Path(path_type=Path)
    year = click.option(
        "--year", default=2012, show_default=True, type=click.IntRange(1000, 9999), help="Of the folder VOC<year>."
    )
    table = click.option(
        "--captions", "table", type=path, help="CSV file with image_id and caption, several of an image."
    )
    return click.option(
        "--photographs", "root", type=path, help="The folder that holds VOCdevkit; drawn pictures without it."
    )(table(year(command)))


@click.group()
def captions() -> None:
    """Networks that write captions: explain them, train one."""


@captions.command()
@click.option(
    "--network",
    type=click.Path(path_type=Path),
    help="A file of `captions train`; the one for drawn pictures without it.",
)
@photographs_options
@click.option("--split", default="val", show_default=True, help="Of the photographs.")
@click.option("--pictures", default=200, show_default=True, type=click.IntRange(1), help="At most.")
@seed_option
@click.option("--out", default=Path("captions"), show_default=True, type=click.Path(path_type=Path))
def explain(
    network: Path | None,
    root: Path | None,
    table: Path | None,
    year: int,
    split: str,
    pictures: int,
    seed: int,
    out: Path,
) -> None:
    """Write a page of explained captions, with numbers beside the Grad-CAM paper's.

    Example: ./manage.py captions explain --out captions
    """
    import numpy as np

    from models.answers.captioner import SHIPPED, read_captioner
    from models.answers.captions import draw_captioned
    from stimuli.answers.captions import caption_page, explained
    from stimuli.answers.page import WHAT, write_page
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out, WHAT)
    path = network or SHIPPED
    captioner = read_captioner(path)
    if (root is None) != (captioner.backbone == "shapes"):
        wanted = (
            "drawn pictures; leave out --photographs" if root else "photographs; name their folder as --photographs"
        )
        raise click.ClickException(f"{path} was trained on {wanted}")
    rng = np.random.default_rng([seed, 3])
    seen = _photographs(root, table, year, split) if root else [draw_captioned(rng) for _ in range(pictures)]
    page = caption_page(explained(captioner, seen[:pictures]), path.name)
    write_page(out, page)
    print_figures(page.figures)
    click.echo(f"Open {out / 'index.html'} in a browser")


@captions.command()
@photographs_options
@click.option("--split", default="train", show_default=True, help="Of the photographs.")
@click.option(
    "--weights", default="torchvision:IMAGENET1K_V1", show_default=True, help="Of MobileNetV2, or a file of them."
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Batches of 64 captions; 300 for photographs and 1500 for drawings without it.",
)
@seed_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
def train(
    root: Path | None, table: Path | None, year: int, split: str, weights: str, steps: int | None, seed: int, out: Path
) -> None:
    """Train a small network that writes captions, on frozen convolutions: of photographs or of drawn pictures.

    Example: ./manage.py captions train --photographs photographs --captions captions.csv --out captioner.safetensors
    """
    from models.answers.captioner import write_captioner
    from models.answers.train_captions import train_on_photographs, train_on_shapes

    if out.exists():
        raise click.ClickException(f"{out} exists; name a new file")
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress("training") as report:
        if root:
            found = train_on_photographs(_photographs(root, table, year, split), weights, steps or 300, seed, report)
        else:
            found = train_on_shapes(steps or 1500, seed, report)
    write_captioner(out, found)
    click.echo(f"{out}: explain it with `./manage.py captions explain --network {typed(out)}`")


def _photographs(root: Path, table: Path | None, year: int, split: str) -> "list[Captioned]":
    """Those of a split that have captions. They are squashed to the 224 px that MobileNetV2 sees."""
    from models.answers.captions import NAMES, captioned, captions_of
    from models.sources import open_split
    from models.voc import VocDataset

    if table is None:
        raise click.ClickException("--photographs needs --captions, a CSV file with image_id and caption")
    written = captions_of(table)
    images = open_split(VocDataset(root=root, year=str(year), categories=tuple(NAMES)), split)
    found = [captioned(image, written[image.image_id], 224) for image in images if image.image_id in written]
    if not found:
        raise click.ClickException(
            f"{table} has no caption for any of the {len(images)} photographs of split {split!r}"
        )
    return found


COMMANDS = (captions,)
