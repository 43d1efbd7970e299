"""`./manage.py name-units`: names for the units of the networks' target layers, and explanations in words."""

from pathlib import Path

import click

from commands.failures import networks_named
from commands.made_study import require_new, tell_made
from commands.options import study_option
from commands.progress import progress
from definition import Definition


@click.command("name-units")
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
@click.option("--show", default=8, show_default=True, type=click.IntRange(0), help="Photographs explained in words.")
@click.option("--out", default=Path("units"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--make-study",
    "folder",
    type=click.Path(path_type=Path),
    help="Write a study into this new folder: which sentence fits, that of the units or of shuffled names?",
)
@click.option(
    "--most", default=40, show_default=True, type=click.IntRange(4), help="For --make-study: of the photographs."
)
@click.pass_context
def name_units(
    ctx: click.Context,
    definition: Definition,
    names: tuple[str, ...],
    show: int,
    out: Path,
    folder: Path | None,
    most: int,
) -> None:
    """Name the units of the target layer by masks, and say in words what a photograph's explanation shows.

    The photographs are those of the split that people see; they need masks: in VOC layout files, in COCO's the
    segmentations of its annotations. --make-study also writes a study in which people choose between the sentence of an
    explanation and one that is made in the same way after the names of the units are shuffled.

    Example: ./manage.py name-units --study my.toml --network strong --out units

    Example: ./manage.py name-units --study my.toml --make-study my-sentences
    """
    from commands.units_study import make_study
    from models.masks import has_masks
    from models.sources import open_split
    from stimuli.devices import usable_device
    from stimuli.evaluate.appearance import spread
    from stimuli.gallery.folder import require_replaceable
    from stimuli.units.dissect import dissect
    from stimuli.units.pairs import pairs
    from stimuli.units.write import WHAT, summary, write_units

    require_replaceable(out, WHAT)
    if folder:
        require_new(folder)
    device, dataset = usable_device(definition.stimuli.device), definition.dataset
    images = {image.image_id: image for image in open_split(dataset, dataset.split)}
    networks, units = networks_named(ctx, definition, names), {}
    for name, network in networks.items():
        with progress(f"Dissecting {name}") as report:
            units[name] = dissect(network, list(images.values()), device, report)
    shown = [images[image_id] for image_id in spread(images, show)] if show else []
    title = next(iter(definition.study.title.values()))
    masked = sum(map(has_masks, images.values()))
    write_units(out, title, networks, units, masked, shown, dataset.categories, device)
    click.echo("\n".join(summary(units)))
    if folder:
        asked, found = [images[image_id] for image_id in spread(images, most)], {}
        for name, network in networks.items():
            with progress(f"Sentences of {name}") as report:
                found[name] = pairs(network, units[name], asked, dataset.categories, device, report)
        tell_made(make_study(definition, found, folder))
    click.echo(f"Open {out / 'index.html'} in a browser")


COMMANDS = (name_units,)
