"""A study moves from the machine that made its stimuli to the one that serves it."""

from pathlib import Path

import click

from commands.options import study_option, typed
from definition import Definition

a_path = click.Path(path_type=Path)


@click.command("pack")
@study_option
@click.argument("file", type=a_path)
def pack_command(definition: Definition, file: Path) -> None:
    """Write definition, texts and stimuli into one new FILE, for a machine without networks and photographs.

    Example: ./manage.py pack --study my.toml study.zip
    """
    from commands.options import require_same_request
    from contracts.stimulus_set import read_provenance
    from definition.packing import pack, require_new

    require_new(file)
    if isinstance(folder := definition.stimuli.output, Path):
        require_same_request(definition, read_provenance(folder))
    count = pack(definition, file)
    there = f"./manage.py unpack {typed(Path(file.name))} FOLDER"
    click.echo(f"{file}: the definition, its texts and {count} visualizations. There: {there}")


@click.command("unpack")
@click.argument("file", type=a_path)
@click.argument("folder", type=a_path)
def unpack_command(file: Path, folder: Path) -> None:
    """Take a packed study out into the new FOLDER; every file is compared with its hash.

    Example: ./manage.py unpack study.zip my-study
    """
    from definition.packing import unpack

    definition = unpack(file, folder)
    click.echo(
        f"{definition} and its stimuli, every file as it was packed. Next:\n"
        f"  ./manage.py db upgrade\n  ./manage.py open-study --study {typed(definition)}"
    )


COMMANDS = (pack_command, unpack_command)
