"""`./manage.py attack`: what explanations show of photographs that were changed to deceive the network."""

from pathlib import Path

import click

from commands.failures import networks_named
from commands.options import photographs_as_seen, study_option
from commands.progress import progress
from definition import Definition


@click.command()
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
@click.option(
    "--show", default=8, show_default=True, type=click.IntRange(0), help="Photographs of each network with pictures."
)
@click.option("--out", default=Path("attack"), show_default=True, type=click.Path(path_type=Path))
@click.pass_context
def attack(ctx: click.Context, definition: Definition, names: tuple[str, ...], show: int, out: Path) -> None:
    """Change photographs so that the networks see what is not there, and compare Grad-CAM before and after.

    Section [attack] of the definition says how. What was done of a stopped run is kept.

    Example: ./manage.py attack --study examples/voc-sample.toml --network strong --out attack
    """
    from stimuli.attack.measure import Attack, chosen, records
    from stimuli.attack.write import WHAT, Attacked, summary, write_attack
    from stimuli.devices import usable_device
    from stimuli.evaluate.resumed import forget
    from stimuli.gallery.folder import require_replaceable

    require_replaceable(out, WHAT)
    config, categories = definition.attack, definition.dataset.categories
    networks = networks_named(ctx, definition, names)
    images = chosen(list(photographs_as_seen(definition).values()), categories, config)
    device, found = usable_device(definition.stimuli.device), []
    for name, network in networks.items():
        with progress(f"Attacking {name}") as report:
            done = records(Attack(network, categories, config, device), images, show, out, report)
        found.append(Attacked(name, tuple(filter(None, done)), done.count(None)))
    write_attack(out, next(iter(definition.study.title.values())), found, config)
    forget(out)
    click.echo("\n".join(summary(found, config)))
    click.echo(f"Open {out / 'index.html'} in a browser")


COMMANDS = (attack,)
