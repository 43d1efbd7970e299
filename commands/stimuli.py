"""Commands from a definition to its stimuli: scenes, networks, visualizations, and what to think of them.

The packages are imported inside the commands: `manage.py --help` and the survey server must not wait for torch.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.check import picture_doubts
from commands.options import (
    HERE,
    launcher_option,
    relative,
    require_same_request,
    study_option,
    typed,
    with_local_stimuli,
)
from commands.progress import progress
from definition import Definition

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork


@click.command("make-scenes")
@study_option
@click.option("--train-images", default=1500, show_default=True, type=click.IntRange(1))
@click.option("--val-images", default=400, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def make_scenes(definition: Definition, train_images: int, val_images: int, seed: int) -> None:
    """Draw scenes in VOC layout into the definition's [dataset] root.

    Those of the split that people see show two objects side by side, those to train on one to three anywhere.

    Example: ./manage.py make-scenes --study examples/demo.toml
    """
    from models.scenes import make_scenes as draw
    from models.voc import VOC

    dataset = definition.dataset
    if dataset.format != VOC.name:
        raise click.ClickException(
            f'scenes are drawn in VOC layout, and dataset.format is "{dataset.format}"; set format = "{VOC.name}"'
        )
    counts = {dataset.train_split: train_images, dataset.split: val_images}
    emoji = HERE / "node_modules" / "emoji-datasource-google"
    with progress("Drawing scenes") as report:
        draw(dataset.root, emoji, dataset.categories, counts, seed, report, touching=(dataset.split,))
    click.echo(f"Scenes: {dataset.root} (train {train_images}, val {val_images}, seed {seed})")


@click.command()
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
def train(definition: Definition, names: tuple[str, ...]) -> None:
    """Fine-tune the networks that ask for it (`training`), and write their checkpoints.

    Example: ./manage.py train --study examples/voc-sample.toml --network strong
    """
    from models.train import train as train_network

    if unknown := set(names) - set(definition.networks):
        raise click.BadParameter(f"no network {', '.join(sorted(unknown))}; there are {', '.join(definition.networks)}")
    if fixed := [name for name in names if definition.networks[name].labels is not None]:
        raise click.ClickException(
            f"network {', '.join(fixed)} has labels, so `./manage.py import-network` takes it as it is"
        )
    for name in names or [name for name, network in definition.networks.items() if network.training is not None]:
        with progress(f"Training {name}") as report:
            command = f"./manage.py train --study {typed(relative(definition.path))} --network {name}"
            result = train_network(name, definition.networks[name], definition.dataset, report, command)
        click.echo(f"{name}: mAP {result.mean_average_precision:.3f} → {definition.networks[name].checkpoint}")


@click.command("import-network")
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
def import_network(definition: Definition, names: tuple[str, ...]) -> None:
    """Take networks that were trained elsewhere as they are, and write their checkpoints.

    Networks with `labels` in the definition: their last layer is kept. Says what was found: outputs, layers for
    Grad-CAM with the size of their maps, mAP and accuracy on the split that is shown.

    Example: ./manage.py import-network --study my.toml --network strong
    """
    from models.importing import import_network as take_in

    named = {name: network for name, network in definition.networks.items() if network.labels is not None}
    if unknown := set(names) - set(named):
        raise click.BadParameter(
            f"no network with labels is named {', '.join(sorted(unknown))}; there are {', '.join(named) or 'none'}"
        )
    for name in names or named:
        command = f"./manage.py import-network --study {typed(relative(definition.path))} --network {name}"
        found = take_in(name, named[name], definition.dataset, command)
        layers = ", ".join(f"{s.layer} ({s.size[0]} × {s.size[1]})" for s in found.layers[-4:]) or "none"
        metadata = found.metadata
        click.echo(f"{name}: {metadata.architecture}, {len(metadata.categories)} outputs")
        for note in found.notes:
            click.echo(f"  {note}")
        click.echo(f"  last layers that Grad-CAM can weigh: {layers}")
        measured = (
            "not measured" if metadata.mean_average_precision is None else f"{metadata.mean_average_precision:.3f}"
        )
        click.echo(
            f"  mAP {measured}; for {100 * found.accuracy:.1f} % of the images the strongest of the study's categories"
            f" is annotated{', without its defect' if named[name].has_defect else ''} → {named[name].checkpoint}"
        )


@click.command("generate-stimuli")
@study_option
@launcher_option
@click.pass_context
def generate_stimuli(ctx: click.Context, definition: Definition, launcher: str) -> None:
    """Make the visualizations that the definition's tasks ask for. Stopped and started again, it goes on.

    Networks with `labels` that have no checkpoint yet are imported first.

    Example: ./manage.py generate-stimuli --study examples/voc-sample.toml
    """
    from models.photographs import notes
    from models.sources import open_split
    from stimuli.produce.generate import generate
    from stimuli.produce.launchers.launcher import launch_on

    networks = loaded_networks(ctx, definition)
    images = open_split(definition.dataset, definition.dataset.split)
    if found := notes(images):
        click.echo(found)
    # Where a task chooses images or foils by predictions, all of the split are predicted before any is visualized.
    is_predicted = any(request.needs_predictions for request in definition.requests)
    with progress("Predictions and visualizations" if is_predicted else "Visualizations") as report:
        folder = generate(
            definition.stimuli,
            definition.requests,
            images,
            networks,
            definition.dataset.categories,
            definition.request_sha256,
            report,
            launch_on(launcher) if networks else None,
            definition.methods,
        )
    click.echo(f"Stimulus set: {folder}")
    for line in wrong_predictions(folder) if isinstance(folder, Path) else []:
        click.echo(line)
    doubts, remarks = picture_doubts(folder) if isinstance(folder, Path) else ([], [])
    for line in (*(f"Warning: {doubt}" for doubt in doubts), *(f"Note: {remark}" for remark in remarks)):
        click.echo(line)


def loaded_networks(
    ctx: click.Context, definition: Definition, names: Collection[str] = ()
) -> dict[str, "LoadedNetwork"]:
    """The networks called so, else those that tasks name; none where only tables of pictures do, without torch then."""
    named = names or {name for task in definition.tasks for name in task.networks}
    used = sorted(named & definition.networks.keys())
    if not used:
        return {}
    from models.catalogue import load_network
    from models.importing import is_due

    if due := tuple(name for name in used if is_due(definition.networks[name])):
        ctx.invoke(import_network, definition=definition, names=due)
    return {name: load_network(name, definition.networks[name], definition.dataset.categories) for name in used}


@click.command()
@study_option
@click.option(
    "--images",
    "count",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Photographs of the split, the first ones.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the random weights.")
@click.option("--out", default=Path("sanity.csv"), show_default=True, type=click.Path(path_type=Path))
def sanity(definition: Definition, count: int, seed: int, out: Path) -> None:
    """How much each method depends on the weights: layer after layer is made random, the maps are compared.

    Example: ./manage.py sanity --study examples/demo.toml --images 4 --out sanity.csv
    """
    import torch

    from models.catalogue import load_network, preprocess
    from models.image_files import read_image
    from models.sources import open_split
    from stimuli.devices import usable_device
    from stimuli.evaluate.sanity import cascading_randomisation, require_free, summary, write_rows
    from stimuli.explain.own import methods_of_study

    require_free(out)
    photographs = [read_image(image.path) for image in open_split(definition.dataset, definition.dataset.split)[:count]]
    used = sorted({method for task in definition.tasks for method in task.explained_by})
    known = methods_of_study(definition.methods)
    methods = {method: known[method] for method in used if method in known}
    networks = sorted({name for task in definition.tasks for name in task.networks} & definition.networks.keys())
    if not methods or not networks:
        raise click.ClickException(
            "all pictures are made elsewhere, so there are no weights to make random; name a method that is computed"
        )
    if made := [method for method in used if method not in methods]:
        click.echo(f"Left out, because their pictures are made elsewhere: {', '.join(made)}")
    device, rows = usable_device(definition.stimuli.device), []
    for name in networks:
        network = load_network(name, definition.networks[name], definition.dataset.categories)
        module = network.module.to(device)
        images = torch.stack([preprocess(photograph, network.transform) for photograph in photographs]).to(device)
        targets = [[top] for top in module(images).argmax(1).tolist()]
        with progress(f"Randomising {name}") as report:
            rows += cascading_randomisation(
                name, module, images, targets, methods, network.target_layer, seed, report, network.layout
            )
    write_rows(rows, out)
    click.echo("\n".join(summary(rows)))
    click.echo(f"Every step: {out}")


@click.command()
@study_option
@click.option(
    "--observers",
    multiple=True,
    type=click.Choice(["machine:classifier", "machine:box-energy", "synthetic"]),
    help="May be given several times; without it all of them.",
)
@click.option(
    "--runs",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="How often each takes a participant's share of the trials.",
)
@click.option(
    "--training-images",
    default=400,
    show_default=True,
    type=click.IntRange(1),
    help="For the classifier; none that is shown.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--out", default=Path("observed"), show_default=True, type=click.Path(path_type=Path))
def observe(
    definition: Definition, observers: tuple[str, ...], runs: int, training_images: int, seed: int, out: Path
) -> None:
    """Let machine observers take the study's own trials, apart from people; writes an export for `analyze`.

    What they are: docs/reference/machine-observers.md. The stimuli must have been made.

    Example: ./manage.py observe --study examples/demo.toml --out observed
    """
    from analysis.observed import require_new
    from commands.observe import OBSERVERS, let_observe
    from contracts.stimulus_set import read_provenance

    require_new(out)
    definition = with_local_stimuli(definition)
    require_same_request(definition, read_provenance(definition.stimuli.output))
    folder = let_observe(definition, observers or OBSERVERS, runs, training_images, seed, out, progress)
    click.echo(f"Export: {folder} (./manage.py analyze {typed(folder)})")


def wrong_predictions(folder: Path) -> list[str]:
    """How many there are of each kind of error, of tasks that divide them."""
    from contracts.stimulus_set import read_provenance

    found = read_provenance(folder).get("selection", {})
    counts = {task: of["wrong_predictions"] for task, of in found.items() if "wrong_predictions" in of}
    return [
        f"{task}: of all wrong predictions {' and '.join(f'{n} are {name}' for name, n in of.items())}"
        for task, of in counts.items()
    ]


COMMANDS = (make_scenes, train, import_network, generate_stimuli, sanity, observe)
