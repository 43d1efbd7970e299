"""`./manage.py bias`: networks that rely on a planted cue, seen in their explanations, and without it."""

from pathlib import Path

import click

from commands.options import HERE, relative, study_option
from commands.progress import progress
from definition import Definition


@click.command()
@study_option
@click.option("--show", default=4, show_default=True, type=click.IntRange(0), help="Photographs with pictures.")
@click.option("--out", default=Path("bias"), show_default=True, type=click.Path(path_type=Path))
def bias(definition: Definition, show: int, out: Path) -> None:
    """Train networks on photographs with a planted cue, see where they look, balance the photographs, train again.

    Section [bias] of the definition says how; without it scenes are drawn. Scenes, networks and tests are kept in
    OUT, so that a stopped run goes on; the page is OUT/page.

    Example: ./manage.py bias --study examples/demo.toml --out bias
    """
    from stimuli.bias.experiment import experiment
    from stimuli.bias.photographs import classes_of, network_of, own_photographs, scenes
    from stimuli.bias.study_part import study_part
    from stimuli.bias.write import WHAT, summary, write_bias
    from stimuli.devices import usable_device
    from stimuli.evaluate.resumed import forget
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out / "page", WHAT)
    config, device = definition.bias, usable_device(definition.stimuli.device)
    classes, network = classes_of(config, definition.dataset), network_of(config, definition.networks)
    drawn = out / "scenes" if config.photographs == "scenes" else None
    if drawn:
        with progress("Drawing scenes") as report:
            emoji = HERE / "node_modules" / "emoji-datasource-google"
            train, test = scenes(config, classes, drawn, emoji, report)
    else:
        train, test = own_photographs(config, classes, definition.dataset)
    command = f"./manage.py bias --study {relative(definition.path)}"
    found, tested = experiment(config, classes, network, train, test, out, device, progress, command)
    part = study_part(classes, network, found, drawn)
    title = next(iter(definition.study.title.values()))
    write_bias(out / "page", title, config, classes, found, tested, part, device, show)
    forget(out / "test")
    click.echo("\n".join(summary(found)))
    click.echo(f"Networks: {out / 'networks'}. Open {out / 'page' / 'index.html'} in a browser")


COMMANDS = (bias,)
