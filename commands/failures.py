"""`./manage.py failures`: what the networks get wrong, on one page."""

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.failure_study import make_study
from commands.made_study import tell_made
from commands.options import photographs_as_seen, study_option
from commands.progress import progress
from commands.stimuli import loaded_networks
from contracts.methods import METHOD_NAMES
from definition import Definition

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork
    from stimuli.failures.table import Filter


METHODS = ("grad-cam", "guided-grad-cam")


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
@click.option(
    "--make-study",
    "folder",
    type=click.Path(path_type=Path),
    help="Of the page in --out, write the failures as a study into this new folder; the options below choose them.",
)
@click.option("--true", default="", metavar="CATEGORY", help="For --make-study: of this true category.")
@click.option("--predicted", default="", metavar="CATEGORY", help="For --make-study: taken for this category.")
@click.option("--looks-like", default="", metavar="GROUP", help="For --make-study: of this group.")
@click.option(
    "--confidence",
    type=(click.FloatRange(0), click.FloatRange(0)),
    default=(0.0, 2.0),
    metavar="LEAST BELOW",
    help="For --make-study: at least the first, less than the second.",
)
@click.pass_context
def failures(
    ctx: click.Context,
    definition: Definition,
    names: tuple[str, ...],
    methods: tuple[str, ...],
    most: int,
    out: Path,
    folder: Path | None,
    true: str,
    predicted: str,
    looks_like: str,
    confidence: tuple[float, float],
) -> None:
    """Write a page of the photographs that networks get wrong, explained for the predicted and the true category.

    The photographs are those of the split that people see. Predictions of a stopped run are kept. With --make-study
    nothing is explained: the failures of a finished page become a study in which people rate whether the explanation
    makes the mistake understandable. The page offers the command for what its filters show.

    Example: ./manage.py failures --study examples/voc-sample.toml --network strong --out failures

    Example: ./manage.py failures --study my.toml --out failures --true cat --predicted dog --make-study my-cats
    """
    if folder:
        from stimuli.failures.table import Filter

        chosen_rows = Filter(names, true, predicted, looks_like, confidence)
        _as_study(definition, out, chosen_rows, methods or METHODS, folder)
        return
    _page(ctx, definition, names, methods or METHODS, most, out)


def _as_study(definition: Definition, out: Path, chosen: "Filter", methods: Sequence[str], folder: Path) -> None:
    from stimuli.failures.table import read_table

    for method in methods:
        if method not in {**METHOD_NAMES, **definition.methods}:
            raise click.BadParameter(f"no method {method}")
    rows = [row for row in read_table(out) if chosen.shows(row)]
    path, left_out = make_study(definition, rows, methods, folder)
    for reason, count in left_out.items():
        click.echo(f"Left out: {count} of {len(rows)} failures, {reason}")
    tell_made(path)


def _page(
    ctx: click.Context,
    definition: Definition,
    names: Sequence[str],
    methods: Sequence[str],
    most: int,
    out: Path,
) -> None:
    from stimuli.devices import usable_device
    from stimuli.evaluate.resumed import forget
    from stimuli.explain.asked import methods_of
    from stimuli.explain.own import methods_of_study
    from stimuli.failures.find import judged
    from stimuli.failures.write import WHAT, summary, write_failures
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out, WHAT)
    chosen = methods_of(methods, methods_of_study(definition.methods))
    networks = networks_named(ctx, definition, names)
    photographs = list(photographs_as_seen(definition).values())
    device, found = usable_device(definition.stimuli.device), []
    for name, network in networks.items():
        with progress(f"Predictions of {name}") as report:
            found.append(judged(network, photographs, definition.dataset.categories, device, out, report))
    again = shlex.join(_again(definition, methods, out))
    title = next(iter(definition.study.title.values()))
    with progress("Explanations") as report:
        count = write_failures(out, title, found, networks, chosen, device, most, again, report)
    forget(out)
    click.echo("\n".join(summary(found)))
    click.echo(f"{count} failures: open {out / 'index.html'} in a browser")


def _again(definition: Definition, methods: Sequence[str], out: Path) -> list[str]:
    """The command that makes a study of the page in `out`, without its filters."""
    named = [part for method in methods for part in ("--method", method)] if tuple(methods) != METHODS else []
    return ["./manage.py", "failures", "--study", str(definition.path), "--out", str(out), *named]


def networks_named(ctx: click.Context, definition: Definition, names: Collection[str]) -> "dict[str, LoadedNetwork]":
    """The networks called so, else those that tasks name; at least one."""
    if unknown := set(names) - definition.networks.keys():
        there = ", ".join(definition.networks) or "none"
        raise click.BadParameter(f"no network {', '.join(sorted(unknown))}; there are {there}")
    if not (found := loaded_networks(ctx, definition, set(names))):
        raise click.ClickException("all pictures are made elsewhere; describe a network in [networks.<name>]")
    return found


COMMANDS = (failures,)
