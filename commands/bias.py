"""`./manage.py bias`: networks that rely on a planted cue, seen in their explanations, and without it."""

from pathlib import Path

import click

from commands.made_study import require_new, tell_made
from commands.options import HERE, relative, study_option, typed
from commands.progress import progress
from definition import Definition

METHODS = ("grad-cam",)


@click.command()
@study_option
@click.option("--show", default=4, show_default=True, type=click.IntRange(0), help="Photographs with pictures.")
@click.option("--out", default=Path("bias"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--make-study",
    "folder",
    type=click.Path(path_type=Path),
    help="Write the networks as a study into this new folder: do people see what they rely on?",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="For --make-study: how decisions are explained; may be given several times. Without it grad-cam.",
)
def bias(definition: Definition, show: int, out: Path, folder: Path | None, methods: tuple[str, ...]) -> None:
    """Train networks on photographs with a planted cue, see where they look, balance the photographs, train again.

    Section [bias] of the definition says how; without it scenes are drawn, and photographs = "planted" plants the cue
    on photographs of your own. Scenes, networks and tests are kept in OUT, so that a stopped run goes on; the page is
    OUT/page. --make-study writes a study with the networks of a finished run too. What people should answer is
    measured: how many decisions change when the cue is swapped.

    Example: ./manage.py bias --study examples/demo.toml --out bias

    Example: ./manage.py bias --study my.toml --method grad-cam --method shuffled-grad-cam --make-study my-cues
    """
    from commands.bias_study import make_study, require_scenes
    from stimuli.bias.experiment import experiment
    from stimuli.bias.photographs import SOURCES, Wanted, classes_of, network_of
    from stimuli.bias.study_part import study_part
    from stimuli.bias.write import WHAT, summary, write_bias
    from stimuli.devices import usable_device
    from stimuli.evaluate.resumed import forget
    from stimuli.explain.asked import methods_of
    from stimuli.explain.own import methods_of_study
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out / "page", WHAT)
    chosen = methods_of(methods or METHODS, methods_of_study(definition.methods))
    if folder:
        require_new(folder)
        require_scenes(definition)
    config, device = definition.bias, usable_device(definition.stimuli.device)
    classes, network = classes_of(config, definition.dataset), network_of(config, definition.networks)
    source, made = SOURCES[config.photographs], out / config.photographs
    emoji = HERE / "node_modules" / "emoji-datasource-google"
    with progress(source.doing) as report:
        train, test = source.take(Wanted(config, classes, definition.dataset, made, emoji), report)
    command = f"./manage.py bias --study {typed(relative(definition.path))}"
    found, tested = experiment(config, classes, network, train, test, out, device, progress, command)
    part = study_part(classes, network, found, made, source.split)
    title = next(iter(definition.study.title.values()))
    write_bias(out / "page", title, config, classes, found, tested, part, device, show)
    forget(out / "test")
    click.echo("\n".join(summary(found)))
    if folder:
        tell_made(make_study(definition, classes, found, tested, chosen, folder, device))
    click.echo(f"Networks: {out / 'networks'}. Open {out / 'page' / 'index.html'} in a browser")


COMMANDS = (bias,)
