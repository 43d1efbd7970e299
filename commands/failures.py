"""`./manage.py failures`: what the networks get wrong, on one page."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import photographs_as_seen, study_option
from commands.progress import progress
from commands.stimuli import loaded_networks
from definition import Definition

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork


@click.command()
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="How they are explained; may be given several times. Without it grad-cam and guided-grad-cam.",
)
@click.option(
    "--most", default=60, show_default=True, type=click.IntRange(1), help="Of each network, the most confident ones."
)
@click.option("--out", default=Path("failures"), show_default=True, type=click.Path(path_type=Path))
@click.pass_context
def failures(
    ctx: click.Context, definition: Definition, names: tuple[str, ...], methods: tuple[str, ...], most: int, out: Path
) -> None:
    """Write a page of the photographs that networks get wrong, explained for the predicted and the true category.

    The photographs are those of the split that people see. Predictions of a stopped run are kept.

    Example: ./manage.py failures --study examples/voc-sample.toml --network strong --out failures
    """
    from stimuli.devices import usable_device
    from stimuli.evaluate.resumed import forget
    from stimuli.explain.asked import methods_of
    from stimuli.explain.own import methods_of_study
    from stimuli.failures.find import judged
    from stimuli.failures.write import WHAT, summary, write_failures
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out, WHAT)
    chosen = methods_of(methods or ("grad-cam", "guided-grad-cam"), methods_of_study(definition.methods))
    networks = networks_named(ctx, definition, names)
    photographs = list(photographs_as_seen(definition).values())
    device, found = usable_device(definition.stimuli.device), []
    for name, network in networks.items():
        with progress(f"Predictions of {name}") as report:
            found.append(judged(network, photographs, definition.dataset.categories, device, out, report))
    title = next(iter(definition.study.title.values()))
    with progress("Explanations") as report:
        count = write_failures(out, title, found, networks, chosen, device, most, report)
    forget(out)
    click.echo("\n".join(summary(found)))
    click.echo(f"{count} failures: open {out / 'index.html'} in a browser")


def networks_named(ctx: click.Context, definition: Definition, names: Collection[str]) -> "dict[str, LoadedNetwork]":
    """The networks called so, else those that tasks name; at least one."""
    if unknown := set(names) - definition.networks.keys():
        there = ", ".join(definition.networks) or "none"
        raise click.BadParameter(f"no network {', '.join(sorted(unknown))}; there are {there}")
    if not (found := loaded_networks(ctx, definition, set(names))):
        raise click.ClickException("all pictures are made elsewhere; describe a network in [networks.<name>]")
    return found


COMMANDS = (failures,)
