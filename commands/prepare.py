"""Every step from a definition to an open study."""

import click

from commands.options import DEMO
from commands.stimuli import generate_stimuli, import_network, make_scenes, train
from commands.survey import db_upgrade, open_study
from definition import Definition


def prepare(ctx: click.Context, definition: Definition) -> None:
    """Bring a definition to an open study; finished steps are recognised by the commands themselves."""
    if definition.path.resolve() == DEMO:
        ctx.invoke(make_scenes, definition=definition)
    untrained = tuple(name for name, network in definition.networks.items() if not network.checkpoint.exists())
    for command in (train, import_network):
        if due := tuple(n for n in untrained if (definition.networks[n].labels is None) == (command is train)):
            ctx.invoke(command, definition=definition, names=due)
    ctx.invoke(generate_stimuli, definition=definition)
    ctx.invoke(db_upgrade)
    ctx.invoke(open_study, definition=definition)
