"""Every step from a definition to an open study."""

import click

from commands.options import DEMO
from commands.stimuli import generate_stimuli, make_scenes, train
from commands.survey import db_upgrade, open_study
from definition import Definition


def prepare(ctx: click.Context, definition: Definition) -> None:
    """Bring a definition to an open study; finished steps are recognised by the commands themselves."""
    if definition.path.resolve() == DEMO:
        ctx.invoke(make_scenes, definition=definition)
    networks = definition.networks.items()
    if untrained := tuple(n for n, network in networks if network.labels is None and not network.checkpoint.exists()):
        ctx.invoke(train, definition=definition, names=untrained)
    ctx.invoke(generate_stimuli, definition=definition)
    ctx.invoke(db_upgrade)
    ctx.invoke(open_study, definition=definition)
